// Carry out a tree. Every command runs in a child of its own, except the last, which may take over.
#include "sh.h"

// The file as standard input or output. xv6 has no append flag: writing continues where reading
// found the end.
static void reopen(const char *file, enum mode mode) {
  static const int flags[] = {O_RDONLY, O_WRONLY | O_CREATE | O_TRUNC, O_RDWR | O_CREATE};
  static char skipped[512];
  int fd = mode == INPUT ? 0 : 1;
  close(fd);
  if (open(file, flags[mode]) != fd) {  // the lowest free descriptor, which is the one just closed
    fprintf(2, "open %s failed\n", file);
    exit(1);
  }
  while (mode == APPEND && read(fd, skipped, sizeof skipped) > 0) continue;
}

// Run a command at one end of a pipe: `end` becomes its standard input (0) or output (1).
static int start_at(struct node *tree, int ends[2], int end) {
  int pid = fork_or_die();
  if (pid == 0) {
    close(end);
    dup(ends[end]);
    close(ends[0]);
    close(ends[1]);
    run(tree);
  }
  return pid;
}

static int finish(int pid) {
  int status = -1;
  for (int done = 0; done != pid && done >= 0;) done = wait(&status);
  return status;
}

// Programs live in the root directory, and should be found from any other.
static const char *in_root(const char *name) {
  static char path[MAXPATH];
  if (strchr(name, '/') != 0 || strlen(name) + 2 > sizeof path) return name;
  path[0] = '/';
  strcpy(path + 1, name);
  return path;
}

void run(struct node *tree) {
  switch (tree->kind) {
    case SIMPLE:
      if (tree->words[0] == 0) exit(0);
      exec(tree->words[0], tree->words);
      exec(in_root(tree->words[0]), tree->words);
      fprintf(2, "exec %s failed\n", tree->words[0]);
      exit(127);

    case REDIRECT:
      reopen(tree->file, tree->mode);
      run(tree->left);

    case SEQUENCE:
      if (tree->left->kind == BACKGROUND) {
        if (fork_or_die() == 0) run(tree->left->left);
      } else {
        int pid = fork_or_die();
        if (pid == 0) run(tree->left);
        finish(pid);
      }
      run(tree->right);

    case PIPE: {
      int ends[2];
      if (pipe(ends) < 0) die("pipe", "");
      int left = start_at(tree->left, ends, 1);
      int right = start_at(tree->right, ends, 0);
      close(ends[0]);
      close(ends[1]);
      int status = 0, last = 0;
      for (int running = 2; running > 0;) {  // either may end first, and orphans between
        int pid = wait(&status);
        if (pid < 0) break;
        if (pid == right) last = status;
        if (pid == left || pid == right) running--;
      }
      exit(last);
    }

    case BACKGROUND:
      if (fork_or_die() == 0) run(tree->left);
      exit(0);
  }
  die("unknown command", "");
}

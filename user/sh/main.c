// The shell: reads lines and runs them. Programs with arguments, < > >> redirection, | pipes,
// ; sequences, & background, ( ) groups, and the built-in cd.
//
//   sh            read lines from standard input, with the prompt "$ "
//   sh -c WORDS   run the words as one line and exit with its status
#include "sh.h"

void die(const char *what, const char *detail) {
  fprintf(2, detail[0] != 0 ? "%s: %s\n" : "%s\n", what, detail);
  exit(1);
}

int fork_or_die(void) {
  int pid = fork();
  if (pid < 0) die("fork", "failed");
  return pid;
}

static char *skip_blanks(char *s) {
  while (*s == ' ' || *s == '\t') s++;
  return s;
}

// cd must happen in the shell itself: a child's directory dies with the child.
static bool built_in(char *line) {
  char *s = skip_blanks(line);
  if (s[0] != 'c' || s[1] != 'd' || (s[2] != ' ' && s[2] != '\n' && s[2] != 0)) return false;
  char *path = skip_blanks(s + 2);
  char *end = path;
  while (*end > ' ') end++;
  *end = 0;
  if (chdir(path[0] != 0 ? path : "/") < 0) fprintf(2, "cannot cd %s\n", path);
  return true;
}

static bool is_blank(const char *line) {
  while (*line != 0 && *line <= ' ') line++;
  return *line == 0;
}

static void execute(char *line) {
  if (is_blank(line) || built_in(line)) return;
  int shell = fork_or_die();
  if (shell == 0) {
    struct node *tree = parse(line);
    if (tree == 0) exit(0);
    run(tree);
  }
  for (int pid = 0; pid != shell && pid >= 0;) pid = wait(0);
}

static void run_words(int n, char *words[]) {
  static char line[512];
  size_t used = 0;
  for (int i = 0; i < n; i++) {
    size_t length = strlen(words[i]);
    if (used + length + 2 > sizeof line) die("line too long", "");
    if (used > 0) line[used++] = ' ';
    memmove(line + used, words[i], length);
    used += length;
  }
  struct node *tree = parse(line);
  if (tree == 0) exit(0);
  run(tree);
}

int main(int argc, char *argv[]) {
  static char line[512];
  for (int fd; (fd = open("console", O_RDWR)) >= 0;) {  // descriptors 0, 1 and 2 must be open
    if (fd > 2) {
      close(fd);
      break;
    }
  }
  if (argc > 1 && strcmp(argv[1], "-c") == 0) run_words(argc - 2, argv + 2);

  for (;;) {
    write(2, "$ ", 2);
    if (gets(line, sizeof line)[0] == 0) break;
    execute(line);
  }
  return 0;
}

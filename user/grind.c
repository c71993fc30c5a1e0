// Two processes make random system calls at the same time: the aim is a kernel that never panics,
// never hangs and never runs out of anything.
//
//   grind [ROUNDS]    for ever by default; a round is 500 calls in each process
#include "lib/user.h"

#define CALLS 500

static uint64_t state;
static int fd = -1;  // a file that some actions open and others read and write
static char *first_break;
static char buffer[999];

static unsigned draw(unsigned n) {  // xorshift64
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (state >> 32) % n;
}

static void fail(const char *what) {
  printf("grind: %s\n", what);
  exit(1);
}

static int must_fork(void) {
  int pid = fork();
  if (pid < 0) fail("fork failed");
  return pid;
}

static void touch(const char *path) {
  close(open(path, O_CREATE | O_RDWR));
}

static void make_a(void) { touch("grindir/../a"); }
static void make_b(void) { touch("grindir/../grindir/../b"); }
static void remove_a(void) { unlink("grindir/../a"); }

static void remove_b_from_inside(void) {
  if (chdir("grindir") != 0) fail("chdir grindir failed");
  unlink("../b");
  chdir("/");
}

static void reopen_a(void) {
  close(fd);
  fd = open("/grindir/../a", O_CREATE | O_RDWR);
}

static void reopen_b(void) {
  close(fd);
  fd = open("/./grindir/./../b", O_CREATE | O_RDWR);
}

static void write_some(void) { write(fd, buffer, sizeof buffer); }
static void read_some(void) { read(fd, buffer, sizeof buffer); }

static void directory_a(void) {
  mkdir("grindir/../a");
  touch("a/../a/./a");
  unlink("a/a");
}

static void directory_b(void) {
  mkdir("/../b");
  touch("grindir/../b/b");
  unlink("b/b");
}

static void link_a_to_b(void) {
  unlink("b");
  link("../grindir/./../a", "../b");
}

static void link_b_to_a(void) {
  unlink("../grindir/../a");
  link(".././b", "/grindir/../a");
}

static void child(void) {
  if (must_fork() == 0) exit(0);
  wait(0);
}

static void grandchildren(void) {
  if (must_fork() == 0) {
    fork();
    fork();
    exit(0);
  }
  wait(0);
}

static void grow(void) { sbrk(6011); }

static void shrink(void) {
  long excess = sbrk(0) - first_break;
  if (excess > 0) sbrk(-excess);
}

static void kill_busy_child(void) {
  int pid = must_fork();
  if (pid == 0) {
    touch("a");
    exit(0);
  }
  if (chdir("../grindir/..") != 0) fail("chdir failed");
  kill(pid);
  wait(0);
}

static void child_kills_itself(void) {
  if (must_fork() == 0) {
    kill(getpid());
    exit(0);
  }
  wait(0);
}

static void crowded_pipe(void) {
  int ends[2];
  if (pipe(ends) < 0) fail("pipe failed");
  if (must_fork() == 0) {
    fork();
    fork();
    char c;
    if (write(ends[1], "x", 1) != 1) printf("grind: pipe write failed\n");
    if (read(ends[0], &c, 1) != 1) printf("grind: pipe read failed\n");
    exit(0);
  }
  close(ends[0]);
  close(ends[1]);
  wait(0);
}

static void unlinked_directory(void) {
  if (must_fork() == 0) {
    unlink("a");
    mkdir("a");
    chdir("a");
    unlink("../a");
    open("x", O_CREATE | O_RDWR);
    unlink("x");
    exit(0);
  }
  wait(0);
}

// Whatever went on before, there must be an inode, a block and a descriptor left.
static void small_file(void) {
  struct stat st;
  unlink("c");
  int c = open("c", O_CREATE | O_RDWR);
  if (c < 0) fail("create c failed");
  if (write(c, "x", 1) != 1) fail("write c failed");
  if (fstat(c, &st) != 0) fail("fstat c failed");
  if (st.size != 1) fail("fstat reports a wrong size");
  if (st.ino > 200) fail("fstat reports an inode that cannot be");
  close(c);
  unlink("c");
}

static int start(char *args[], const char *path, int in, int out, int shut[4]) {
  int pid = must_fork();
  if (pid != 0) return pid;
  if (in != 0) {
    close(0);
    if (dup(in) != 0) exit(4);
  }
  close(1);
  if (dup(out) != 1) exit(5);
  for (int i = 0; i < 4; i++) close(shut[i]);
  exec(path, args);
  exit(6);
}

static void pipeline(void) {  // echo hi | cat, and read what comes out
  int ends[4];
  if (pipe(ends) < 0 || pipe(ends + 2) < 0) fail("pipe failed");
  char *echo[] = {"echo", "hi", 0}, *cat[] = {"cat", 0};
  start(echo, "grindir/../echo", 0, ends[1], ends);
  start(cat, "/cat", ends[0], ends[3], ends);
  close(ends[0]);
  close(ends[1]);
  close(ends[3]);
  char said[4] = {0};
  for (int i = 0; i < 3; i++) read(ends[2], said + i, 1);
  close(ends[2]);
  int status1 = -1, status2 = -1;
  wait(&status1);
  wait(&status2);
  if (status1 != 0 || status2 != 0 || strcmp(said, "hi\n") != 0) fail("exec pipeline failed");
}

static void (*const actions[])(void) = {
    make_a,       make_b,      remove_a,    remove_b_from_inside, reopen_a,
    reopen_b,     write_some,  read_some,   directory_a,          directory_b,
    link_a_to_b,  link_b_to_a, child,       grandchildren,        grow,
    shrink,       kill_busy_child, child_kills_itself, crowded_pipe, unlinked_directory,
    small_file,   pipeline,
};

static void go(const char *letter, int rounds) {
  first_break = sbrk(0);
  mkdir("grindir");
  if (chdir("grindir") != 0) fail("chdir grindir failed");
  chdir("/");
  for (int round = 0; rounds == 0 || round < rounds; round++) {
    for (int i = 0; i < CALLS; i++) actions[draw(sizeof actions / sizeof actions[0])]();
    write(1, letter, 1);
  }
  exit(0);
}

int main(int argc, char *argv[]) {
  int rounds = argc > 1 ? atoi(argv[1]) : 0;
  unlink("a");
  unlink("b");
  int pids[2];
  for (int i = 0; i < 2; i++) {
    state = i == 0 ? 31 : 7177;
    pids[i] = must_fork();
    if (pids[i] == 0) go(i == 0 ? "A" : "B", rounds);
  }
  int result = 0;
  for (int i = 0; i < 2; i++) {
    int status = -1;
    wait(&status);
    if (status == 0) continue;
    result = 1;
    kill(pids[0]);
    kill(pids[1]);
  }
  printf(result == 0 ? "\ngrind: OK\n" : "\ngrind: FAILED\n");
  return result;
}

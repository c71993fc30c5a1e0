// The copy-on-write lab's test: does fork share memory, and does every way of writing to a shared
// page copy it first? Prints a line a test and "ALL COW TESTS PASSED", or stops at the first fault.
//
//   cowtest [MiB]    size the memory tests for that much RAM (128, the lab's machine, by default)
#include "lib/work.h"

static long ram;  // bytes

static void fail(const char *why) {
  printf("%s\n", why);
  exit(-1);
}

static char *grow(int size) {
  char *p = sbrk(size);
  if (p == SBRK_ERROR) {
    printf("sbrk(%d) failed\n", size);
    exit(-1);
  }
  return p;
}

static void shrink(int size) {
  if (sbrk(-size) == SBRK_ERROR) {
    printf("sbrk(-%d) failed\n", size);
    exit(-1);
  }
}

static void mark(char *p, int size, int value) {
  for (char *q = p; q < p + size; q += PGSIZE) *(volatile int *)q = value;
}

static void check(char *p, int size, int value) {
  for (char *q = p; q < p + size; q += PGSIZE) {
    if (*(volatile int *)q != value) fail("wrong content");
  }
}

// Two thirds of RAM in the parent: there is no room for a second copy, so fork must share.
static void simple(void) {
  printf("simple: ");
  int size = ram / 3 * 2;
  char *p = grow(size);
  mark(p, size, getpid());

  int pid = fork();
  if (pid < 0) fail("fork() failed");
  if (pid == 0) exit(0);

  wait(0);
  shrink(size);
  printf("ok\n");
}

// Three generations write to overlapping parts of a quarter of RAM. None may see another's bytes,
// and the copies of the dead must come back or the three rounds run out of memory.
static void three(void) {
  printf("three: ");
  int size = ram / 4;
  char *p = grow(size);

  int child = fork();
  if (child < 0) fail("fork failed");
  if (child == 0) {
    int grandchild = fork();
    if (grandchild < 0) fail("fork failed");
    if (grandchild == 0) {
      mark(p, size / 5 * 4, getpid());
      check(p, size / 5 * 4, getpid());
      exit(-1);
    }
    mark(p, size / 2, 9999);
    exit(0);
  }

  mark(p, size, getpid());
  wait(0);
  pause(1);
  check(p, size, getpid());
  shrink(size);
  printf("ok\n");
}

// The kernel writes too: pipe() stores descriptors and read() stores bytes into pages that parent
// and child share. Each is a page of its own, so nothing but those calls touches it.
static _Alignas(PGSIZE) int ends[PGSIZE / sizeof(int)];
static _Alignas(PGSIZE) char received[PGSIZE];

static void file(void) {
  printf("file: ");
  received[0] = 99;

  for (int i = 0; i < 4; i++) {
    if (pipe(ends) != 0) fail("pipe() failed");
    int pid = fork();
    if (pid < 0) fail("fork failed");
    if (pid == 0) {
      pause(1);
      if (read(ends[0], received, sizeof i) != sizeof i) {
        printf("error: read failed\n");
        exit(1);
      }
      pause(1);
      int got;
      memcpy(&got, received, sizeof got);
      if (got != i) {
        printf("error: read the wrong value %d; expected %d\n", got, i);
        exit(1);
      }
      exit(0);
    }
    if (write(ends[1], &i, sizeof i) != sizeof i) fail("error: write failed");
  }

  for (int i = 0; i < 4; i++) {
    int status = 0;
    wait(&status);
    if (status != 0) exit(1);
  }
  if (received[0] != 99) {
    printf("error: child overwrote parent\n");
    exit(1);
  }
  printf("ok\n");
}

// Many short-lived sharers of the same frames: counts that are raised or dropped once too often
// free a page under its owner sooner or later.
static void forkfork(void) {
  printf("forkfork: ");
  int size = 256 * PGSIZE;
  char *p = grow(size);
  memset(p, 27, size);

  for (int round = 0; round < 100; round++) {
    for (int i = 0; i < 3; i++) {
      if (fork() == 0) {
        pause(2);
        fork();
        fork();
        exit(0);
      }
    }
    for (int i = 0; i < 3; i++) wait(0);
  }

  pause(5);
  for (int i = 0; i < size; i += PGSIZE) {
    if (p[i] != 27) {
      printf("error: parent's memory was modified!\n");
      exit(1);
    }
  }
  printf("ok\n");
}

int main(int argc, char *argv[]) {
  ram = (long)number_argument(argc, argv, 1, 128, 2047, "cowtest [MiB]") << 20;
  simple();
  simple();  // again: the first must have given its memory back
  three();
  three();
  three();
  file();
  forkfork();
  printf("ALL COW TESTS PASSED\n");
  return 0;
}

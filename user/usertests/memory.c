// The heap, and addresses a program may not touch.
#include "tests.h"

#define MIB (1L << 20)

static void exhaust_malloc(uint64_t unused) {
  (void)unused;
  struct link {
    struct link *next;
  } *list = 0, *p;
  while ((p = malloc(10001)) != 0) {
    p->next = list;
    list = p;
  }
  while (list != 0) {
    p = list->next;
    free(list);
    list = p;
  }
  p = malloc(20 * 1024);
  require(p != 0, "nothing left after freeing all");
  free(p);
}

// All memory by malloc, and back.
void test_mem(void) {
  int status = status_of(exhaust_malloc, 0);
  require(status == 0 || status == -1, "status %d", status);  // -1: killed, where memory is lazy
}

static void take_a_gibibyte(uint64_t unused) {
  (void)unused;
  char *p = sbrk(1024 * MIB);
  if (p == SBRK_ERROR) exit(0);
  for (long i = 0; i < 1024 * MIB; i += PGSIZE) p[i] = 99;
  exit(1);
}

void test_sbrkbasic(void) {
  require(status_of(take_a_gibibyte, 0) != 1, "there was a GiB");

  char *top = sbrk(0);
  for (int i = 0; i < 5000; i++) {  // byte by byte
    char *p = sbrk(1);
    require(p == top, "step %d: break at %p, expected %p", i, p, top);
    *p = 1;
    top = p + 1;
  }
  int pid = must_fork();
  sbrk(1);
  require(sbrk(1) == top + 1, "the break is wrong after fork");
  if (pid == 0) exit(0);
  require(child_status() == 0, "the child failed");
}

// Up to 100 MiB, a page down, up again with that page zero, and all the way down.
void test_sbrkmuch(void) {
  char *start = sbrk(0), *end = (char *)(100 * MIB);
  require(sbrk(end - start) == start, "cannot grow to 100 MiB; enough memory?");
  for (char *p = start; p < end; p += PGSIZE) *p = 1;
  end[-1] = 99;

  require(sbrk(-(int)PGSIZE) == end, "cannot shrink by a page");
  require(sbrk(0) == end - PGSIZE, "wrong break after shrinking");
  require(sbrk(PGSIZE) == end - PGSIZE, "cannot grow again");
  require(sbrk(0) == end, "wrong break after growing again");
  require(end[-1] == 0, "a page given back kept its content");
  require(sbrk(start - end) == end, "cannot shrink to the start");
}

void test_kernmem(void) {
  for (uint64_t a = KERNBASE; a < KERNBASE + 2000000; a += 50000) must_kill(try_load, a);
}

void test_MAXVAplus(void) {
  for (uint64_t a = MAXVA; a != 0; a <<= 1) must_kill(try_store, a);
}

void test_textwrite(void) {
  must_kill(try_store, 0);
}

void test_nowrite(void) {
  static const uint64_t addresses[] = {0, KERNBASE, TRAPFRAME, TRAMPOLINE, MAXVA, -4UL};
  for (int i = 0; i < 6; i++) must_kill(try_store, addresses[i]);
}

static void load_below_stack(uint64_t unused) {
  (void)unused;
  try_load((uint64_t)__builtin_frame_address(0) - PGSIZE);
}

void test_stacktest(void) {
  must_kill(load_below_stack, 0);
}

static void grow_and_sit(int report) {
  char *top = sbrk(0);
  bool grown = sbrk((char *)(100 * MIB) - top) != SBRK_ERROR;
  write(report, grown ? "1" : "0", 1);
  for (;;) pause(1000);
}

static void take_too_much(uint64_t unused) {
  (void)unused;
  char *p = sbrk(1000 * MIB);
  if (p == SBRK_ERROR) exit(0);
  for (long i = 0; i < 1000 * MIB; i += PGSIZE) p[i] = 1;
  exit(1);
}

// Ten processes of 100 MiB: what a failed sbrk had taken must be free again.
void test_sbrkfail(void) {
  enum { N = 10 };
  int pids[N], ends[2];
  bool refused = false;
  require(pipe(ends) == 0, "pipe failed");
  for (int i = 0; i < N; i++) {
    char answer;
    pids[i] = fork();
    if (pids[i] == 0) grow_and_sit(ends[1]);
    if (pids[i] < 0) continue;
    require(read(ends[0], &answer, 1) == 1, "no answer");
    if (answer == '0') refused = true;
  }
  if (!refused) printf("no sbrk failed; is there that much memory? ");
  char *p = sbrk(PGSIZE);
  for (int i = 0; i < N; i++) {
    if (pids[i] < 0) continue;
    kill(pids[i]);
    child_status();
  }
  require(p != SBRK_ERROR, "a failed sbrk kept its memory");
  int status = status_of(take_too_much, 0);
  require(status == 0 || status == -1, "there were 1000 MiB");
}

// Fresh memory as a system call's buffer.
void test_sbrkarg(void) {
  char *p = sbrk(PGSIZE);
  int fd = must_open("sbrk", O_CREATE | O_WRONLY);
  unlink("sbrk");
  require(write(fd, p, PGSIZE) == (int)PGSIZE, "write from fresh memory failed");
  close(fd);
  p = sbrk(PGSIZE);
  require(pipe((int *)p) == 0, "pipe into fresh memory failed");
}

static char uninitialized[10000];

void test_bsstest(void) {
  for (size_t i = 0; i < sizeof uninitialized; i++) {
    require(((volatile char *)uninitialized)[i] == 0, "byte %d is not zero", (int)i);
  }
}

static void set_break(uint64_t size) {
  sbrk((int)(size - (uint64_t)sbrk(0)));
  sbrk(-10);
}

// The heap down to nothing, into the first page, and by less than a page. Below the stack the child
// is killed; what must not happen is that the kernel is.
void test_sbrkbugs(void) {
  status_of(set_break, 0);  // killed at its next instruction
  status_of(set_break, 3500);
  uint64_t top = ((uint64_t)sbrk(0) + PGSIZE - 1) & -PGSIZE;
  require(status_of(set_break, top + 2048) == 0, "the child failed");
}

// A page is whole until its last byte is given back.
void test_sbrklast(void) {
  uint64_t top = (uint64_t)sbrk(0);
  if (top % PGSIZE != 0) sbrk(PGSIZE - top % PGSIZE);
  sbrk(PGSIZE);
  sbrk(10);
  sbrk(-20);
  char *p = sbrk(0) - 64;
  strcpy(p, "x");
  int fd = must_open(p, O_RDWR | O_CREATE);
  require(write(fd, p, 1) == 1, "write from the last page failed");
  close(fd);
  fd = must_open(p, O_RDWR);
  p[0] = 0;
  require(read(fd, p, 1) == 1 && p[0] == 'x', "read into the last page failed");
  close(fd);
  unlink("x");
}

// A size that is negative as 32 bits.
void test_sbrk8000(void) {
  sbrk((int)0x80000004);
  volatile char *top = sbrk(0);
  top[-1] = top[-1] + 1;
}

// 1 GiB of lazy heap on a machine with less: only what is touched costs a frame.
static char *lazy_gibibyte(void) {
  char *p = sbrklazy(1024 * MIB);
  require(p != SBRK_ERROR, "sbrklazy failed");
  return p;
}

#define SPARSE(p, start, step) \
  for (char *p = (start) + PGSIZE; p < (start) + 1024 * MIB; p += (step))

void test_lazy_alloc(void) {
  char *start = lazy_gibibyte();
  SPARSE(p, start, 64 * PGSIZE) *(char *volatile *)p = p;
  SPARSE(p, start, 64 * PGSIZE) require(*(char *volatile *)p == p, "%p has wrong content", p);
}

static void shrink_and_store(uint64_t address) {
  sbrklazy(-(int)(1024 * MIB));
  try_store(address);
}

void test_lazy_unmap(void) {
  char *start = lazy_gibibyte();
  SPARSE(p, start, PGSIZE * PGSIZE) *(char *volatile *)p = p;
  SPARSE(p, start, PGSIZE * PGSIZE) must_kill(shrink_and_store, (uint64_t)p);
}

// The kernel meets pages that are not there yet, and addresses that never will be.
void test_lazy_copy(void) {
  char *p = sbrklazy(4 * PGSIZE);
  require(p != SBRK_ERROR, "sbrklazy failed");
  close(open(p + 2 * PGSIZE, O_RDONLY));  // an empty name, or no name: kernels differ
  make_file("lazy", "0123456789");
  int fd = must_open("lazy", O_RDWR);
  require(read(fd, p + PGSIZE, 10) == 10, "read into a lazy page failed");
  require(memcmp(p + PGSIZE, "0123456789", 10) == 0, "read put wrong bytes in a lazy page");
  require(write(fd, p + 3 * PGSIZE, 10) == 10, "write from a lazy page failed");
  close(fd);

  char *top = sbrk(0);
  require(sbrk(-(int)((uint64_t)top + 1)) == top, "shrinking below zero moved the break");

  static const uint64_t addresses[] = {TRAPFRAME - 2 * PGSIZE, TRAPFRAME - PGSIZE, TRAPFRAME,
                                       TRAMPOLINE,             MAXVA,              2 * MAXVA};
  for (int i = 0; i < 6; i++) {
    void *bad = (void *)addresses[i];
    fd = must_open("lazy", O_RDWR);
    require(read(fd, bad, 10) < 0, "read to %p succeeded", bad);
    require(write(fd, bad, 512) < 0, "write from %p succeeded", bad);
    close(fd);
  }
  unlink("lazy");
}

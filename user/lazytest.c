// Lazy heap: sbrklazy moves the break, the first touch brings the page.
//
//   lazytest [NAME ...]
#include "lib/testing.h"

#define GIB (1L << 30)

static char *lazy(long size) {
  char *p = sbrklazy(size);
  require(p != SBRK_ERROR, "sbrklazy(%ld) failed", size);
  return p;
}

// Pages never written read as zero, and those written keep what they got.
static void zero(void) {
  char *p = lazy(64 * PGSIZE);
  require(sbrk(0) == p + 64 * PGSIZE, "the break is wrong");
  for (int i = 0; i < 64; i += 2) p[i * PGSIZE + i] = i + 1;
  for (int i = 0; i < 64; i++) {
    require(p[i * PGSIZE + i] == (i % 2 == 0 ? i + 1 : 0), "page %d is wrong", i);
  }
}

// More than there is, touched here and there.
static void sparse(void) {
  char *p = lazy(GIB);
  for (long i = 0; i < GIB; i += GIB / 512) *(volatile long *)(p + i) = i;
  for (long i = 0; i < GIB; i += GIB / 512) {
    require(*(volatile long *)(p + i) == i, "offset %ld is wrong", i);
  }
}

static void touch_all(uint64_t unused) {
  (void)unused;
  long size = 0x7fff0000;
  char *p = lazy(size);
  for (long i = 0; i < size; i += PGSIZE) p[i] = 1;
}

// The one who touches more than there is is killed; the others live, and get it all back.
static void out_of_memory(void) {
  for (int i = 0; i < 2; i++) must_kill(touch_all, 0);
  char *p = sbrk(1024 * PGSIZE);
  require(p != SBRK_ERROR, "memory did not come back");
}


// Fork with holes: each side fills its own.
static void fork_holes(void) {
  char *p = lazy(8 * PGSIZE);
  p[2 * PGSIZE] = 'p';
  if (must_fork() == 0) {
    require(p[2 * PGSIZE] == 'p' && p[3 * PGSIZE] == 0, "the child sees something else");
    p[2 * PGSIZE] = p[4 * PGSIZE] = 'c';
    exit(0);
  }
  p[5 * PGSIZE] = 'q';
  require(child_status() == 0, "the child failed");
  require(p[2 * PGSIZE] == 'p' && p[4 * PGSIZE] == 0, "the child's stores are seen");
}

// Shrinking over pages that never came, and growing again: all zero.
static void shrink(void) {
  char *p = lazy(16 * PGSIZE);
  p[PGSIZE] = p[10 * PGSIZE] = 'x';
  require(sbrk(-(int)(12 * PGSIZE)) == p + 16 * PGSIZE, "shrinking failed");
  require(p[PGSIZE] == 'x', "what is below the break changed");
  must_kill(try_load, (uint64_t)p + 10 * PGSIZE);
  must_kill(try_load, (uint64_t)p + 5 * PGSIZE);
  lazy(12 * PGSIZE);
  require(p[10 * PGSIZE] == 0, "a page given back kept its content");
}

// The kernel as the first to touch: every call that reads or writes user memory.
static void system_calls(void) {
  char *p = lazy(8 * PGSIZE);
  int *ends = (int *)p;
  require(pipe(ends) == 0, "pipe into a lazy page failed");
  require(write(ends[1], p + 2 * PGSIZE - 4, 8) == 8, "write from lazy pages failed");
  require(read(ends[0], p + 4 * PGSIZE - 4, 8) == 8, "read into lazy pages failed");
  for (int i = -4; i < 4; i++) require(p[4 * PGSIZE + i] == 0, "byte %d is wrong", i);
  if (must_fork() == 0) exit(77);
  int *status = (int *)(p + 5 * PGSIZE);
  require(wait(status) > 0 && *status == 77, "wait into a lazy page failed");
  close(open(p + 6 * PGSIZE, O_RDONLY));  // an empty name, or no name: kernels differ
}

// Beyond the break and below the stack nothing is lazy.
static void edges(void) {
  char *end = lazy(PGSIZE);
  end = (char *)(((uintptr_t)end + 2 * PGSIZE - 1) & -PGSIZE);
  must_kill(try_load, (uint64_t)end);
  must_kill(try_load, ((uint64_t)__builtin_frame_address(0) & -PGSIZE) - 8);
  must_kill(try_load, MAXVA - PGSIZE);
  must_kill(try_load, MAXVA);
}

// Eager and lazy growth one after the other, in pieces that are no pages.
static void mixed(void) {
  char *start = sbrk(0);
  for (int i = 0; i < 50; i++) {
    char *p = i % 2 == 0 ? sbrklazy(1500) : sbrk(1500);
    require(p == start + i * 1500, "step %d: the break is wrong", i);
  }
  for (int i = 0; i < 50 * 1500; i++) start[i] = i % 251;
  for (int i = 0; i < 50 * 1500; i++) require((uint8_t)start[i] == i % 251, "byte %d is wrong", i);
}

static const struct test tests[] = {
    {"zero", zero},
    {"sparse", sparse},
    {"out_of_memory", out_of_memory},
    {"fork_holes", fork_holes},
    {"shrink", shrink},
    {"system_calls", system_calls},
    {"edges", edges},
    {"mixed", mixed},
    {0, 0},
};

int main(int argc, char *argv[]) {
  return test_main("lazytest", tests, argc, argv);
}

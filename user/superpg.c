// 2 MiB pages under the heap, as the page table shows them.
//
//   superpg [NAME ...]
#include "lib/testing.h"

#define HEAP (8 * SUPERPGSIZE)

static char *aligned(char *p) {
  return (char *)(((uintptr_t)p + SUPERPGSIZE - 1) & -SUPERPGSIZE);
}

static char *grow(void) {
  char *p = sbrk(HEAP);
  require(p != SBRK_ERROR, "sbrk failed");
  return aligned(p);
}

// One leaf answers for all 512 pages of the run, and may be read and written.
static void is_superpage(char *p) {
  uint64_t first = pgpte(p), rights = PTE_V | PTE_R | PTE_W | PTE_U;
  require(first != 0, "no PTE at %p", p);
  for (char *q = p; q < p + SUPERPGSIZE; q += PGSIZE) {
    require(pgpte(q) == first, "the PTE of %p is another", q);
  }
  require((first & rights) == rights, "PTE 0x%lx lacks a right", first);
}

static void mark(char *p, long size, long salt) {
  for (long i = 0; i < size; i += PGSIZE) *(volatile long *)(p + i) = i + salt;
}

static void check(char *p, long size, long salt) {
  for (long i = 0; i < size; i += PGSIZE) {
    require(*(volatile long *)(p + i) == i + salt, "page %ld has wrong content", i / PGSIZE);
  }
}

static void heap(void) {
  char *p = grow();
  is_superpage(p);
  mark(p, SUPERPGSIZE, 1);
  is_superpage(p);
  check(p, SUPERPGSIZE, 1);
}

static void in_child(void) {
  char *p = grow();
  mark(p, SUPERPGSIZE, 1);
  if (must_fork() == 0) {
    uint64_t pte = pgpte(p);
    for (char *q = p; q < p + SUPERPGSIZE; q += PGSIZE) {
      require(pgpte(q) == pte && pte != 0, "the child has no superpage");
    }
    check(p, SUPERPGSIZE, 1);
    exit(0);
  }
  require(child_status() == 0, "the child failed");
  check(p, SUPERPGSIZE, 1);
}

// A store on one side of a fork is not seen on the other, near the store or far from it.
static void copy_on_write(void) {
  char *p = grow();
  mark(p, SUPERPGSIZE, 1);
  if (must_fork() == 0) {
    *(volatile long *)(p + 7 * PGSIZE) = -1;
    require(*(volatile long *)(p + 8 * PGSIZE) == 8 * (long)PGSIZE + 1, "the copy is wrong");
    mark(p, SUPERPGSIZE, 2);
    check(p, SUPERPGSIZE, 2);
    exit(0);
  }
  require(child_status() == 0, "the child failed");
  check(p, SUPERPGSIZE, 1);
  mark(p, SUPERPGSIZE, 3);
  check(p, SUPERPGSIZE, 3);
}

// Giving back the end of a superpage keeps the rest, in small pages.
static void demote(void) {
  char *p = grow();
  sbrk(-(int)(sbrk(0) - (p + SUPERPGSIZE)));
  is_superpage(p);
  mark(p, SUPERPGSIZE, 5);
  for (long size = SUPERPGSIZE - PGSIZE; size >= 0; size -= PGSIZE) {
    require(sbrk(-(int)PGSIZE) == p + size + PGSIZE, "shrinking failed");
    require(pgpte(p + size) == 0, "a PTE is left at %p", p + size);
    if (size % (64 * (long)PGSIZE) == 0) check(p, size, 5);
    if (size == (long)(SUPERPGSIZE - PGSIZE)) must_kill(try_load, (uint64_t)p + size);
  }
}

// All back, and again: no frame may stay behind.
static void again(void) {
  char *start = sbrk(0);
  for (int i = 0; i < 40; i++) {
    char *p = grow();
    mark(p, SUPERPGSIZE, i);
    check(p, SUPERPGSIZE, i);
    sbrk(-(int)(sbrk(0) - start));
    require(sbrk(0) == start, "the break is wrong");
  }
  must_kill(try_load, (uint64_t)aligned(start));
}

static const struct test tests[] = {
    {"heap", heap},     {"in_child", in_child}, {"copy_on_write", copy_on_write},
    {"demote", demote}, {"again", again},       {0, 0},
};

int main(int argc, char *argv[]) {
  return test_main("superpg", tests, argc, argv);
}

// A first-fit allocator: the free blocks form one list in address order, neighbours are joined when
// a block is freed, and the heap grows by sbrk.
#include "user.h"

#define ALIGN 16
#define CHUNK 65536  // grow by at least this much, if there is that much

struct block {
  size_t size;  // bytes, header included, a multiple of ALIGN
  struct block *next;
};

static struct block list;               // the list's head, size 0, below every block
static struct block *recent = &list;    // where the last free landed: runs of frees stay cheap

static struct block *end_of(struct block *b) {
  return (struct block *)((char *)b + b->size);
}

// Join b with the block after it where they touch.
static void join(struct block *b) {
  if (b != &list && b->next != 0 && end_of(b) == b->next) {
    b->size += b->next->size;
    b->next = b->next->next;
  }
}

void free(void *p) {
  if (p == 0) return;
  struct block *b = (struct block *)p - 1;
  struct block *before = recent != &list && recent < b ? recent : &list;
  while (before->next != 0 && before->next < b) before = before->next;
  b->next = before->next;
  before->next = b;
  join(b);
  join(before);
  recent = before;
}

static bool grow(size_t size) {
  if (size > 0x7fffffff - CHUNK) return false;
  size_t want = size < CHUNK ? CHUNK : size;
  char *p = sbrk(want);
  if (p == SBRK_ERROR) p = sbrk(want = size);
  if (p == SBRK_ERROR) return false;
  size_t skew = -(uintptr_t)p & (ALIGN - 1);
  if (skew != 0) {
    if (sbrk(skew) == SBRK_ERROR) return false;
    p += skew;
  }
  struct block *b = (struct block *)p;
  b->size = want & ~(size_t)(ALIGN - 1);
  free(b + 1);
  return true;
}

void *malloc(size_t n) {
  if (n > 0x7fffffff) return 0;
  size_t size = (n + sizeof(struct block) + ALIGN - 1) & ~(size_t)(ALIGN - 1);
  do {
    for (struct block *before = &list; before->next != 0; before = before->next) {
      struct block *b = before->next;
      if (b->size < size) continue;
      if (b->size - size < 2 * sizeof(struct block)) {
        before->next = b->next;
      } else {  // hand out the near end: the rest can be joined with what the heap grows by
        struct block *rest = (struct block *)((char *)b + size);
        rest->size = b->size - size;
        rest->next = b->next;
        before->next = rest;
        b->size = size;
      }
      recent = &list;
      return b + 1;
    }
  } while (grow(size));
  return 0;
}

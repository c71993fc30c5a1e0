// The page table as a program may see it, through the page-table lab's calls and page.
//
//   pgtbltest [NAME ...]
#include "lib/testing.h"

static char data[PGSIZE];

// The process number, read from the page that the kernel shares.
static void usyscall(void) {
  require(ugetpid() == getpid(), "%d instead of %d", ugetpid(), getpid());
  for (int i = 0; i < 64; i++) {
    if (must_fork() == 0) exit(ugetpid() == getpid() ? 0 : 1);
    require(child_status() == 0, "a child reads another number");
  }
  require(ugetpid() == getpid(), "a child changed its parent's number");
  must_kill(try_store, USYSCALL);
}

static void has(const void *va, uint64_t rights, uint64_t none, const char *what) {
  uint64_t pte = pgpte((void *)va);
  require((pte & rights) == rights, "%s: PTE 0x%lx lacks one of 0x%lx", what, pte, rights);
  require((pte & none) == 0, "%s: PTE 0x%lx has one of 0x%lx", what, pte, none);
}

// Each part of the address space has the rights it should have.
static void rights(void) {
  char *heap = sbrk(PGSIZE);
  char *stack = (char *)((uintptr_t)__builtin_frame_address(0) & -PGSIZE);
  *heap = data[0] = 1;
  has(rights, PTE_V | PTE_R | PTE_X | PTE_U, PTE_W, "text");
  has(data, PTE_V | PTE_R | PTE_W | PTE_U, PTE_X, "data");
  has(stack, PTE_V | PTE_R | PTE_W | PTE_U, PTE_X, "stack");
  has(stack - PGSIZE, 0, PTE_U, "guard");
  has(heap, PTE_V | PTE_R | PTE_W | PTE_U, PTE_X, "heap");
  has((void *)TRAPFRAME, PTE_V | PTE_R | PTE_W, PTE_U, "trapframe");
  has((void *)TRAMPOLINE, PTE_V | PTE_R | PTE_X, PTE_U | PTE_W, "trampoline");
  require(pgpte(heap + 100 * PGSIZE) == 0, "a PTE where nothing is");
}

// The PTE follows the page: there, another frame after a copy, gone.
static void follows(void) {
  char *p = sbrk(4 * PGSIZE);
  memset(p, 1, 4 * PGSIZE);
  uint64_t before = pgpte(p);
  require(before != 0 && pgpte(p + 123) == before, "two PTEs in one page");
  require(pgpte(p + PGSIZE) != before, "one PTE for two pages");
  if (must_fork() == 0) {
    p[0] = 2;
    exit(pgpte(p) >> 10 == before >> 10 ? 1 : 0);
  }
  require(child_status() == 0, "the child wrote to its parent's frame");
  require(pgpte(p) >> 10 == before >> 10, "the parent's frame changed without a store");
  sbrk(-(int)(4 * PGSIZE));
  for (int i = 0; i < 4; i++) require(pgpte(p + i * PGSIZE) == 0, "a PTE is left for page %d", i);
}

// Which pages were touched, by the A bits, which the call clears.
static void accessed(void) {
  char *p = sbrk(32 * PGSIZE);
  uint32_t mask;
  memset(p, 1, 32 * PGSIZE);
  require(pgaccess(p, 32, &mask) == 0, "pgaccess failed");
  require(mask == 0xffffffff, "mask 0x%x after touching all", mask);
  p[1 * PGSIZE] += 1;
  p[2 * PGSIZE] += 1;
  (void)*(volatile char *)(p + 30 * PGSIZE);
  require(pgaccess(p, 32, &mask) == 0, "pgaccess failed");
  require(mask == (1 << 1 | 1 << 2 | 1 << 30), "mask 0x%x after touching 1, 2 and 30", mask);
  require(pgaccess(p, 32, &mask) == 0 && mask == 0, "mask 0x%x after touching none", mask);
}

static const struct test tests[] = {
    {"usyscall", usyscall},
    {"rights", rights},
    {"follows", follows},
    {"accessed", accessed},
    {0, 0},
};

int main(int argc, char *argv[]) {
  return test_main("pgtbltest", tests, argc, argv);
}

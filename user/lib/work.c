#include "work.h"

int number_argument(int argc, char *argv[], int i, int otherwise, int most, const char *usage) {
  int n = argc > i ? atoi(argv[i]) : otherwise;
  if (n < 1 || n > most) {
    fprintf(2, "usage: %s (1 to %d)\n", usage, most);
    exit(2);
  }
  return n;
}

// xorshift64, which never reaches 0 from another number.
__attribute__((always_inline)) static inline uint64_t next(uint64_t x) {
  x ^= x << 13;
  x ^= x >> 7;
  return x ^ x << 17;
}

static uint64_t first(uint64_t seed) {
  return (seed + 1) * 0x9e3779b97f4a7c15UL | 1;
}

void fill_page(void *page, uint64_t seed) {
  uint64_t x = first(seed), *p = page;
  for (size_t i = 0; i < PGSIZE / 8; i++) p[i] = x = next(x);
}

bool page_holds(const void *page, uint64_t seed) {
  uint64_t x = first(seed);
  const uint64_t *p = page;
  for (size_t i = 0; i < PGSIZE / 8; i++) {
    if (p[i] != (x = next(x))) return false;
  }
  return true;
}

uint64_t page_sum(const void *page) {
  const uint64_t *p = page;
  uint64_t sum = 0;
  for (size_t i = 0; i < PGSIZE / 8; i++) sum += p[i];
  return sum;
}

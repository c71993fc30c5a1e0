/* Compiled code with recursion, swaps and unpredictable branches: a quicksort of 200,000 numbers, twenty times. */
#include "start.h"

#define COUNT 200000
#define TIMES 20

static u32 numbers[COUNT];

static void sort(u32 *low, u32 *high) {
  while (low < high) {
    u32 pivot = low[(high - low) / 2];
    u32 *i = low, *j = high;
    while (i <= j) {
      while (*i < pivot) i++;
      while (*j > pivot) j--;
      if (i <= j) {
        u32 t = *i;
        *i++ = *j;
        *j-- = t;
      }
    }
    if (j - low < high - i) {
      sort(low, j);
      low = i;
    } else {
      sort(i, high);
      high = j;
    }
  }
}

int work(void) {
  u32 seed = 12345;
  for (int round = 0; round < TIMES; round++) {
    u64 before = 0, after = 0;
    for (int i = 0; i < COUNT; i++) {
      seed = seed * 1103515245 + 12345;
      before += numbers[i] = seed ^ seed >> 16;
    }
    sort(numbers, numbers + COUNT - 1);
    for (int i = 0; i < COUNT; i++) {
      after += numbers[i];
      if (i > 0 && numbers[i - 1] > numbers[i]) return 1;
    }
    if (before != after) return 2;
  }
  return 0;
}

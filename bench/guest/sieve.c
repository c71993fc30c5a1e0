/* Compiled code with a branchy inner loop: primes below a million, eighty times. */
#include "start.h"

#define LIMIT 1000000
#define TIMES 80
#define PRIMES 78498

static u8 composite[LIMIT];

int work(void) {
  int count = 0;
  for (int round = 0; round < TIMES; round++) {
    count = 0;
    for (int i = 0; i < LIMIT; i++) composite[i] = 0;
    for (u32 i = 2; i < LIMIT; i++) {
      if (composite[i]) continue;
      count++;
      for (u64 j = (u64)i * i; j < LIMIT; j += i) composite[j] = 1;
    }
  }
  return count != PRIMES;
}

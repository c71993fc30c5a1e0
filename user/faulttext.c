// Store to the program's own text, which is not writable: a store page fault (15).
#include "lib/user.h"

int main(void) {
  printf("faulttext: storing to text at %p\n", (void *)main);
  *(volatile char *)main = 1;
  printf("faulttext: survived\n");
  return 1;
}

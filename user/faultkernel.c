// Load from the first byte of RAM, where the kernel lives: a load page fault (13).
#include "lib/user.h"

int main(void) {
  char *p = (char *)KERNBASE;
  printf("faultkernel: loading kernel memory at %p\n", p);
  char c = *(volatile char *)p;
  printf("faultkernel: survived, read %d\n", c);
  return 1;
}

// Execute an encoding that is defined to be illegal, all zeros: an illegal instruction (2).
#include "lib/user.h"

int main(void) {
  printf("faultillegal: executing zeros\n");
  asm volatile(".half 0");
  printf("faultillegal: survived\n");
  return 1;
}

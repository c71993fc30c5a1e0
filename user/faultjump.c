// Call into data, which is not executable: an instruction page fault (12).
#include "lib/user.h"

static uint32_t code[] = {0x00008067};  // ret

int main(void) {
  void (*volatile jump)(void) = (void (*)(void))code;
  printf("faultjump: calling data at %p\n", (void *)code);
  jump();
  printf("faultjump: survived\n");
  return 1;
}

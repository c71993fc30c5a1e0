// Recurse without end, until the stack runs into the guard page below it: a store page fault (15).
#include "lib/user.h"

static volatile bool again = true;  // as far as the compiler knows, this may end

static int deeper(int n) {
  volatile char frame[256];
  frame[0] = n;
  return again ? deeper(n + 1) + frame[0] : n;
}

int main(void) {
  printf("faultstack: the stack is at %p\n", __builtin_frame_address(0));
  printf("faultstack: survived, %d\n", deeper(0));
  return 1;
}

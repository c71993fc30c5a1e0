#include "user.h"

char *sbrk(int n) {
  return sys_sbrk(n, SBRK_EAGER);
}

char *sbrklazy(int n) {
  return sys_sbrk(n, SBRK_LAZY);
}

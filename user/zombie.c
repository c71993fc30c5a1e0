// Leave a child that has exited and is not waited for: a zombie for five ticks, then init's.
#include "lib/user.h"

int main(void) {
  if (fork() > 0) pause(5);
  return 0;
}

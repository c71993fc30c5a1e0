// Fork until it fails, which it must do gracefully and leave every child to be waited for.
#include "lib/user.h"

#define LIMIT 1000

static void say(const char *s) {
  write(1, s, strlen(s));
}

static void fail(const char *why) {
  say(why);
  exit(1);
}

int main(void) {
  say("fork test\n");

  int children = 0;
  for (; children < LIMIT; children++) {
    int pid = fork();
    if (pid < 0) break;
    if (pid == 0) exit(0);
  }
  if (children == LIMIT) fail("fork claimed to work 1000 times!\n");

  for (; children > 0; children--) {
    if (wait(0) < 0) fail("wait stopped early\n");
  }
  if (wait(0) != -1) fail("wait got too many\n");

  say("fork test OK\n");
  return 0;
}

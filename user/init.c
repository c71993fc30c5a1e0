// The first process: open the console, keep a shell running, and bury the orphans.
//
//   init -r    only bury the orphans
#include "lib/user.h"

static void open_console(void) {
  if (open("console", O_RDWR) < 0) {
    mknod("console", CONSOLE, 0);
    open("console", O_RDWR);
  }
  dup(0);
  dup(0);
}

static void reap(void) {
  for (;;) {
    if (wait(0) < 0) pause(100);
  }
}

int main(int argc, char *argv[]) {
  if (argc > 1 && strcmp(argv[1], "-r") == 0) reap();
  open_console();
  for (;;) {
    printf("init: starting sh\n");
    int shell = fork();
    if (shell < 0) {
      printf("init: fork failed\n");
      exit(1);
    }
    if (shell == 0) {
      char *args[] = {"sh", 0};
      exec("sh", args);
      printf("init: exec sh failed\n");
      exit(1);
    }
    for (int pid = 0; pid != shell;) {  // wait also returns orphans
      pid = wait(0);
      if (pid < 0) {
        printf("init: wait returned an error\n");
        exit(1);
      }
    }
  }
}

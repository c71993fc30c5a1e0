// What a shell does all day: fork, and exec in the child at once.
//
//   forkexec [ROUNDS]    100 by default
#include "lib/work.h"

int main(int argc, char *argv[]) {
  if (argc == 2 && strcmp(argv[1], "child") == 0) return 0;
  int rounds = number_argument(argc, argv, 1, 100, 1000000, "forkexec [ROUNDS]");
  for (int i = 0; i < rounds; i++) {
    int pid = fork();
    if (pid == 0) {
      char *args[] = {argv[0], "child", 0};
      exec(argv[0], args);
      exit(1);
    }
    int status = 1;
    if (pid < 0 || wait(&status) != pid || status != 0) {
      printf("forkexec: round %d failed\n", i);
      return 1;
    }
  }
  printf("forkexec: %d rounds\n", rounds);
  return 0;
}

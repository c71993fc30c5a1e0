// Five processes write and read files at the same time, to keep the disk queue full.
#include "lib/user.h"

#define WRITES 20

int main(void) {
  static char data[512];
  char path[] = "stressfs0";

  printf("stressfs starting\n");
  memset(data, 'a', sizeof data);

  int me = 0;  // each child goes on to fork the next
  while (me < 4 && fork() == 0) me++;

  printf("write %d\n", me);
  path[8] = '0' + me;
  int fd = open(path, O_CREATE | O_RDWR);
  for (int i = 0; i < WRITES; i++) {
    if (write(fd, data, sizeof data) != sizeof data) printf("stressfs: write %d failed\n", me);
  }
  close(fd);

  printf("read\n");
  fd = open(path, O_RDONLY);
  for (int i = 0; i < WRITES; i++) {
    if (read(fd, data, sizeof data) != sizeof data) printf("stressfs: read %d failed\n", me);
  }
  close(fd);

  wait(0);
  return 0;
}

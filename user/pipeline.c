// A pipeline of three processes: one makes bytes, one changes them, one adds them up.
//
//   pipeline [KiB]    64 by default
#include "lib/work.h"

static char buffer[PGSIZE];

static void fail(const char *what) {
  fprintf(2, "pipeline: %s failed\n", what);
  exit(1);
}

// Start body(kib) in a child that reads `in`, if any, and writes to the new pipe; returns the
// pipe's reading end.
static int stage(void (*body)(int kib), int kib, int in) {
  int ends[2];
  if (pipe(ends) < 0) fail("pipe");
  int pid = fork();
  if (pid < 0) fail("fork");
  if (pid == 0) {
    if (in >= 0) {
      close(0);
      dup(in);
      close(in);
    }
    close(1);
    dup(ends[1]);
    close(ends[0]);
    close(ends[1]);
    body(kib);
    exit(0);
  }
  if (in >= 0) close(in);
  close(ends[1]);
  return ends[0];
}

static void make(int kib) {
  for (int i = 0; i < kib; i += 4) {
    int n = kib - i < 4 ? (kib - i) * 1024 : (int)sizeof buffer;
    fill_page(buffer, i);
    if (write(1, buffer, n) != n) exit(1);
  }
}

static void change(int kib) {
  (void)kib;
  for (int n; (n = read(0, buffer, sizeof buffer)) > 0;) {
    for (int i = 0; i < n; i++) buffer[i] ^= 0x5a;
    if (write(1, buffer, n) != n) exit(1);
  }
}

int main(int argc, char *argv[]) {
  int kib = number_argument(argc, argv, 1, 64, 1000000, "pipeline [KiB]");
  int out = stage(change, kib, stage(make, kib, -1));
  long total = 0;
  uint64_t sum = 0;
  for (int n; (n = read(out, buffer, sizeof buffer)) > 0; total += n) {
    for (int i = 0; i < n; i++) sum = sum * 31 + (uint8_t)buffer[i];
  }
  for (int i = 0; i < 2; i++) {
    int status = 1;
    wait(&status);
    if (status != 0) fail("a stage");
  }
  if (total != kib * 1024L) fail("the count of bytes");
  printf("pipeline: %d KiB, checksum 0x%lx\n", kib, sum);
  return 0;
}

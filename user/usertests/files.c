// Files: opening, reading, writing, truncating, linking, executing.
#include "tests.h"

// O_TRUNC empties the file for those who have it open already, too.
void test_truncate1(void) {
  char got[32];
  make_file("truncfile", "abcd");

  int reader1 = must_open("truncfile", O_RDONLY);
  require(read(reader1, got, sizeof got) == 4, "did not read 4 bytes");

  int writer = must_open("truncfile", O_WRONLY | O_TRUNC);
  int reader2 = must_open("truncfile", O_RDONLY);
  require(read(reader2, got, sizeof got) == 0, "a new reader found bytes after O_TRUNC");
  require(read(reader1, got, sizeof got) == 0, "the old reader found bytes after O_TRUNC");

  require(write(writer, "abcdef", 6) == 6, "write failed");
  require(read(reader2, got, sizeof got) == 6, "the new reader did not get 6 bytes");
  require(read(reader1, got, sizeof got) == 2, "the old reader, at offset 4, did not get 2 bytes");

  unlink("truncfile");
  close(writer);
  close(reader1);
  close(reader2);
}

// An offset beyond the end, because another truncated: writing there fails in this system.
void test_truncate2(void) {
  unlink("truncfile");
  int fd1 = must_open("truncfile", O_CREATE | O_TRUNC | O_WRONLY);
  require(write(fd1, "abcd", 4) == 4, "write failed");
  int fd2 = must_open("truncfile", O_TRUNC | O_WRONLY);
  require(write(fd1, "x", 1) == -1, "write beyond the end succeeded");
  unlink("truncfile");
  close(fd1);
  close(fd2);
}

// One process truncates what another writes.
void test_truncate3(void) {
  close(must_open("truncfile", O_CREATE | O_TRUNC | O_WRONLY));
  if (must_fork() == 0) {
    for (int i = 0; i < 100; i++) {
      char got[32];
      int fd = must_open("truncfile", O_WRONLY);
      require(write(fd, "1234567890", 10) == 10, "short write of 10");
      close(fd);
      fd = must_open("truncfile", O_RDONLY);
      read(fd, got, sizeof got);
      close(fd);
    }
    exit(0);
  }
  for (int i = 0; i < 150; i++) {
    int fd = must_open("truncfile", O_CREATE | O_WRONLY | O_TRUNC);
    require(write(fd, "xxx", 3) == 3, "short write of 3");
    close(fd);
  }
  require(child_status() == 0, "the writer failed");
  unlink("truncfile");
}

void test_opentest(void) {
  close(must_open("echo", O_RDONLY));
  require(open("doesnotexist", O_RDONLY) < 0, "opened a file that does not exist");
}

// The lowest free descriptor is given out, and no more than there are.
void test_descriptors(void) {
  touch("few");
  int first = must_open("few", O_RDONLY), last = first;
  require(must_open("few", O_RDONLY) == first + 1, "not the lowest free descriptor");
  require(dup(first) == first + 2, "dup did not give the lowest free descriptor");
  close(first + 1);
  require(dup(first) == first + 1, "a closed descriptor was not the next to be given");

  for (int fd; (fd = open("few", O_RDONLY)) >= 0;) last = fd;
  require(last == NOFILE - 1, "the last descriptor was %d", last);
  int ends[2];
  require(dup(first) < 0 && pipe(ends) < 0, "a descriptor beyond the last");
  close(last);
  require(pipe(ends) < 0, "pipe with one descriptor free succeeded");
  require(must_open("few", O_RDONLY) == last, "pipe, failing, kept a descriptor");
  for (int fd = first; fd <= last; fd++) close(fd);
  require(close(first) < 0 && close(-1) < 0 && close(NOFILE) < 0, "closed what was not open");
  unlink("few");
}

void test_writetest(void) {
  enum { N = 100, SIZE = 10 };
  int fd = must_open("small", O_CREATE | O_RDWR);
  for (int i = 0; i < N; i++) {
    require(write(fd, "aaaaaaaaaa", SIZE) == SIZE, "write a %d failed", i);
    require(write(fd, "bbbbbbbbbb", SIZE) == SIZE, "write b %d failed", i);
  }
  close(fd);
  fd = must_open("small", O_RDONLY);
  require(read(fd, buffer, 2 * N * SIZE) == 2 * N * SIZE, "short read");
  for (int i = 0; i < 2 * N * SIZE; i++) {
    require(buffer[i] == (i / SIZE % 2 == 0 ? 'a' : 'b'), "byte %d is wrong", i);
  }
  close(fd);
  require(unlink("small") == 0, "unlink failed");
}

// A file of the largest size there is.
void test_writebig(void) {
  int fd = must_open("big", O_CREATE | O_RDWR);
  for (unsigned i = 0; i < MAXFILE; i++) {
    memmove(buffer, &i, sizeof i);
    require(write(fd, buffer, BSIZE) == BSIZE, "write of block %d failed", i);
  }
  require(write(fd, buffer, 1) < 0, "the file grew beyond the largest size");
  close(fd);

  fd = must_open("big", O_RDONLY);
  unsigned n = 0, number;
  for (int got; (got = read(fd, buffer, BSIZE)) != 0; n++) {
    require(got == BSIZE, "read of block %d gave %d", n, got);
    memmove(&number, buffer, sizeof number);
    require(number == n, "block %d holds %d", n, number);
  }
  require(n == MAXFILE, "read only %d blocks", n);
  close(fd);
  require(unlink("big") == 0, "unlink failed");
}

// More files made and removed than inodes may be in use at once.
void test_createtest(void) {
  char name[5];
  for (int i = 0; i < NINODE + 2; i++) {
    numbered(name, 'a', i);
    touch(name);
  }
  for (int i = 0; i < NINODE + 2; i++) {
    numbered(name, 'a', i);
    require(unlink(name) == 0, "cannot unlink %s", name);
  }
}

static void echo_to_file(uint64_t unused) {
  (void)unused;
  char *args[] = {"echo", "OK", 0};
  close(1);
  if (open("echo-ok", O_CREATE | O_WRONLY) != 1) exit(2);
  exec("echo", args);
  exit(3);
}

void test_exectest(void) {
  unlink("echo-ok");
  int status = status_of(echo_to_file, 0);
  require(status != 2, "descriptor 1 was not the one given");
  require(status == 0, "exec echo failed");
  int fd = must_open("echo-ok", O_RDONLY);
  require(read(fd, buffer, 8) == 3 && memcmp(buffer, "OK\n", 3) == 0, "wrong output");
  close(fd);
  unlink("echo-ok");
}

static int count_bytes(const char *path, char letter) {
  int fd = must_open(path, O_RDONLY), count = 0;
  for (int n; (n = read(fd, buffer, sizeof buffer)) > 0;) {
    for (int i = 0; i < n; i++) count += buffer[i] == letter;
  }
  close(fd);
  return count;
}

// Parent and child share one offset: no write lands on another.
void test_sharedfd(void) {
  enum { N = 1000, SIZE = 10 };
  char piece[SIZE];
  unlink("sharedfd");
  int fd = must_open("sharedfd", O_CREATE | O_RDWR);
  int pid = must_fork();
  memset(piece, pid == 0 ? 'c' : 'p', SIZE);
  for (int i = 0; i < N; i++) require(write(fd, piece, SIZE) == SIZE, "write failed");
  if (pid == 0) exit(0);
  require(child_status() == 0, "the child failed");
  close(fd);
  int c = count_bytes("sharedfd", 'c'), p = count_bytes("sharedfd", 'p');
  require(c == N * SIZE && p == N * SIZE, "%d and %d bytes instead of %d", c, p, N * SIZE);
  unlink("sharedfd");
}

static void write_digits(uint64_t digit) {
  enum { N = 12, SIZE = 500 };
  char name[5];
  numbered(name, 'f', digit);
  int fd = must_open(name, O_CREATE | O_RDWR);
  memset(buffer, '0' + digit, SIZE);
  for (int i = 0; i < N; i++) require(write(fd, buffer, SIZE) == SIZE, "write failed");
  exit(0);
}

// Four processes take blocks at the same time.
void test_fourfiles(void) {
  char name[5];
  for (int i = 0; i < 4; i++) {
    numbered(name, 'f', i);
    unlink(name);
    if (must_fork() == 0) write_digits(i);
  }
  for (int i = 0; i < 4; i++) require(child_status() == 0, "a writer failed");
  for (int i = 0; i < 4; i++) {
    struct stat st;
    numbered(name, 'f', i);
    require(stat(name, &st) == 0 && st.size == 6000, "%s has a wrong size", name);
    require(count_bytes(name, '0' + i) == 6000, "%s has wrong bytes", name);
    unlink(name);
  }
}

// A removed file lives on while it is open.
void test_unlinkread(void) {
  make_file("unlinkread", "hello");
  int fd = must_open("unlinkread", O_RDWR);
  require(unlink("unlinkread") == 0, "unlink failed");
  make_file("unlinkread", "yyy");
  require(read(fd, buffer, sizeof buffer) == 5, "read of the removed file failed");
  require(memcmp(buffer, "hello", 5) == 0, "the removed file changed");
  require(write(fd, buffer, 10) == 10, "write to the removed file failed");
  close(fd);
  require(count_bytes("unlinkread", 'y') == 3, "the new file changed");
  unlink("unlinkread");
}

void test_linktest(void) {
  unlink("lf1");
  unlink("lf2");
  make_file("lf1", "hello");
  require(link("lf1", "lf2") == 0, "link lf1 lf2 failed");
  unlink("lf1");
  require(open("lf1", O_RDONLY) < 0, "lf1 is still there");
  int fd = must_open("lf2", O_RDONLY);
  require(read(fd, buffer, sizeof buffer) == 5, "read lf2 failed");
  close(fd);
  require(link("lf2", "lf2") < 0, "link lf2 lf2 succeeded");
  unlink("lf2");
  require(link("lf2", "lf1") < 0, "link of a missing file succeeded");
  require(link(".", "lf1") < 0, "link of a directory succeeded");
}

// Single writes up to and beyond what the disk's log takes at once.
void test_bigwrite(void) {
  for (int size = 499; size < BUFFER; size += 471) {
    unlink("bigwrite");
    int fd = must_open("bigwrite", O_CREATE | O_RDWR);
    for (int i = 0; i < 2; i++) {
      int n = write(fd, buffer, size);
      require(n == size, "write of %d gave %d", size, n);
    }
    close(fd);
  }
  unlink("bigwrite");
}

// Writes of 600 bytes, read by halves: pieces that cross blocks.
void test_bigfile(void) {
  enum { N = 20, SIZE = 600 };
  unlink("bigfile.dat");
  int fd = must_open("bigfile.dat", O_CREATE | O_RDWR);
  for (int i = 0; i < N; i++) {
    memset(buffer, i, SIZE);
    require(write(fd, buffer, SIZE) == SIZE, "write failed");
  }
  close(fd);
  fd = must_open("bigfile.dat", O_RDONLY);
  int pieces = 0;
  for (int n; (n = read(fd, buffer, SIZE / 2)) != 0; pieces++) {
    require(n == SIZE / 2, "short read");
    require(buffer[0] == pieces / 2 && buffer[SIZE / 2 - 1] == pieces / 2, "wrong bytes");
  }
  close(fd);
  require(pieces == 2 * N, "read %d pieces", pieces);
  unlink("bigfile.dat");
}

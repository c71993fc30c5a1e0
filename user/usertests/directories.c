// Directories, paths and the references the kernel holds on them.
#include "tests.h"

static void enter(const char *path) {
  require(chdir(path) == 0, "chdir %s failed", path);
}

static void make(const char *path) {
  require(mkdir(path) == 0, "mkdir %s failed", path);
}

static void remove(const char *path) {
  require(unlink(path) == 0, "unlink %s failed", path);
}

static void hold_removed_directory(uint64_t unused) {
  (void)unused;
  make("iputdir");
  enter("iputdir");
  remove("../iputdir");
}

// Leaving a directory that has been removed: by chdir, and by exit.
void test_iput(void) {
  hold_removed_directory(0);
  enter("/");
}

void test_exitiput(void) {
  require(status_of(hold_removed_directory, 0) == 0, "the child failed");
}

// Opening a directory for writing fails, and lets go of it.
void test_openiput(void) {
  make("oidir");
  if (must_fork() == 0) {
    require(open("oidir", O_RDWR) < 0, "opened a directory for writing");
    exit(0);
  }
  pause(1);
  remove("oidir");
  require(child_status() == 0, "the child failed");
}

void test_dirtest(void) {
  make("dir0");
  enter("dir0");
  enter("..");
  remove("dir0");
}

// Four processes make files in one directory, each removing half of its own.
void test_createdelete(void) {
  enum { N = 20, CHILDREN = 4 };
  char name[5];
  for (int c = 0; c < CHILDREN; c++) {
    if (must_fork() != 0) continue;
    for (int i = 0; i < N; i++) {
      numbered(name, 'p' + c, i);
      touch(name);
      if (i == 0 || i % 2 != 0) continue;
      numbered(name, 'p' + c, i / 2);
      remove(name);
    }
    exit(0);
  }
  for (int c = 0; c < CHILDREN; c++) require(child_status() == 0, "a child failed");

  for (int i = 0; i < N; i++) {
    for (int c = 0; c < CHILDREN; c++) {
      numbered(name, 'p' + c, i);
      int fd = open(name, O_RDONLY);
      bool kept = i == 0 || i >= N / 2;
      require((fd >= 0) == kept, "%s should %sbe there", name, kept ? "" : "not ");
      close(fd);
      unlink(name);
    }
  }
}

// Parent and child make, link and remove the same names.
void test_concreate(void) {
  enum { N = 40 };
  char name[5], zero[5];
  bool seen[N] = {0};
  numbered(zero, 'C', 0);
  for (int i = 0; i < N; i++) {
    numbered(name, 'C', i);
    unlink(name);
    int pid = must_fork();
    if (i % (pid != 0 ? 3 : 5) == 1) link(zero, name);
    else touch(name);
    if (pid == 0) exit(0);
    require(child_status() == 0, "the child failed");
  }

  struct dirent entry;
  int found = 0, fd = must_open(".", O_RDONLY);
  while (read(fd, &entry, sizeof entry) == sizeof entry) {
    if (entry.inum == 0 || entry.name[0] != 'C' || entry.name[4] != 0) continue;
    int i = atoi(entry.name + 1);
    require(i >= 0 && i < N, "a strange name %s", entry.name);
    require(!seen[i], "%s is there twice", entry.name);
    seen[i] = true;
    found++;
  }
  close(fd);
  require(found == N, "%d names instead of %d", found, N);

  for (int i = 0; i < N; i++) {
    numbered(name, 'C', i);
    int pid = must_fork();
    bool opens = i % 3 == (pid == 0 ? 0 : 1);
    for (int again = 0; again < 6; again++) {
      if (opens) close(open(name, O_RDONLY));
      else unlink(name);
    }
    if (pid == 0) exit(0);
    child_status();
  }
}

// Two processes create, link and unlink one name at random.
void test_linkunlink(void) {
  touch("linked");
  unlink("x");
  int pid = must_fork();
  unsigned seed = pid != 0 ? 1 : 97;
  for (int i = 0; i < 100; i++) {
    seed = seed * 1664525 + 1013904223;
    switch ((seed >> 16) % 3) {
      case 0: close(open("x", O_RDWR | O_CREATE)); break;
      case 1: link("linked", "x"); break;
      default: unlink("x");
    }
  }
  if (pid == 0) exit(0);
  child_status();
  unlink("x");
  unlink("linked");
}

static void holds(const char *path, const char *content) {
  int fd = must_open(path, O_RDONLY), n = strlen(content);
  require(read(fd, buffer, sizeof buffer) == n && memcmp(buffer, content, n) == 0,
          "%s has wrong content", path);
  close(fd);
}

// Paths of several parts, up and down, and all that must fail on them.
void test_subdir(void) {
  make("dd");
  make_file("dd/ff", "ff");
  require(unlink("dd") < 0, "removed dd, which is not empty");
  make("/dd/dd");
  make_file("dd/dd/ff", "FF");
  holds("dd/dd/../ff", "ff");

  require(link("dd/dd/ff", "dd/dd/ffff") == 0, "link dd/dd/ff failed");
  remove("dd/dd/ff");
  require(open("dd/dd/ff", O_RDONLY) < 0, "dd/dd/ff is still there");
  enter("dd");
  enter("dd/../../dd");
  enter("dd/../../../dd");
  enter("./..");
  holds("dd/dd/ffff", "FF");

  const char *not_a_directory = "dd/ff/ff", *missing = "dd/xx/ff";
  const char *paths[] = {not_a_directory, missing};
  for (int i = 0; i < 2; i++) {
    const char *p = paths[i];
    require(open(p, O_CREATE | O_RDWR) < 0, "created %s", p);
    require(link(p, "dd/dd/xx") < 0, "linked %s", p);
    require(mkdir(p) < 0, "made directory %s", p);
    require(unlink(p) < 0, "removed %s", p);
    require(chdir(p) < 0, "entered %s", p);
  }
  require(open("dd", O_CREATE) < 0, "created dd, which is a directory");
  require(open("dd", O_RDWR) < 0, "opened dd for reading and writing");
  require(open("dd", O_WRONLY) < 0, "opened dd for writing");
  require(link("dd/ff", "dd/dd/ffff") < 0, "linked over dd/dd/ffff");
  require(mkdir("dd/dd/ffff") < 0, "made a directory over dd/dd/ffff");
  require(chdir("dd/ff") < 0, "entered a file");

  remove("dd/dd/ffff");
  remove("dd/ff");
  require(unlink("dd") < 0, "removed dd, which is not empty");
  remove("dd/dd");
  remove("dd");
}

// Of a longer name the first fourteen characters count.
void test_fourteen(void) {
  make("12345678901234");
  make("12345678901234/123456789012345");
  touch("123456789012345/123456789012345/123456789012345");
  close(must_open("12345678901234/12345678901234/12345678901234", O_RDONLY));
  require(mkdir("12345678901234/12345678901234") < 0, "made the same name again");
  require(mkdir("123456789012345/12345678901234") < 0, "made the same name again, longer");
  remove("12345678901234/12345678901234/12345678901234");
  remove("12345678901234/123456789012345");
  remove("12345678901234");
}

void test_rmdot(void) {
  make("dots");
  enter("dots");
  require(unlink(".") < 0, "removed .");
  require(unlink("..") < 0, "removed ..");
  enter("/");
  require(unlink("dots/.") < 0, "removed dots/.");
  require(unlink("dots/..") < 0, "removed dots/..");
  remove("dots");
}

// A file is not a directory, and a directory is not written to.
void test_dirfile(void) {
  touch("dirfile");
  touch("other");
  require(chdir("dirfile") < 0, "entered a file");
  require(open("dirfile/xx", O_RDONLY) < 0, "opened dirfile/xx");
  require(open("dirfile/xx", O_CREATE) < 0, "created dirfile/xx");
  require(mkdir("dirfile/xx") < 0, "made directory dirfile/xx");
  require(unlink("dirfile/xx") < 0, "removed dirfile/xx");
  require(link("other", "dirfile/xx") < 0, "linked to dirfile/xx");
  remove("dirfile");
  remove("other");

  require(open(".", O_RDWR) < 0, "opened . for writing");
  int fd = must_open(".", O_RDONLY);
  require(write(fd, "x", 1) <= 0, "wrote to .");
  close(fd);
}

// Deeper than inodes can be in use, with empty names on the way: no reference may be left behind.
void test_iref(void) {
  touch("irefile");
  for (int i = 0; i <= NINODE; i++) {
    make("irefd");
    enter("irefd");
    mkdir("");
    link("/irefile", "");
    close(open("", O_CREATE));
    close(open("xx", O_CREATE));
    unlink("xx");
  }
  for (int i = 0; i <= NINODE; i++) {
    enter("..");
    remove("irefd");
  }
  enter("/");
  remove("irefile");
}

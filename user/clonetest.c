// Threads and other children of clone.
//
//   clonetest [NAME ...]
#include "lib/testing.h"

#define STACK (4 * PGSIZE)
#define THREADS 4

static volatile long counter;
static volatile int finished;
static volatile long seen[THREADS];

static char *stack(void) {  // its top
  char *p = malloc(STACK);
  require(p != 0, "no memory for a stack");
  return (char *)(((uintptr_t)p + STACK) & -16UL);
}

static int start(unsigned long flags, int (*fn)(void *), void *arg) {
  int id = clone(flags, stack(), fn, arg);
  require(id > 0, "clone failed");
  return id;
}

static int thread(int (*fn)(void *), void *arg) {
  return start(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, fn, arg);
}

static void wait_for(volatile int *flag, int value) {
  for (int i = 0; *flag != value; i++) {
    require(i < 1000, "a thread did not get there");
    pause(1);
  }
}

static int add(void *arg) {
  long me = (long)arg;
  long local = me * 1000;  // on the thread's own stack
  volatile long *here = &local;
  for (int i = 0; i < 1000; i++) {
    __atomic_fetch_add(&counter, 1, __ATOMIC_SEQ_CST);
    (*here)++;
    if (i % 100 == 0) pause(1);  // let the others run
  }
  seen[me] = *here;
  __atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
  return 0;
}

// Threads see one memory, and have a stack and registers each.
static void threads(void) {
  for (long i = 0; i < THREADS; i++) thread(add, (void *)i);
  wait_for(&finished, THREADS);
  require(counter == THREADS * 1000, "counted %ld", counter);
  for (long i = 0; i < THREADS; i++) {
    require(seen[i] == i * 1000 + 1000, "thread %ld saw %ld", i, seen[i]);
  }
}

static int grow_heap(void *arg) {
  char *p = sbrk(16 * PGSIZE);
  memset(p, 'h', 16 * PGSIZE);
  *(char *volatile *)arg = p;
  finished = 1;
  return 0;
}

// Memory that one thread takes is there for the others.
static void heap(void) {
  char *p = 0;
  thread(grow_heap, &p);
  wait_for(&finished, 1);
  for (size_t i = 0; i < 16 * PGSIZE; i++) require(p[i] == 'h', "byte %ld is wrong", i);
}

static int set_counter(void *arg) {
  counter = (long)arg;
  return 5;
}

// A child process in its parent's memory.
static void shared_child(void) {
  int id = start(CLONE_VM, set_counter, (void *)42);
  int status = -1;
  require(wait(&status) == id, "wait returned another child");
  require(status == 5, "status %d", status);
  require(counter == 42, "the child's store is not seen");
}

// Without CLONE_VM the child has a copy, as after fork.
static void copied_child(void) {
  counter = 1;
  int id = start(0, set_counter, (void *)42);
  int status = -1;
  require(wait(&status) == id, "wait returned another child");
  require(status == 5, "status %d", status);
  require(counter == 1, "the child's store is seen");
}

static volatile bool stop;

static int count_up(void *arg) {
  (void)arg;
  for (finished = 1; !stop; counter++) continue;
  finished = 2;
  return 0;
}

// fork while a thread writes: the child has what was there at that moment, and it stays so.
static void fork_beside_thread(void) {
  thread(count_up, 0);
  wait_for(&finished, 1);
  for (int i = 0; i < 5; i++) {
    int pid = must_fork();
    if (pid == 0) {
      long then = counter;
      pause(2);
      exit(counter == then ? 0 : 1);
    }
    int status = -1;
    require(wait(&status) == pid && status == 0, "the parent's thread writes into the child");
    long then = counter;
    pause(2);
    require(counter != then, "the thread stopped, or writes into a copy");
  }
  stop = true;
  wait_for(&finished, 2);
}

static int read_page(void *arg) {
  for (finished = 1; !stop; counter++) (void)*(volatile char *)arg;
  return 0;
}

static void unmap_beside_thread(uint64_t unused) {
  (void)unused;
  char *p = mmap(0, PGSIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  require(p != MAP_FAILED, "mmap failed");
  p[0] = 1;
  thread(read_page, p);
  wait_for(&finished, 1);
  require(munmap(p, PGSIZE) == 0, "munmap failed");
  pause(2);
  long then = counter;
  pause(5);
  bool reads = counter != then;
  stop = true;
  require(!reads, "the thread still reads the page");
}

// What one thread unmaps, the others lose: they fault, whatever their TLB held.
static void unmap(void) {
  int status = status_of(unmap_beside_thread, 0);
  require(status == 0 || status == -1, "status %d", status);  // -1: the whole process was killed
}

static int close_0(void *arg) {
  (void)arg;
  close(0);
  finished = must_open("README", O_RDONLY);
  return chdir("/d") == 0 ? 0 : 1;
}

static bool here(const char *path) {
  int fd = open(path, O_RDONLY);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

// CLONE_FILES: one table of descriptors. CLONE_FS: one current directory. Without: a copy of each.
static void files_and_fs(void) {
  mkdir("/d");
  touch("/d/in");
  start(CLONE_VM, close_0, 0);
  require(child_status() == 0 && finished == 0, "the child got descriptor %d", finished);
  struct stat st;
  require(fstat(0, &st) == 0 && st.type == T_DEVICE, "the child closed its maker's descriptor");
  require(!here("in"), "the child's chdir is its maker's");
  start(CLONE_VM | CLONE_FILES | CLONE_FS, close_0, 0);
  require(child_status() == 0, "chdir failed");
  require(fstat(0, &st) == 0 && st.type == T_FILE, "the child's open is not seen");
  require(here("in"), "the child's chdir is not seen");
  char c;
  require(read(0, &c, 1) == 1, "the child's file was closed at its exit");
}

static int exec_echo(void *arg) {
  char *argv[] = {"/echo", "-", 0};
  pause(3);
  counter = 1;
  exec("/echo", argv);
  return *(int *)arg;
}

// CLONE_VFORK: the maker sleeps until the child has left the memory, by exec or exit. exec leaves the table of
// descriptors, too.
static void vfork(void) {
  int status = 9;
  int id = start(CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, exec_echo, &status);
  require(counter == 1, "clone returned before the child called exec");
  require(wait(&status) == id && status == 0, "status %d", status);
  struct stat st;
  require(fstat(1, &st) == 0, "the program that ended closed its maker's descriptors");
  start(CLONE_VM | CLONE_VFORK, set_counter, (void *)7);
  require(counter == 7, "clone returned before the child had exited");
}

static volatile int ids[3];

static int ids_of(void *arg) {
  (void)arg;
  ids[0] = gettid();
  ids[1] = getpid();
  uint64_t tp;
  __asm__ volatile("mv %0, tp" : "=r"(tp));
  require(tp == 0x1234567890, "tp is %lx", tp);
  while (finished == 0) pause(1);
  return 0;
}

// The ids of a thread, stored where the flags say, and cleared at its end.
static void tids(void) {
  static volatile int parent_tid, child_tid;
  int id = clone(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | 0x40000 |
                     CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID,
                 stack(), ids_of, 0, &parent_tid, (void *)0x1234567890, &child_tid);
  require(id > 0 && parent_tid == id && child_tid == id, "%d: %d %d", id, parent_tid, child_tid);
  while (ids[1] == 0) pause(1);
  require(ids[0] == id && ids[1] == getpid(), "tid %d, pid %d", ids[0], ids[1]);
  require(wait(0) == -1, "a thread was waited for");
  finished = 1;
  for (int i = 0; child_tid != 0; i++) {
    require(i < 100, "the id was not cleared");
    pause(1);
  }
  // In a copy of the memory the child's id is stored for the child, its maker's for the maker.
  parent_tid = 0;
  id = clone(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID, stack(), set_counter, 0, &parent_tid, 0, &child_tid);
  require(parent_tid == id && child_tid == 0, "%d: %d %d", id, parent_tid, child_tid);
  require(child_status() == 5, "the child's status");
}

static int parents_child(void *arg) {
  (void)arg;
  int id = start(CLONE_VM | CLONE_PARENT, set_counter, (void *)1);
  require(wait(0) == -1, "a sibling was waited for");
  ids[0] = id;
  return 0;
}

// CLONE_PARENT: the caller's parent waits for the child.
static void parent(void) {
  int id = start(CLONE_VM, parents_child, 0);
  int first = wait(0), second = wait(0);
  require((first == id && second == ids[0]) || (first == ids[0] && second == id), "%d and %d ended",
          first, second);
}

static int spin(void *arg) {
  (void)arg;
  finished++;
  while (counter >= 0) counter++;
  return 0;
}

static int read_kernel(void *arg) {
  (void)arg;
  return *(volatile char *)KERNBASE;
}

static int kill_process(void *arg) {
  (void)arg;
  kill(getpid());
  pause(1000);
  return 0;
}

static void end_by(uint64_t how) {
  thread(spin, 0);
  thread(spin, 0);
  wait_for(&finished, 2);
  if (how == 2) {  // the first thread ends; its process does when the last one has
    thread(kill_process, 0);
    exit(3);
  }
  thread(how == 0 ? read_kernel : kill_process, 0);
  for (;;) pause(1);
}

// A fatal fault, or kill, ends a process with all its threads; exit ends one thread.
static void group_ends(void) {
  for (int how = 0; how < 3; how++) {
    int status = status_of(end_by, how);
    require(status == (how == 2 ? 3 : -1), "status %d after way %d", status, how);
  }
}

static int exec_of_thread(void *arg) {
  char *argv[] = {"/clonetest", "one", 0};
  exec("/nosuch", argv);  // fails, and ends nobody
  finished++;
  exec("/clonetest", argv);
  return *(int *)arg;
}

static void exec_in_thread(uint64_t unused) {
  (void)unused;
  thread(spin, 0);
  thread(exec_of_thread, 0);
  for (;;) pause(1);
}

// exec by a thread: the others end, and the program has the process's id. The status is the program's.
static void group_exec(void) {
  require(status_of(exec_in_thread, 0) == 0, "the program's status");
}

static int wait_in_thread(void *arg) {
  int status = -1;
  ids[0] = wait(&status);
  ids[1] = status;
  *(volatile int *)arg = 1;
  return 0;
}

// Any thread may wait for any thread's child.
static void wait_by_thread(void) {
  int pid = must_fork();
  if (pid == 0) {
    pause(2);
    exit(6);
  }
  thread(wait_in_thread, (void *)&finished);
  wait_for(&finished, 1);
  require(ids[0] == pid && ids[1] == 6, "waited for %d: %d", ids[0], ids[1]);
}

// What is not here, or makes no sense, is refused, and nothing is left of it.
static void refused(void) {
  unsigned long bad[] = {CLONE_PIDFD, CLONE_VM | CLONE_THREAD, CLONE_SIGHAND, 9, 1UL << 32 | CLONE_VM};
  struct sysinfo before, after;
  void *top = stack();
  sysinfo(&before);
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    require(clone(bad[i], top, set_counter, 0) == -1, "flags %lx were taken", bad[i]);
  }
  sysinfo(&after);
  require(after.freemem == before.freemem && after.nproc == before.nproc, "something was kept");
}

static const struct test tests[] = {
    {"threads", threads},
    {"heap", heap},
    {"shared_child", shared_child},
    {"copied_child", copied_child},
    {"fork_beside_thread", fork_beside_thread},
    {"unmap", unmap},
    {"files_and_fs", files_and_fs},
    {"vfork", vfork},
    {"tids", tids},
    {"parent", parent},
    {"group_ends", group_ends},
    {"group_exec", group_exec},
    {"wait_by_thread", wait_by_thread},
    {"refused", refused},
    {0, 0},
};

int main(int argc, char *argv[]) {
  if (argc == 2 && strcmp(argv[1], "one") == 0) return gettid() == getpid() && wait(0) == -1 ? 0 : 1;
  return test_main("clonetest", tests, argc, argv);
}

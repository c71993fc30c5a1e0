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
  return start(CLONE_VM | CLONE_THREAD, fn, arg);
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

static const struct test tests[] = {
    {"threads", threads},
    {"heap", heap},
    {"shared_child", shared_child},
    {"copied_child", copied_child},
    {"fork_beside_thread", fork_beside_thread},
    {"unmap", unmap},
    {0, 0},
};

int main(int argc, char *argv[]) {
  return test_main("clonetest", tests, argc, argv);
}

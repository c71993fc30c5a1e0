// fork, exit, wait, kill, pipes and the scheduler.
#include "tests.h"

// More bytes than a pipe holds, read in pieces of growing size.
void test_pipe1(void) {
  enum { WRITES = 5, SIZE = 1033 };
  int ends[2];
  require(pipe(ends) == 0, "pipe failed");
  uint8_t next = 0;
  if (must_fork() == 0) {
    close(ends[0]);
    for (int i = 0; i < WRITES; i++) {
      for (int j = 0; j < SIZE; j++) buffer[j] = next++;
      require(write(ends[1], buffer, SIZE) == SIZE, "short write");
    }
    exit(0);
  }
  close(ends[1]);
  int total = 0, n;
  for (unsigned piece = 1; (n = read(ends[0], buffer, piece)) > 0; total += n) {
    for (int i = 0; i < n; i++) {
      require((uint8_t)buffer[i] == next++, "byte %d is wrong", total + i);
    }
    piece = piece * 2 < sizeof buffer ? piece * 2 : sizeof buffer;
  }
  require(total == WRITES * SIZE, "read %d bytes in all", total);
  close(ends[0]);
  require(child_status() == 0, "the writer failed");
}

// A killed process reports -1.
void test_killstatus(void) {
  for (int i = 0; i < 100; i++) {
    int pid = must_fork();
    if (pid == 0) {
      for (;;) getpid();
    }
    pause(1);
    kill(pid);
    require(child_status() == -1, "status of a killed child is not -1");
  }
}

static void spin(void) {
  for (;;) asm volatile("");
}

// Endless loops must not keep the processor.
void test_preempt(void) {
  int pids[3], ends[2];
  for (int i = 0; i < 2; i++) {
    if ((pids[i] = must_fork()) == 0) spin();
  }
  require(pipe(ends) == 0, "pipe failed");
  if ((pids[2] = must_fork()) == 0) {
    close(ends[0]);
    require(write(ends[1], "x", 1) == 1, "write failed");
    close(ends[1]);
    spin();
  }
  close(ends[1]);
  require(read(ends[0], buffer, sizeof buffer) == 1, "read failed");
  close(ends[0]);
  printf("kill... ");
  for (int i = 0; i < 3; i++) kill(pids[i]);
  printf("wait... ");
  for (int i = 0; i < 3; i++) child_status();
}

// wait returns the right child with the right status.
void test_exitwait(void) {
  for (int i = 0; i < 100; i++) {
    int pid = must_fork();
    if (pid == 0) exit(i);
    int status = -1;
    require(wait(&status) == pid, "wait returned another pid");
    require(status == i, "status %d instead of %d", status, i);
  }
  require(wait(0) == -1, "wait without a child did not fail");
}

// Parents that leave while their children live.
void test_reparent(void) {
  int me = getpid();
  for (int i = 0; i < 200; i++) {
    int pid = must_fork();
    if (pid == 0) {
      if (fork() < 0) kill(me);
      exit(0);
    }
    require(wait(0) == pid, "wait returned another pid");
  }
}

// Two children that may exit at the same moment.
void test_twochildren(void) {
  for (int i = 0; i < 1000; i++) {
    for (int j = 0; j < 2; j++) {
      if (must_fork() == 0) exit(0);
    }
    child_status();
    child_status();
  }
}

static void fork_often(void) {
  for (int i = 0; i < 200; i++) {
    if (must_fork() == 0) exit(0);
    child_status();
  }
  exit(0);
}

void test_forkfork(void) {
  for (int i = 0; i < 2; i++) {
    if (must_fork() == 0) fork_often();
  }
  for (int i = 0; i < 2; i++) require(child_status() == 0, "fork in a child failed");
}

// Forking children that fork, until the process table is full and for some time after.
void test_forkforkfork(void) {
  unlink("stopforking");
  if (must_fork() == 0) {
    for (;;) {
      if (open("stopforking", O_RDONLY) >= 0) exit(0);
      if (fork() < 0) close(open("stopforking", O_CREATE | O_RDWR));
    }
  }
  pause(20);
  touch("stopforking");
  child_status();
  pause(10);  // until init has buried the rest
  unlink("stopforking");
}

// Orphans given to init while init is waiting for others.
void test_reparent2(void) {
  for (int i = 0; i < 800; i++) {
    if (must_fork() == 0) {
      fork();
      fork();
      exit(0);
    }
    child_status();
  }
}

// fork fails when processes or memory are out, and all that were made can be waited for.
void test_forktest(void) {
  enum { LIMIT = 1000 };
  int n = 0;
  for (; n < LIMIT; n++) {
    int pid = fork();
    if (pid < 0) break;
    if (pid == 0) exit(0);
  }
  require(n > 0, "no fork at all");
  require(n < LIMIT, "fork worked %d times", LIMIT);
  for (; n > 0; n--) require(wait(0) >= 0, "wait stopped early");
  require(wait(0) == -1, "wait got too many");
}

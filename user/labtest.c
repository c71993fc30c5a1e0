// The calls of the syscall and traps labs: sigalarm and sigreturn, sysinfo, interpose.
#include "lib/testing.h"

static volatile int count;
static volatile int in_handler;

static void on_alarm(void) {
  count++;
  sigreturn();
  fail("sigreturn returned");
}

// A sum over registers that a handler would spoil if any were not put back. Not pure to the compiler, which
// else works it out once.
static __attribute__((noinline)) uint64_t mix(uint64_t n) {
  __asm__ volatile("" : "+r"(n));
  uint64_t a = 1, b = 2, c = 3, d = 5, e = 7, f = 11, g = 13, h = 17;
  for (uint64_t i = 0; i < n; i++) {
    a += b ^ i, b += c * 3, c ^= d + i, d += e << 1, e ^= f, f += g * 5, g ^= h, h += a;
  }
  return a ^ b ^ c ^ d ^ e ^ f ^ g ^ h;
}

// The handler is called again and again, and nobody's registers change.
static void alarm(void) {
  uint64_t alone = mix(2000);
  require(sigalarm(1, on_alarm) == 0, "sigalarm failed");
  for (int i = 0; count < 20; i++) {
    require(i < 1000, "the handler was called %d times", count);
    require(mix(2000) == alone, "registers changed after %d alarms", count);
  }
  require(sigalarm(0, 0) == 0, "sigalarm failed");
  int then = count;
  for (int i = 0; i < 20; i++) mix(2000);
  require(count == then, "an alarm that was ended goes on");
}

// a0 holds what it held, also where 53 bits are not enough for it.
static void alarm_a0(void) {
  sigalarm(1, on_alarm);
  uint64_t a0 = 0;
  __asm__ volatile(
      "li a0, 0x8123456789abcdef\n"
      "1: lw t0, (%1)\n"
      "li t1, 3\n"
      "blt t0, t1, 1b\n"
      "mv %0, a0\n"
      : "=r"(a0) : "r"(&count) : "a0", "t0", "t1", "memory");
  require(a0 == 0x8123456789abcdef, "a0 became %lx", a0);
}

static void slow_handler(void) {
  require(in_handler == 0, "the handler was called inside itself");
  in_handler = 1;
  for (int i = 0; i < 30; i++) mix(1000);
  in_handler = 0;
  count++;
  sigalarm(0, 0);
  sigreturn();
  fail("sigreturn returned");
}

// A handler that takes longer than its interval is not called inside itself, and may end its own alarm.
static void alarm_slow(void) {
  sigalarm(1, slow_handler);
  for (int i = 0; i < 1000 && count == 0; i++) mix(1000);
  require(count == 1, "the handler ended %d times", count);
  for (int i = 0; i < 30; i++) mix(1000);
  require(count == 1, "an alarm that was ended goes on");
  require(sigreturn() == -1, "sigreturn without a handler succeeded");
}

static volatile int child;

static void forking_handler(void) {
  if (count++ == 0) child = must_fork();
  sigreturn();
  fail("sigreturn returned");
}

// A child has no alarm, but returns from the handler that it was made in.
static void alarm_fork(void) {
  sigalarm(1, forking_handler);
  for (int i = 0; i < 1000 && count == 0; i++) mix(1000);
  if (child == 0) {
    for (int i = 0; i < 30; i++) mix(1000);
    exit(count == 1 ? 0 : 1);
  }
  sigalarm(0, 0);
  int status = child_status();
  require(status == 0, "the child's status is %d", status);
}

// Free bytes and processes, as they are.
static void info(void) {
  struct sysinfo before, after;
  require(sysinfo(&before) == 0, "sysinfo failed");
  require(sbrk(PGSIZE) != SBRK_ERROR, "sbrk failed");
  sysinfo(&after);
  require(before.freemem - after.freemem == PGSIZE, "a page is %lu bytes less",
          before.freemem - after.freemem);
  int pid = must_fork();
  if (pid == 0) {
    sysinfo(&after);
    exit(after.nproc == before.nproc + 1 ? 0 : 1);
  }
  require(child_status() == 0, "one process more is not one more");
  sysinfo(&after);
  require(after.nproc == before.nproc, "%lu processes", after.nproc);
  require(sysinfo((struct sysinfo *)0xeaeb0b5b00002f5e) == -1, "a bad pointer was taken");
}

// What is forbidden fails, the one path is allowed, and children are in the same sandbox.
static void sandbox(void) {
  touch("allowed");
  touch("other");
  if (must_fork() == 0) {
    require(interpose(1 << 15 | 1 << 7 | 1 << 11, "allowed") == 0, "interpose failed");
    require(open("other", O_RDONLY) == -1, "open was allowed");
    require(open("allowed", O_RDONLY) >= 0, "open of the path failed");
    require(getpid() == -1, "getpid was allowed");
    char *argv[] = {"echo", 0};
    require(exec("echo", argv) == -1, "exec was allowed");
    if (must_fork() == 0) exit(open("other", O_RDONLY) == -1 ? 0 : 1);
    exit(child_status());
  }
  require(child_status() == 0, "the sandbox leaks");
  require(open("other", O_RDONLY) >= 0, "the parent is in the sandbox, too");
}

static const struct test tests[] = {
    {"alarm", alarm},           {"alarm_a0", alarm_a0}, {"alarm_slow", alarm_slow},
    {"alarm_fork", alarm_fork}, {"info", info},         {"sandbox", sandbox},
    {0, 0},
};

int main(int argc, char *argv[]) {
  return test_main("labtest", tests, argc, argv);
}

// For programs that test: a test is a function, runs in a process of its own, and passes by
// returning.
#pragma once
#include "user.h"

struct test {
  const char *name;
  void (*run)(void);
};

// Run the tests, ended by a row without a name, up to the first that fails: all, or the one named
// `only`. Prints "test NAME: OK" or "FAILED" for each. The number run, or -1 if one failed.
int run_tests(const struct test *tests, const char *only);

// The main of a program that is nothing but tests; the arguments may name some.
int test_main(const char *program, const struct test *tests, int argc, char *argv[]);

// Say what went wrong, after the test's name, and end the process with status 1.
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#define require(condition, ...)           \
  do {                                    \
    if (!(condition)) fail(__VA_ARGS__);  \
  } while (0)

int must_fork(void);
int child_status(void);  // waits for a child, which must be there

// Run body(argument) in a child; its exit status, 0 if it returned, -1 if it was killed.
int status_of(void (*body)(uint64_t), uint64_t argument);

// One access each, for a child that is to be killed by it; status 1 if it survives.
void try_load(uint64_t address);
void try_store(uint64_t address);

void must_kill(void (*body)(uint64_t), uint64_t argument);

int must_open(const char *path, int flags);
void touch(const char *path);                   // an empty file, if there is none
void make_file(const char *path, const char *content);
void numbered(char *name, char letter, int n);  // letter and three digits

// The shell's tree of a command line.
#pragma once
#include "../lib/user.h"

#define MAXWORDS 16

enum kind {
  SIMPLE,      // words
  REDIRECT,    // left, its input or output on a file
  PIPE,        // left | right
  SEQUENCE,    // left ; right (right may be 0)
  BACKGROUND,  // left &
};

enum mode { INPUT, OUTPUT, APPEND };

struct node {
  enum kind kind;
  struct node *left, *right;
  char *words[MAXWORDS + 1];  // SIMPLE: a 0 after the last
  char *file;                 // REDIRECT
  enum mode mode;             // REDIRECT
};

// parse.c: the tree of a line, 0 if it is blank. A mistake is reported and ends the process.
struct node *parse(const char *line);

// run.c: does what the tree says and exits with the status of its last command.
void run(struct node *tree) __attribute__((noreturn));
int fork_or_die(void);

void die(const char *what, const char *detail) __attribute__((noreturn));

// From a line to a tree, by recursive descent:
//
//   line     := { pipeline ( ";" | "&" ) } [ pipeline ]
//   pipeline := command [ "|" pipeline ]
//   command  := ( "(" line ")" | word ) { word | redirect }
//   redirect := ( "<" | ">" | ">>" ) word
#include "sh.h"

static const char *at;  // what is still to be read

static bool blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool symbol(char c) {
  return c != 0 && strchr("<|>&;()", c) != 0;
}

// The next character that means something, 0 at the end.
static char peek(void) {
  while (blank(*at)) at++;
  return *at;
}

static bool take(char c) {
  if (peek() != c) return false;
  at++;
  return true;
}

static void *room(size_t n) {
  void *p = malloc(n);
  if (p == 0) die("out of memory", "");
  return memset(p, 0, n);
}

static struct node *node(enum kind kind, struct node *left, struct node *right) {
  struct node *n = room(sizeof *n);
  n->kind = kind;
  n->left = left;
  n->right = right;
  return n;
}

static bool word_next(void) {
  char c = peek();
  return c != 0 && !symbol(c);
}

static char *word(void) {
  const char *start = at;
  while (*at != 0 && !blank(*at) && !symbol(*at)) at++;
  char *copy = room(at - start + 1);
  return memmove(copy, start, at - start);
}

static bool redirect(enum mode *mode) {
  if (take('<')) *mode = INPUT;
  else if (!take('>')) return false;
  else if (*at == '>') at++, *mode = APPEND;
  else *mode = OUTPUT;
  return true;
}

static struct node *line(void);

static struct node *command(void) {
  struct node *inner, *words = 0;
  if (take('(')) {
    inner = line();
    if (!take(')')) die("syntax", "missing )");
    if (inner == 0) die("syntax", "nothing between ( and )");
  } else {
    inner = words = node(SIMPLE, 0, 0);
  }

  // Of several redirections the last stands: it is the innermost, so it is opened last.
  struct node **hole = &inner;
  int n = 0, redirects = 0;
  for (enum mode mode;;) {
    if (redirect(&mode)) {
      if (!word_next()) die("missing file for redirection", "");
      struct node *r = node(REDIRECT, *hole, 0);
      r->file = word();
      r->mode = mode;
      *hole = r;
      hole = &r->left;
      redirects++;
    } else if (words != 0 && word_next()) {
      if (n == MAXWORDS) die("too many args", "");
      words->words[n++] = word();
    } else {
      break;
    }
  }
  if (words != 0 && n == 0 && redirects == 0) return 0;
  return inner;
}

static struct node *pipeline(void) {
  struct node *left = command();
  if (peek() != '|') return left;
  take('|');
  struct node *right = pipeline();
  if (left == 0 || right == 0) die("syntax", "nothing beside |");
  return node(PIPE, left, right);
}

static struct node *line(void) {
  struct node *left = pipeline();
  char c = peek();
  if (c != ';' && c != '&') return left;
  take(c);
  if (left == 0) die("syntax", c == ';' ? "nothing before ;" : "nothing before &");
  if (c == '&') left = node(BACKGROUND, left, 0);
  struct node *right = line();
  return right == 0 ? left : node(SEQUENCE, left, right);
}

struct node *parse(const char *text) {
  at = text;
  struct node *tree = line();
  if (peek() != 0) die("syntax", at);
  return tree;
}

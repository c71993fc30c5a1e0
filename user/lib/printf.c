// Formatted output, gathered so that a short line is one write call and lines of several processes
// do not mix letter by letter.
#include "user.h"

struct out {
  int fd, n;
  char bytes[128];
};

static void flush(struct out *o) {
  if (o->n > 0) write(o->fd, o->bytes, o->n);
  o->n = 0;
}

static void put(struct out *o, char c) {
  if (o->n == sizeof o->bytes) flush(o);
  o->bytes[o->n++] = c;
}

static void pad(struct out *o, char c, int n) {
  while (n-- > 0) put(o, c);
}

struct field {
  int width;
  bool left, zero;
};

static void text(struct out *o, struct field f, const char *s, int n) {
  if (!f.left) pad(o, ' ', f.width - n);
  for (int i = 0; i < n; i++) put(o, s[i]);
  if (f.left) pad(o, ' ', f.width - n);
}

static void number(struct out *o, struct field f, uint64_t value, unsigned base, bool negative) {
  char digits[20];
  int n = 0;
  do digits[n++] = "0123456789abcdef"[value % base];
  while ((value /= base) != 0);

  int blanks = f.width - n - negative;
  if (!f.left && !f.zero) pad(o, ' ', blanks);
  if (negative) put(o, '-');
  if (!f.left && f.zero) pad(o, '0', blanks);
  while (n > 0) put(o, digits[--n]);
  if (f.left) pad(o, ' ', blanks);
}

void vfprintf(int fd, const char *format, va_list args) {
  struct out o = {.fd = fd};
  for (const char *p = format; *p != 0; p++) {
    if (*p != '%') {
      put(&o, *p);
      continue;
    }
    const char *start = p++;
    struct field f = {0};
    for (; *p == '-' || *p == '0'; p++) {
      if (*p == '-') f.left = true;
      else f.zero = true;
    }
    while (*p >= '0' && *p <= '9') f.width = f.width * 10 + (*p++ - '0');
    bool wide = *p == 'l';
    while (*p == 'l') p++;

    switch (*p) {
      case 'd':
      case 'i': {
        int64_t v = wide ? va_arg(args, int64_t) : va_arg(args, int);
        number(&o, f, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, v < 0);
        break;
      }
      case 'u':
      case 'x': {
        uint64_t v = wide ? va_arg(args, uint64_t) : va_arg(args, unsigned);
        number(&o, f, v, *p == 'u' ? 10 : 16, false);
        break;
      }
      case 'p':
        put(&o, '0');
        put(&o, 'x');
        number(&o, (struct field){.width = 16, .zero = true}, va_arg(args, uint64_t), 16, false);
        break;
      case 'c': {
        char c = va_arg(args, int);
        text(&o, f, &c, 1);
        break;
      }
      case 's': {
        const char *s = va_arg(args, const char *);
        if (s == 0) s = "(null)";
        text(&o, f, s, strlen(s));
        break;
      }
      case '%':
        put(&o, '%');
        break;
      default:  // not a conversion of ours: show it as it stands
        while (start < p) put(&o, *start++);
        if (*p == 0) p--;
        else put(&o, *p);
    }
  }
  flush(&o);
}

void fprintf(int fd, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vfprintf(fd, format, args);
  va_end(args);
}

void printf(const char *format, ...) {
  va_list args;
  va_start(args, format);
  vfprintf(1, format, args);
  va_end(args);
}

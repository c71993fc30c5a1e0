// Memory and string functions. The bulk ones work a word at a time where alignment allows: an
// emulated byte loop over megabytes is what a person would wait for.
#include "user.h"

typedef uint64_t __attribute__((may_alias)) word;

#define ALIGNED(a, b) ((((uintptr_t)(a) | (uintptr_t)(b)) & 7) == 0)

void *memset(void *dst, int byte, size_t n) {
  unsigned char *d = dst;
  while (n > 0 && ((uintptr_t)d & 7) != 0) {
    *d++ = byte;
    n--;
  }
  uint64_t pattern = (byte & 0xff) * 0x0101010101010101UL;
  for (; n >= 8; n -= 8, d += 8) *(word *)d = pattern;
  while (n-- > 0) *d++ = byte;
  return dst;
}

void *memmove(void *dst, const void *src, size_t n) {
  unsigned char *d = dst;
  const unsigned char *s = src;
  if (d <= s || d >= s + n) {
    if (ALIGNED(d, s)) {
      for (; n >= 8; n -= 8, d += 8, s += 8) *(word *)d = *(const word *)s;
    }
    while (n-- > 0) *d++ = *s++;
  } else {
    d += n;
    s += n;
    if (ALIGNED(d, s)) {
      for (; n >= 8; n -= 8) *(word *)(d -= 8) = *(const word *)(s -= 8);
    }
    while (n-- > 0) *--d = *--s;
  }
  return dst;
}

void *memcpy(void *dst, const void *src, size_t n) {
  return memmove(dst, src, n);
}

int memcmp(const void *a, const void *b, size_t n) {
  const unsigned char *x = a, *y = b;
  for (size_t i = 0; i < n; i++) {
    if (x[i] != y[i]) return x[i] - y[i];
  }
  return 0;
}

size_t strlen(const char *s) {
  size_t n = 0;
  while (s[n] != 0) n++;
  return n;
}

char *strcpy(char *dst, const char *src) {
  for (size_t i = 0; (dst[i] = src[i]) != 0;) i++;
  return dst;
}

int strcmp(const char *a, const char *b) {
  while (*a != 0 && *a == *b) a++, b++;
  return (unsigned char)*a - (unsigned char)*b;
}

char *strchr(const char *s, int c) {
  for (; *s != 0; s++) {
    if (*s == (char)c) return (char *)s;
  }
  return 0;
}

int atoi(const char *s) {
  int sign = 1, n = 0;
  if (*s == '-') sign = -1, s++;
  while (*s >= '0' && *s <= '9') n = n * 10 + (*s++ - '0');
  return sign * n;
}

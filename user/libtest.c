// The C library itself: memory and strings, printf, malloc.
//
//   libtest [NAME ...]
#include "lib/testing.h"

#define SIZE 96

static unsigned state = 1;

static unsigned draw(unsigned n) {
  state = state * 1664525 + 1013904223;
  return (state >> 8) % n;
}

// Every start, end and distance within a few words, against a loop of bytes.
static void moving(void) {
  char got[SIZE], expected[SIZE], original[SIZE];
  for (int i = 0; i < SIZE; i++) original[i] = i + 1;
  for (int from = 0; from < 24; from++) {
    for (int to = 0; to < 24; to++) {
      for (int n = 0; n < 40; n += 1 + n / 8) {
        memmove(got, original, SIZE);
        for (int i = 0; i < SIZE; i++) expected[i] = original[i];
        for (int i = 0; i < n; i++) expected[to + i] = original[from + i];
        require(memmove(got + to, got + from, n) == got + to, "memmove returned something else");
        for (int i = 0; i < SIZE; i++) {
          require(got[i] == expected[i], "memmove %d to %d, %d bytes: byte %d", from, to, n, i);
        }
      }
    }
  }
}

static void setting(void) {
  char got[SIZE];
  for (int start = 0; start < 17; start++) {
    for (int n = 0; n < 40; n++) {
      for (int i = 0; i < SIZE; i++) got[i] = 7;
      require(memset(got + start, 0x1f0, n) == got + start, "memset returned something else");
      for (int i = 0; i < SIZE; i++) {
        char expected = i >= start && i < start + n ? (char)0xf0 : 7;
        require(got[i] == expected, "memset at %d, %d bytes: byte %d", start, n, i);
      }
    }
  }
}

static void strings(void) {
  char copy[8];
  require(strlen("") == 0 && strlen("abc") == 3, "strlen");
  require(strcpy(copy, "hello") == copy && strcmp(copy, "hello") == 0, "strcpy");
  require(strcmp("", "") == 0 && strcmp("a", "b") < 0 && strcmp("b", "a") > 0, "strcmp");
  require(strcmp("a", "ab") < 0 && strcmp("\xff", "a") > 0, "strcmp of unequal length or sign");
  require(memcmp("abc", "abd", 2) == 0 && memcmp("abc", "abd", 3) < 0, "memcmp");
  require(memcmp("\xff", "a", 1) > 0 && memcmp("a\0b", "a\0c", 3) < 0, "memcmp of any bytes");
  require(strchr(copy, 'l') == copy + 2 && strchr(copy, 'x') == 0, "strchr");
  require(atoi("") == 0 && atoi("042x") == 42 && atoi("-17") == -17, "atoi");
}

static int ends[2];

static void says(const char *expected) {
  static char got[512];
  int n = read(ends[0], got, sizeof got - 1);
  require(n >= 0, "printf wrote nothing");
  got[n] = 0;
  require(strcmp(got, expected) == 0, "printf wrote \"%s\" instead of \"%s\"", got, expected);
}

#define PRINTS(expected, ...)      \
  do {                             \
    fprintf(ends[1], __VA_ARGS__); \
    says(expected);                \
  } while (0)

static void printing(void) {
  require(pipe(ends) == 0, "pipe failed");
  PRINTS("plain", "plain");
  PRINTS("0 -1 2147483647 -2147483648", "%d %i %d %d", 0, -1, 0x7fffffff, (int)0x80000000);
  PRINTS("4294967295 ffffffff", "%u %x", ~0u, ~0u);
  PRINTS("-9223372036854775808", "%ld", (long)(1UL << 63));
  PRINTS("18446744073709551615 ffffffffffffffff", "%lu %llx", ~0UL, ~0ULL);
  PRINTS("0x0000000080000000", "%p", (void *)KERNBASE);
  PRINTS("a, text, 100%", "%c, %s, %d%%", 'a', "text", 100);
  PRINTS("[   42] [42   ] [00042]", "[%5d] [%-5d] [%05d]", 42, 42, 42);
  PRINTS("[  -42] [-42  ] [-0042]", "[%5d] [%-5d] [%05d]", -42, -42, -42);
  PRINTS("[  ab] [ab  ] [abcdef]", "[%4s] [%-4s] [%4s]", "ab", "ab", "abcdef");
  char *volatile null = 0;
  const char *volatile odd = "%q %";  // no conversion of ours, and none at all
  PRINTS("(null)", "%s", null);
  PRINTS("%q %", odd, 0);
  char longer[301];
  memset(longer, 'x', 300);
  longer[300] = 0;
  fprintf(ends[1], "%s", longer);
  says(longer);
}

// Blocks of random sizes, taken and freed in random order: none may touch another.
static void allocating(void) {
  enum { BLOCKS = 64 };
  static unsigned char *blocks[BLOCKS];
  static unsigned sizes[BLOCKS];
  char *top = 0;
  for (int step = 0; step < 20000; step++) {
    int i = draw(BLOCKS);
    if (blocks[i] != 0) {
      for (unsigned j = 0; j < sizes[i]; j += 61) {
        require(blocks[i][j] == (unsigned char)(i + sizes[i]), "block %d was written to", i);
      }
      free(blocks[i]);
      blocks[i] = 0;
    } else {
      sizes[i] = draw(4) == 0 ? draw(9000) : draw(200);
      blocks[i] = malloc(sizes[i]);
      require(blocks[i] != 0, "no memory");
      require((uintptr_t)blocks[i] % 16 == 0, "%p is not aligned", (void *)blocks[i]);
      memset(blocks[i], i + sizes[i], sizes[i]);
    }
    if (step == 10000) top = sbrk(0);
  }
  for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
  require(sbrk(0) - top < 1 << 18, "the heap keeps growing");
  free(0);
  require(malloc(0) != 0, "malloc(0) failed");
  require(malloc(1UL << 40) == 0, "malloc of a TiB succeeded");
}

static const struct test tests[] = {
    {"moving", moving},     {"setting", setting},       {"strings", strings},
    {"printing", printing}, {"allocating", allocating}, {0, 0},
};

int main(int argc, char *argv[]) {
  return test_main("libtest", tests, argc, argv);
}

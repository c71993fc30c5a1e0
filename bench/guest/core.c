/*
 * What small embedded programs do, in about CoreMark's mix, and nothing of its text: a linked list is
 * built, searched, reversed and sorted by merging; matrices of integers are multiplied; a line of
 * text is cut into words by a state machine; a CRC-16 goes over what each of them found. Integers
 * only. The CRC is known.
 */
#include "start.h"

#define ITEMS 200
#define SIDE 16
#define TEXT 480
#define ROUNDS 3600
#define EXPECT 0x4c3f

#define APART __attribute__((noinline))

typedef unsigned short u16;

struct item {
  struct item *next;
  u16 key;
  u16 place;
};

enum word { SPACE, NAME, DECIMAL, HEX, STRING, COMMENT, SIGN, WRONG, WORDS };

static struct item items[ITEMS];
static int left[SIDE][SIDE], right[SIDE][SIDE], product[SIDE][SIDE];
static char text[TEXT];
static u32 found[WORDS];

static APART u16 crc(u16 sum, u32 value) {
  for (int byte = 0; byte < 4; byte++, value >>= 8) {
    sum ^= (u16)((value & 0xff) << 8);
    for (int bit = 0; bit < 8; bit++) sum = (u16)(sum & 0x8000 ? sum << 1 ^ 0x1021 : sum << 1);
  }
  return sum;
}

static APART struct item *build(u32 seed) {
  struct item *list = 0;
  for (int i = 0; i < ITEMS; i++) {
    seed = seed * 69069 + 12345;
    items[i].key = (u16)(seed >> 18);
    items[i].place = (u16)i;
    items[i].next = list;
    list = &items[i];
  }
  return list;
}

static int by_key(const struct item *a, const struct item *b) {
  return a->key != b->key ? a->key - b->key : a->place - b->place;
}

static int by_place(const struct item *a, const struct item *b) {
  return a->place - b->place;
}

static APART struct item *merge(struct item *a, struct item *b,
                                int (*order)(const struct item *, const struct item *)) {
  struct item *list, **end = &list;
  while (a != 0 && b != 0) {
    struct item **less = order(a, b) <= 0 ? &a : &b;
    *end = *less;
    end = &(*less)->next;
    *less = *end;
  }
  *end = a != 0 ? a : b;
  return list;
}

static struct item *sort(struct item *list,
                         int (*order)(const struct item *, const struct item *)) {
  if (list == 0 || list->next == 0) return list;
  struct item *middle = list;
  for (struct item *end = list->next; end != 0 && end->next != 0; end = end->next->next)
    middle = middle->next;
  struct item *second = middle->next;
  middle->next = 0;
  return merge(sort(list, order), sort(second, order), order);
}

static APART struct item *reverse(struct item *list) {
  struct item *reversed = 0;
  while (list != 0) {
    struct item *next = list->next;
    list->next = reversed;
    reversed = list;
    list = next;
  }
  return reversed;
}

/* How far down the list the first item with such a key is; ITEMS when there is none. */
static APART u32 search(const struct item *list, u16 bits) {
  u32 steps = 0;
  while (list != 0 && (list->key & 0xff) != bits) {
    list = list->next;
    steps++;
  }
  return steps;
}

static APART u16 lists(u16 sum, u32 round) {
  struct item *list = build(round);
  for (u32 i = 0; i < 24; i++) sum = crc(sum, search(list, (u16)(i * 11 & 0xff)));
  list = sort(list, by_key);
  for (struct item *item = list; item->next != 0; item = item->next)
    if (by_key(item, item->next) > 0) return 0;
  sum = crc(sum, (u32)list->key << 16 | list->place);
  list = sort(reverse(list), by_place);
  for (u32 i = 0; i < ITEMS; i++, list = list->next)
    if (list->place != i) return 0;
  return sum;
}

static APART u16 matrices(u16 sum, u32 round) {
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) {
      left[i][j] = (int)((i * 3 + j * 5 + round) % 61) - 30;
      right[i][j] = (int)((i * 7 + j + round * 2) % 53) - 26;
    }
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) {
      int cell = 0;
      for (int k = 0; k < SIDE; k++) cell += left[i][k] * right[k][j];
      product[i][j] = cell;
    }
  int trace = 0, largest = product[0][0];
  for (int i = 0; i < SIDE; i++) {
    trace += product[i][i] >> 2;
    for (int j = 0; j < SIDE; j++)
      if (product[i][j] > largest) largest = product[i][j];
  }
  return crc(crc(sum, (u32)trace), (u32)largest);
}

static int is_digit(char c) { return c >= '0' && c <= '9'; }
static int is_letter(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }
static int is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

/* One character further: the state, and the words that end. 'x' after a first 0 makes a number HEX. */
static APART enum word step(enum word state, char c, char before, u32 *ended) {
  switch (state) {
    case STRING:
      if (c != '"') return STRING;
      ended[STRING]++;
      return SPACE;
    case COMMENT:
      if (c != '\n') return COMMENT;
      ended[COMMENT]++;
      return SPACE;
    case NAME:
      if (is_letter(c) || is_digit(c)) return NAME;
      break;
    case DECIMAL:
      if (is_digit(c)) return DECIMAL;
      if (c == 'x' && before == '0') return HEX;
      if (is_letter(c)) return WRONG;
      break;
    case HEX:
      if (is_hex(c)) return HEX;
      if (is_letter(c)) return WRONG;
      break;
    case WRONG:
      if (is_letter(c) || is_digit(c)) return WRONG;
      break;
    default:
      break;
  }
  ended[state]++;
  if (is_digit(c)) return DECIMAL;
  if (is_letter(c)) return NAME;
  switch (c) {
    case '"':
      return STRING;
    case '#':
      return COMMENT;
    case ' ':
    case '\n':
      return SPACE;
    default:
      return SIGN;
  }
}

static const char SAMPLE[] =
    "loop: ld a0, 16(sp)  # the next one\n addi a1, a1, -0x1f\n"
    " beq a0, a1, 12b7\n .ascii \"0x12 words, not read\"\n li t0, 0xfg\n";

/* The sample over and over, a few of its characters changed, other ones each time. */
static APART void fill(u32 round) {
  u32 seed = round;
  for (int i = 0; i < TEXT; i++) text[i] = SAMPLE[i % (sizeof SAMPLE - 1)];
  for (int i = 0; i < 8; i++) {
    seed = seed * 69069 + 12345;
    text[(seed >> 8) % TEXT] = "0 x#\"\na9"[i];
  }
}

static APART u16 words(u16 sum, u32 round) {
  enum word state = SPACE;
  char before = ' ';
  fill(round);
  for (int i = 0; i < WORDS; i++) found[i] = 0;
  for (int i = 0; i < TEXT; i++) {
    state = step(state, text[i], before, found);
    before = text[i];
  }
  found[state]++;
  for (int i = 0; i < WORDS; i++) sum = crc(sum, found[i]);
  return sum;
}

u64 result(void) {
  u16 sum = 0xffff;
  for (u32 round = 0; round < ROUNDS; round++) {
    sum = lists(sum, round);
    sum = matrices(sum, round);
    for (u32 line = 0; line < 6; line++) sum = words(sum, round * 6 + line);
  }
  return sum;
}

int work(void) {
  return result() != EXPECT;
}

/*
 * What system programs do most, in about Dhrystone's mix, and nothing of its text: a queue of tasks.
 * Records are copied and linked by pointers, names are copied, numbered and compared, states are an
 * enumeration, functions are small and take values and addresses, tables have one and two
 * dimensions. Integers only. Its result is one number, which is known.
 */
#include "start.h"

#define TASKS 12
#define NAME 28
#define ROUNDS 2400000
#define EXPECT 0xb7e9309399b280a7UL

/* A call stays a call, as between files. */
#define APART __attribute__((noinline))

enum state { IDLE, READY, RUNNING, BLOCKED, ENDED, STATES };

struct task {
  struct task *next;
  enum state state;
  u32 number;
  u32 ticks;
  u32 woken;
  char name[NAME];
};

struct queue {
  struct task *first;
  struct task **end;
  u32 length;
};

static const char PATTERN[NAME] = "A WORKER OF THE POOL, NO. 00";
static struct task tasks[TASKS];
static struct queue ready, waiting;
static u32 entered[STATES];
static u32 moves[STATES][STATES];
static u32 recent[64];

static APART void copy(char *to, const char *from, int length) {
  while (length-- > 0) *to++ = *from++;
}

/* Below 0, 0, or above 0, as the first name stands before, with or behind the second. */
static APART int compare(const char *a, const char *b) {
  for (int i = 0; i < NAME; i++)
    if (a[i] != b[i]) return a[i] - b[i];
  return 0;
}

static APART void put_number(char *name, u32 number) {
  name[NAME - 2] = '0' + number / 10 % 10;
  name[NAME - 1] = '0' + number % 10;
}

static APART void append(struct queue *queue, struct task *task) {
  task->next = 0;
  *queue->end = task;
  queue->end = &task->next;
  queue->length++;
}

static APART struct task *take_first(struct queue *queue) {
  struct task *task = queue->first;
  if (task == 0) return 0;
  queue->first = task->next;
  if (queue->first == 0) queue->end = &queue->first;
  queue->length--;
  return task;
}

/* Takes out the task of that name, wherever in the queue it is. */
static APART struct task *take_named(struct queue *queue, const char *name) {
  for (struct task **link = &queue->first; *link != 0; link = &(*link)->next) {
    struct task *task = *link;
    if (compare(task->name, name) != 0) continue;
    *link = task->next;
    if (task->next == 0) queue->end = link;
    queue->length--;
    return task;
  }
  return 0;
}

static APART enum state after(enum state state, u32 ticks) {
  switch (state) {
    case IDLE:
      return READY;
    case READY:
      return RUNNING;
    case RUNNING:
      return ticks % 7 == 3 ? ENDED : ticks % 3 == 0 ? BLOCKED : READY;
    case BLOCKED:
      return READY;
    default:
      return IDLE;
  }
}

static APART void enter(struct task *task, enum state *was) {
  enum state state = after(task->state, task->ticks);
  *was = task->state;
  task->state = state;
  entered[state]++;
  moves[*was][state]++;
}

static APART u32 cost(u32 number, u32 round, u32 *left) {
  u32 ticks = (number * 5 + round) % 17 + 1;
  *left = *left > ticks ? *left - ticks : 1000;
  return ticks;
}

/* The ended task begins anew as a copy of the one that woke least often, under its own name. */
static APART void renew(struct task *task) {
  struct task *least = tasks, old = *task;
  for (struct task *other = tasks + 1; other < tasks + TASKS; other++)
    if (other->woken < least->woken) least = other;
  *task = *least;
  task->next = old.next;
  task->number = old.number;
  task->state = IDLE;
  copy(task->name, PATTERN, NAME);
  put_number(task->name, old.number);
}

static APART u64 mix(u64 sum, u64 value) {
  return (sum << 7 | sum >> 57) ^ value * 0x9e3779b97f4a7c15;
}

static void set_up(struct queue *queue) {
  queue->first = 0;
  queue->end = &queue->first;
  queue->length = 0;
}

u64 result(void) {
  u64 sum = 0;
  u32 left = 1000;
  char wanted[NAME];
  enum state was;
  set_up(&ready);
  set_up(&waiting);
  for (u32 i = 0; i < TASKS; i++) {
    tasks[i].number = i;
    copy(tasks[i].name, PATTERN, NAME);
    put_number(tasks[i].name, i);
    enter(&tasks[i], &was);
    append(&ready, &tasks[i]);
  }
  copy(wanted, PATTERN, NAME);
  for (u32 round = 0; round < ROUNDS; round++) {
    /* One is woken by name, if it is blocked; when nobody is ready, the one that waits longest. */
    put_number(wanted, round * 7 % TASKS);
    struct task *woken = take_named(&waiting, wanted);
    if (woken == 0 && ready.length == 0) woken = take_first(&waiting);
    if (woken != 0) {
      woken->woken++;
      enter(woken, &was);
      append(&ready, woken);
    }
    struct task *task = take_first(&ready);
    enter(task, &was);
    task->ticks += cost(task->number, round, &left);
    recent[round % 64] = task->number + left;
    enter(task, &was);
    if (task->state == BLOCKED) {
      append(&waiting, task);
    } else {
      if (task->state == ENDED) {
        renew(task);
        enter(task, &was);
      }
      append(&ready, task);
    }
    sum = mix(sum, recent[(round + 17) % 64] + (was << 8));
  }
  if (ready.length + waiting.length != TASKS) return 0;
  for (int i = 0; i < STATES; i++)
    for (int j = 0; j < STATES; j++) sum = mix(sum, moves[i][j]);
  for (int i = 0; i < STATES; i++) sum = mix(sum, entered[i]);
  for (struct task *task = tasks; task < tasks + TASKS; task++)
    for (int i = 0; i < NAME; i++) sum = mix(sum, task->name[i] + task->woken + task->ticks);
  return sum;
}

int work(void) {
  return result() != EXPECT;
}

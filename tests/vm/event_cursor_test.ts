/** A log that is rewound, forked and told again holds what a plain list of all told says, or less. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type EventCursor, EventLog } from "../../src/vm/events.ts";

const CAPACITY = 8;

/** What is done to a log: events told, a cursor kept, a cursor gone to, another future begun. */
const step = fc.oneof(
  fc.record({ do: fc.constant("tell" as const), n: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ do: fc.constant("keep" as const), n: fc.nat() }),
  fc.record({ do: fc.constant("goto" as const), n: fc.nat() }),
  fc.record({ do: fc.constant("fork" as const), n: fc.nat() }),
);

Deno.test("property: a rewound log tells nothing that did not happen in this future", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let instret = 0;
      const log = new EventLog(
        {
          get instret() {
            return instret;
          },
        },
        CAPACITY,
        true,
      );
      /** The events of the present future, as it was told last: each is a number of its own. */
      let life: number[] = [];
      let now = 0, fresh = 1;
      const kept: { cursor: EventCursor; life: number[]; now: number }[] = [];
      for (const one of steps) {
        if (one.do === "tell") {
          for (let i = 0; i < one.n; i++) {
            if (now === life.length) life.push(fresh++);
            instret = life[now++];
            log.alloc(0x8000_0000 as never, "");
          }
        } else if (one.do === "keep") kept.push({ cursor: log.cursor, life: [...life], now });
        else if (one.do === "fork") {
          log.fork();
          life = life.slice(0, now);
        } else if (kept.length > 0) {
          const there = kept[one.n % kept.length];
          log.rewind(there.cursor);
          // Who goes to another life begins another future there.
          if (there.life.some((n, i) => life[i] !== n)) log.fork();
          const known = there.life.length >= life.length ? there.life : life;
          life = there.life.every((n, i) => known[i] === n) ? [...known] : [...there.life];
          now = there.now;
        }
        assertEquals(log.next, now);
        assert(log.oldest <= log.next && log.next - log.oldest <= CAPACITY);
        assertEquals(log.counters.alloc, now);
        assertEquals(log.since(0).map((e) => e.instret), life.slice(log.oldest, now));
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("a log that was rewound a little holds what it did, forward as well", () => {
  const log = new EventLog({ instret: 7 }, CAPACITY, true);
  const tell = (count: number) => {
    for (let i = 0; i < count; i++) log.alloc(0x8000_0000 as never, "");
  };
  tell(4);
  const early = log.cursor;
  tell(6);
  const late = log.cursor;
  assertEquals([log.oldest, log.next], [2, 10]);
  log.rewind(early);
  assertEquals([log.oldest, log.next], [2, 4]);
  log.rewind(late);
  assertEquals([log.oldest, log.next], [2, 10]);
  log.rewind(early);
  log.fork();
  log.rewind(late);
  assertEquals([log.oldest, log.next], [10, 10]);
});

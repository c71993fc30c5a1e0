import { assertEquals, assertThrows } from "@std/assert";
import { DEFAULT_CAPACITY, EventLog } from "../../src/vm/events.ts";
import { Saver } from "../../src/vm/machine/saver.ts";
import type { PaNum, VaNum } from "../../src/vm/machine/address.ts";

const clock = { instret: 0 };

Deno.test("the ring keeps the newest 65,536 events, and counts those it forgot", () => {
  const log = new EventLog(clock);
  const beyond = (1n << 63n) + 5n; // no number holds it
  log.fault(13, beyond);
  for (let i = 1; i < 65_536; i++) log.alloc(i as PaNum, "user");
  assertEquals([DEFAULT_CAPACITY, log.oldest, log.at(0).va], [65_536, 0, beyond]);
  log.alloc(7 as PaNum, "table");
  assertEquals([log.oldest, log.next, log.since(0).length], [1, 65_537, 65_536]);
  assertThrows(() => log.at(0), RangeError, "it holds 1..65536");
  assertThrows(() => log.at(65_537), RangeError);
  // It stands where event 0 stood, and has nothing of it.
  assertEquals([log.at(65_536).va, log.at(65_536).pa, log.at(65_536).why], [0n, 7, "table"]);
  assertEquals([log.counters.alloc, log.counters.faults[13]], [65_536, 1]);
  const exact = new Saver().revive<Map<number, bigint>>(log.save().exact);
  assertEquals(exact.size, 0, "what the ring forgot is kept nowhere");
});

Deno.test("an event is stamped with who, when and where; runs count as many as they are", () => {
  const log = new EventLog(clock, 4);
  [log.pid, log.pc, clock.instret] = [3, 0x40, 99];
  log.copy(0x1000 as VaNum, 0x8000_0000 as PaNum, 0x8000_1000 as PaNum, 4096, "cow copy");
  const event = log.at(0);
  assertEquals([event.pid, event.pc, event.instret, event.kind], [3, 0x40n, 99, "copy"]);
  assertEquals([event.va, event.old, event.pa, event.bytes], [
    0x1000n,
    0x8000_0000,
    0x8000_1000,
    4096,
  ]);
  log.copy(0 as VaNum, 1 as PaNum, 2 as PaNum, 8, "");
  assertEquals([log.next, log.counters.copy, log.counters.copiedBytes], [2, 2, 4104]);
  log.pte(0x20_0000 as VaNum, 0x8000_5000 as PaNum, 0, 0x17, "demote", 512);
  log.count(0x8020_0000 as PaNum, 1, 2, "fork", 3);
  assertEquals([log.at(2).run, log.at(2).bytes, log.at(3).run], [512, 0, 3]);
  assertEquals([log.counters.pte, log.counters.count], [512, 3]);
  const n = log.fault(15, 5n);
  for (let i = 0; i < 3; i++) log.free(1 as PaNum, 1, "x");
  log.settled(n, "zero fill");
  assertEquals(log.at(n).why, "zero fill");
  log.free(1 as PaNum, 1, "x");
  log.settled(n, "too late"); // forgotten by now: nobody else gets its words
  assertEquals(log.since(0).map(({ why }) => why), ["x", "x", "x", "x"]);
});

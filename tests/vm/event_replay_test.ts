/** What events alone tell about page tables and stored counts, against RAM and the allocator, after random lives. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { PaNum } from "../../src/vm/machine/address.ts";
import { kernelOf, machineOf } from "../../src/vm/parts.ts";
import type { Vm } from "../../src/vm/vm.ts";
import { boot } from "./lab.ts";
import { stepLists } from "./play.ts";
import { Plays, SETTINGS, shortWays } from "./play_settings.ts";
import { frameAt, kindOf } from "../../src/vm/kernel/memory/frames/frames.ts";

const PAGE = 4096;

/** Every PTE word and every count as the events say, from boot on; RAM has no part in it. */
class Shadow {
  #next = 0;
  #words = new Map<number, number>();
  #counts = new Map<number, number>();

  /** One that knows the same. */
  copy(): Shadow {
    const shadow = new Shadow();
    shadow.#next = this.#next;
    shadow.#words = new Map(this.#words);
    shadow.#counts = new Map(this.#counts);
    return shadow;
  }

  /** Takes over what has happened since. */
  follow(vm: Vm): void {
    assert(kernelOf(vm).events.oldest <= this.#next, "the ring forgot what was not followed");
    for (const e of vm.events(this.#next)) {
      for (let i = 0; i < e.run; i++) {
        const frame = e.pa + i * PAGE;
        if (e.kind === "pte" || e.kind === "mark") {
          const at = e.pa + 8 * i;
          const further = (pte: number) => pte === 0 ? 0 : pte + i * 1024;
          assertEquals(this.#words.get(at) ?? 0, further(e.old), `${e.n}: ${e.why}, before`);
          this.#words.set(at, further(e.new));
          if (e.kind === "mark") assertEquals((e.old ^ e.new) & ~0xc0, 0, "a mark is A or D");
        } else if (e.kind === "count") {
          assertEquals(this.#counts.get(frame), e.old, `${e.n}: count, before`);
          this.#counts.set(frame, e.new);
        } else if (e.kind === "alloc" || e.kind === "free") {
          this.#counts.set(frame, e.kind === "alloc" ? 1 : 0);
          for (let at = frame; at < frame + PAGE; at += 8) {
            const left = this.#words.get(at) ?? 0;
            if (left !== 0) throw new Error(`${e.n}: ${e.kind} of a table with entries (${e.why})`);
          }
        }
      }
    }
    this.#next = kernelOf(vm).events.next;
  }

  /** All tables of all spaces, and all counts, are what the events say. */
  check(vm: Vm, where: string): void {
    const { ram } = machineOf(vm);
    const table = (frame: number, level: number) => {
      for (let at = frame; at < frame + PAGE; at += 8) {
        const pte = ram.readPte(at as PaNum);
        assertEquals(
          pte,
          this.#words.get(at) ?? 0,
          `${where}: level ${level}, 0x${at.toString(16)}`,
        );
        assertEquals(ram.readPteHigh(at as PaNum), 0);
        if (level > 0 && (pte & 0xf) === 1) table((pte >>> 10) * PAGE, level - 1);
      }
    };
    const kernel = kernelOf(vm);
    const { frames, spaces } = kernel.state;
    for (const { root } of spaces.values()) table(root, 2);
    for (const [i, count] of frames.counts.entries()) {
      const frame = frameAt(kernel, i);
      const told = this.#counts.get(frame) ?? (kindOf(kernel, frame) === "kernel" ? 1 : 0);
      if (count !== told) assertEquals(count, told, `${where}: count of 0x${frame.toString(16)}`);
    }
  }
}

const plays = new Plays();
const steps = stepLists(40);

for (const setting of SETTINGS) {
  Deno.test(`events alone give all page tables and counts: ${setting.name}`, () => {
    const { play, start } = plays.of(setting);
    const { vm } = play;
    const atStart = new Shadow();
    play.restore(start);
    atStart.follow(vm);
    atStart.check(vm, "start");
    const numRuns = setting.options.superpages ? 3 : 8;
    fc.assert(
      fc.property(steps, (list) => {
        play.restore(start);
        const shadow = atStart.copy();
        for (const [i, step] of list.entries()) {
          play.step(step);
          shadow.follow(vm);
          shadow.check(vm, `step ${i}, ${step.op}`);
        }
      }),
      { numRuns },
    );
  });
}

Deno.test("events alone give the tables where 2 MiB pages are made, split and put together", () => {
  const whys = new Set<string>();
  for (const { setting, name, steps } of shortWays(1, (n) => n % 5 === 0)) {
    if (!setting.options.superpages) continue;
    const { play, start } = plays.of(setting);
    const { vm } = play;
    play.restore(start);
    const shadow = new Shadow();
    shadow.follow(vm);
    const first = kernelOf(vm).events.next;
    for (const step of [...steps, { op: "promote", who: 0, a: 0, b: 0 } as const]) {
      play.step(step);
      shadow.follow(vm);
    }
    shadow.check(vm, `${setting.name}: ${name}`);
    for (const e of vm.events(first)) if (e.kind === "pte" && e.run > 1) whys.add(e.why);
  }
  assertEquals([...whys].sort(), ["demote", "promote"]);
});

Deno.test("events alone give the tables of programs that run, and A and D that their accesses set", () => {
  const vm = boot({ mem: "128M" });
  const shadow = new Shadow();
  const run = vm.start("forkwrite", ["2"]);
  for (let i = 0; !run.slice(5000); i++) {
    shadow.follow(vm);
    if (i % 20 === 0) shadow.check(vm, `slice ${i}`);
  }
  shadow.follow(vm);
  shadow.check(vm, "end");
  const marks = vm.events().filter((e) => e.kind === "mark");
  assert(marks.some((e) => e.why === "walk" && (e.new & ~e.old & 0x80) !== 0), "D");
  assert(marks.some((e) => e.why === "walk" && (e.new & ~e.old) === 0x40), "A alone");
});

/**
 * Events of real xv6 kernels of all years: from them alone all page tables follow, at every return to user mode; and
 * they are the same each time. `XV6_TREES` is a folder with one built tree in each of its folders (`kernel/kernel` and
 * `fs.img`).
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Facts } from "../../src/vm/guest/facts.ts";
import type { GuestView } from "../../src/vm/guest/view.ts";
import { Words } from "../../src/vm/guest/words.ts";
import type { Guest } from "../../src/vm/guest.ts";
import { vmOver } from "../../src/vm/guest_computer.ts";
import { eventText } from "../../src/vm/inspect/event_text.ts";
import { hex, PAGE_SIZE, type PaNum } from "../../src/vm/machine/address.ts";
import type { Machine } from "../../src/vm/machine/machine.ts";
import { sameSaved } from "../../src/vm/machine/saver.ts";
import { frameOf, PTE_R, PTE_V, PTE_W, PTE_X } from "../../src/vm/machine/sv39.ts";
import { guestMachineOf, partsOf } from "../../src/vm/parts.ts";
import type { Vm } from "../../src/vm/vm.ts";
import { newTyped } from "../commands/typist.ts";
import { guestOf, isMissing, TREES } from "../trees.ts";

const trees = TREES;

/** Runs to the next prompt, and till its sh sleeps. */
function toPrompt(guest: Guest): string {
  let said = "";
  for (let more = 5; more > 0;) {
    const { end } = guest.slice();
    for (const one of guest.take()) said += new TextDecoder().decode(one);
    assertEquals(end, undefined, said);
    if (said.endsWith("$ ")) more--;
    assert(guest.instret < 3e9, said);
  }
  return said;
}

const type = (guest: Guest, line: string) => guest.type(new TextEncoder().encode(`${line}\n`));

/** Page tables as events tell them, held against those that stand in RAM. */
class Tables {
  readonly #vm: Vm;
  readonly #machine: Machine;
  readonly #told = new Map<number, Float64Array>();
  #seen = 0;
  /** Entries that were compared, and changes that were told. */
  compared = 0;
  changes = 0;

  constructor(vm: Vm, machine: Machine) {
    this.#vm = vm;
    this.#machine = machine;
    this.#each((table, i, word) => void (this.#table(table)[i] = word));
  }

  #table(frame: number): Float64Array {
    const known = this.#told.get(frame) ?? new Float64Array(PAGE_SIZE / 8);
    this.#told.set(frame, known);
    return known;
  }

  /** All entries of the tables of processes, kernel and harts. */
  #each(visit: (table: number, i: number, word: number) => void): void {
    const { ram, harts } = this.#machine;
    const { known } = partsOf(this.#vm).view as GuestView;
    const place = { words: new Words(ram), base: ram.base, total: ram.size / PAGE_SIZE };
    const roots = new Set<number>(new Facts(place, known).roots.map(({ root }) => root));
    for (const { mmu, mode } of harts) if (mmu.paging && mode !== 3) roots.add(mmu.root);
    const seen = new Set<number>();
    const walk = (table: number, level: number) => {
      if (seen.has(table)) return;
      seen.add(table);
      for (let i = 0; i < PAGE_SIZE / 8; i++) {
        const low = ram.readPte((table + 8 * i) as PaNum);
        visit(table, i, ram.readPteHigh((table + 8 * i) as PaNum) * 2 ** 32 + low);
        const pointer = (low & (PTE_V | PTE_R | PTE_W | PTE_X)) === PTE_V;
        if (level > 0 && pointer) walk(frameOf(low), level - 1);
      }
    };
    for (const root of roots) walk(root, 2);
  }

  /** Applies what was told since; then all must be as it stands. */
  check(): void {
    for (const e of this.#vm.events(this.#seen)) {
      assertEquals(e.n, this.#seen++, "no event is lost");
      if (e.kind !== "pte" && e.kind !== "mark") continue;
      this.changes++;
      const table = this.#table(e.pa - e.pa % PAGE_SIZE), i = e.pa % PAGE_SIZE / 8;
      assertEquals(table[i], e.old, `before event ${e.n}: ${eventText(e)}`);
      table[i] = e.new;
    }
    this.#each((table, i, word) => {
      this.compared++;
      const told = this.#table(table)[i];
      if (told === word) return;
      throw new Error(`${hex(table)}[${i}] is ${hex(word)}, and ${hex(told)} was told`);
    });
  }
}

if (trees === undefined) {
  console.log("events of xv6 kernels: skipped, XV6_TREES is not set to a folder of built trees");
} else {
  const known = ([tree]: readonly [string, ...unknown[]]) => !isMissing(tree);

  const REBUILT = [
    ["2019-cow", 1, undefined],
    ["2020-xv6", 3, 300],
    ["2021-xv6", 1, undefined],
    ["2022-xv6", 2, 1000],
    ["2023-xv6", 1, undefined],
    ["2024-xv6", 3, undefined],
    ["2025-xv6", 2, 200],
  ] as const;
  for (const [tree, harts, quantum] of REBUILT.filter(known)) {
    Deno.test(`${tree}, ${harts} harts: events alone give all page tables, at each return`, () => {
      const guest = guestOf(tree, { harts, ...(quantum === undefined ? {} : { quantum }) });
      toPrompt(guest);
      const vm = vmOver(guest), machine = guestMachineOf(guest);
      const tables = new Tables(vm, machine);
      vm.listen();
      let returns = 0;
      machine.probes.look({
        returned: (hart, level) => {
          if (level === 1 && hart.mode === 0 && returns++ % 3 === 0) tables.check();
        },
      });
      type(guest, "forktest");
      assertStringIncludes(toPrompt(guest), "fork test OK");
      tables.check();
      assert(returns > 100 && tables.changes > 2000, `${returns} returns, ${tables.changes}`);
      const { counters } = vm.mark();
      assert(counters.fork > 50 && counters.exit >= counters.fork, JSON.stringify(counters));
      assertEquals([counters.exec, counters.alloc - counters.free], [1, 0]);
    });
  }

  Deno.test("what a kernel does is the same whoever listens, and told the same each time", {
    ignore: isMissing("2022-xv6"),
  }, () => {
    const [quiet, heard] = [1, 2].map(() => {
      const guest = guestOf("2022-xv6", { harts: 2 });
      toPrompt(guest);
      guest.record();
      return guest;
    });
    const begin = quiet.instret;
    vmOver(heard).listen();
    for (const guest of [quiet, heard]) {
      type(guest, "ls");
      for (let i = 0; i < 20; i++) guest.slice(1_234_567);
    }
    assert(sameSaved(guestMachineOf(quiet).save(), guestMachineOf(heard).save()));
    vmOver(quiet).listen(begin);
    assertEquals(vmOver(quiet).listening!.since, begin);
    assertEquals(vmOver(quiet).events(), vmOver(heard).events());
    assert(sameSaved(guestMachineOf(quiet).save(), guestMachineOf(heard).save()));
    const vm = vmOver(heard), all = vm.events();
    for (const at of [all[1000].instret, begin + 1, all[50].instret + 1, heard.instret]) {
      vm.goto(at);
      assertEquals(vm.events(), all.filter((e) => e.instret < at), `${at}`);
    }
  });

  // Without wfi and with it: what waits at the prompt goes on to what was typed there.
  for (const year of ["2022-xv6", "2025-xv6"]) {
    Deno.test(`${year}: who did it, by function and line; until and back for what a kernel does`, {
      ignore: isMissing(year),
    }, async () => {
      const guest = guestOf(year);
      guest.record();
      toPrompt(guest);
      type(guest, "echo hi");
      toPrompt(guest);
      const typist = await newTyped([], { vm: vmOver(guest) });
      const say = async (line: string) => (await typist.type(line)).text;
      assertMatch(
        await say("timeline 9 -k free"),
        /frame 0x\w+ freed +freewalk\+0x\w+ at vm\.c:\d+/,
      );
      assertMatch(
        await say("who wrote 2:0x3000 --pte -n 2"),
        /0x0 +0x\w+17 +mappages\+0x\w+ at vm\.c:\d+\n.*17 +0x\w+07 +uvmclear\+0x\w+ at vm\.c/,
      );
      assertMatch(await say("who wrote ticks --size 4"), /clockintr\+0x\w+ at trap\.c:\d+/);
      const at = guest.instret;
      assertMatch(
        await say("back copy"),
        /pid 2 sh: frame 0x\w+ copied to 0x\w+: 4K, by uvmcopy\+/,
      );
      assertMatch(await say("back fork"), /there is no fork event before this|pid 1 → child 2/);
      assertMatch(await say("until fork"), /event \d+: pid 2 sh: pid 2 → child 3/);
      assertMatch(await say("until exec"), /pid 3 echo: pid 3 becomes echo/);
      assertMatch(await say("until exit"), /pid 3 echo: pid 3 exits with 0/);
      await say(`goto ${at}`);
      assertEquals(guest.instret, at);
      assertStringIncludes(await say("timeline 9 -k syscall"), 'exec("echo", ["echo", "hi"])');
      assertStringIncludes(await say("timeline 9 -k syscall"), 'write(1, "hi", 2)');
      const forks = vmOver(guest).forkTotals;
      assert(forks.copied > 0 && forks.shared === 0 && forks.tables > 0, JSON.stringify(forks));
    });
  }

  Deno.test("each allocation of a fork can fail, and the same is reached again", {
    ignore: isMissing("2022-xv6"),
  }, () => {
    const guest = guestOf("2022-xv6");
    toPrompt(guest);
    guest.record();
    const vm = vmOver(guest), machine = guestMachineOf(guest);
    const begin = vm.save();
    let needed = 0;
    for (let n = 1; needed === 0; n += 5) {
      vm.restore(begin);
      vm.listen();
      const mark = vm.mark();
      vm.failAllocation(n);
      type(guest, "echo hi");
      const said = toPrompt(guest);
      const { alloc, oom, fork } = vm.mark().counters;
      if (oom === mark.counters.oom) needed = n - 1;
      else {
        assertEquals(oom - mark.counters.oom, 1);
        assertStringIncludes(
          vm.events().find((e) => e.kind === "oom")!.why,
          "kalloc returns 0 to ",
        );
        if (fork === mark.counters.fork) assertStringIncludes(said, "fork");
        assertEquals(alloc - vm.mark().counters.free, 0, `${n}: ${said}`);
      }
      const end = machine.save(), at = guest.instret, all = vm.events();
      const [from] = guest.recorded!;
      guest.goto(Math.floor((from + at) / 2));
      guest.goto(at);
      assert(sameSaved(machine.save(), end), `after ${n}`);
      assertEquals(vm.events(), all);
    }
    assert(needed > 20, `${needed} allocations`);
  });

  Deno.test("a student's counts are events, with the function that counted", {
    ignore: isMissing("2019-cow"),
  }, () => {
    const guest = guestOf("2019-cow");
    toPrompt(guest);
    const vm = vmOver(guest);
    vm.listen();
    type(guest, "forktest");
    toPrompt(guest);
    const { counters } = vm.mark();
    const facts = (partsOf(vm).view as GuestView).learner.watched.counts;
    // The tree may or may not have the lab done.
    assertEquals(counters.count > 0, facts.value !== null && facts.value !== undefined);
  });
}

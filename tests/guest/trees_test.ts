/**
 * The questions asked of real xv6 kernels of all years, at the prompt and at any moment of a run: `XV6_TREES` is a
 * folder with one built tree in each of its folders (`kernel/kernel` and `fs.img`).
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { attach } from "../../mod.ts";
import { Guest } from "../../src/vm/guest.ts";
import { vmOver } from "../../src/vm/guest_computer.ts";
import { knownOf } from "../../src/vm/guest/known.ts";
import { ProcTable } from "../../src/vm/guest/proc_table.ts";
import { ImageSymbols } from "../../src/vm/guest/symbols.ts";
import { Words } from "../../src/vm/guest/words.ts";
import type { Ram } from "../../src/vm/machine/memory.ts";
import type { Vm } from "../../src/vm/vm.ts";
import type { PaNum } from "../../src/vm/machine/address.ts";
import { parseElf } from "../../src/vm/machine/elf.ts";
import { guestMachineOf } from "../../src/vm/parts.ts";
import { newTyped, typed } from "../commands/typist.ts";
import { isMissing, TREES, treesIn } from "../trees.ts";

const folder = TREES;

/** A file without its debug information: the section is called otherwise. */
function stripped(file: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = file.slice();
  const name = new TextEncoder().encode(".debug_info\0");
  for (let at = 0; at + name.length <= bytes.length; at++) {
    if (name.every((byte, i) => bytes[at + i] === byte)) bytes[at + 1] = "x".charCodeAt(0);
  }
  return bytes;
}

/** Where things stand in the records of a kernel, by what one file says of it. */
function placesIn(ram: Ram, file: Uint8Array) {
  const symbols = new ImageSymbols(parseElf(file));
  const known = knownOf(symbols);
  const table = new ProcTable(new Words(ram), known);
  table.slots();
  const { stride, offsets, seen } = table.layout!;
  const { trapframe, ...rest } = offsets;
  const { by: _, ...cpus } = known.cpus!;
  return {
    places: { stride, ...rest, states: known.record!.states, cpus },
    trapframe,
    seen,
  };
}

/** A tree's kernel at its prompt. */
class Tree {
  readonly guest: Guest;
  readonly file: Uint8Array;
  #said = "";

  constructor(tree: string, harts = 1) {
    this.file = Deno.readFileSync(`${tree}/kernel/kernel`);
    this.guest = new Guest(this.file, { disk: Deno.readFileSync(`${tree}/fs.img`), harts });
    for (let slices = 0; !this.#said.endsWith("$ "); slices++) {
      assert(slices < 3000, this.#said);
      this.slice();
    }
    // Until its sh sleeps.
    for (let slices = 0; slices < 5; slices++) this.slice();
  }

  slice(): void {
    const { end } = this.guest.slice();
    for (const bytes of this.guest.take()) this.#said += new TextDecoder().decode(bytes);
    assertEquals(end, undefined, this.#said);
  }

  /** On to user mode, if that comes soon. */
  toUserMode(): void {
    const machine = guestMachineOf(this.guest);
    for (let i = 0; i < 2000 && machine.hart.mode !== 0; i++) this.guest.slice(53);
  }

  type(line: string): void {
    this.guest.type(new TextEncoder().encode(`${line}\n`));
  }

  async answer(line: string): Promise<string> {
    const [{ text, status }] = await typed([line], [], { vm: vmOver(this.guest) });
    assert(status === 0 || status === 1, `${line}: ${text}`);
    return text;
  }

  // deno-lint-ignore no-explicit-any -- what JSON.parse gives
  async json(line: string): Promise<any> {
    return JSON.parse(await this.answer(`${line} --json`));
  }

  /** The length of the free list of `kmem`, as xv6 has it: a lock of 24 bytes, then the list. */
  stockFree(): number | undefined {
    const elf = parseElf(this.file);
    const kmem = elf.symbol("kmem");
    if (kmem?.size !== 32 || elf.symbol("supermem") !== undefined) return undefined;
    const { ram } = guestMachineOf(this.guest);
    let n = 0;
    for (
      let at = ram.read64(Number(kmem.value) + 24 as PaNum);
      at !== 0n;
      at = ram.read64(Number(at) as PaNum)
    ) n++;
    return n;
  }
}

if (folder === undefined) {
  console.log("questions to xv6 kernels: skipped, XV6_TREES is not set to a folder of built trees");
} else {
  const paths = treesIn(folder).map((name) => `${folder}/${name}`);
  for (const path of paths) {
    const name = path.split("/").at(-1)!;
    // Its kernel wants a network card, which this machine has not.
    if (parseElf(Deno.readFileSync(`${path}/kernel/kernel`)).symbol("e1000_init")) continue;

    Deno.test(`${name} at its prompt: processes, memory, frames`, async () => {
      const tree = new Tree(path);
      const { processes } = await tree.json("ps");
      assertEquals(
        // deno-lint-ignore no-explicit-any -- as above
        processes.map((p: any) => [p.pid, p.ppid, p.name, p.state, p.waitsFor]),
        [[1, 0, "init", "sleeping", "a child to exit"], [2, 1, "sh", "sleeping", "the console"]],
      );
      for (const { size, rss } of processes) assert(size > 0 && size % 4096 === 0 && rss >= size);

      const { areas } = await tree.json("vmmap 2");
      assertEquals(areas[0].start, "0x0");
      assertEquals(areas.slice(-2).map((a: { kind: string }) => a.kind), [
        "trapframe",
        "trampoline",
      ]);
      for (const { start } of areas) {
        const t = await tree.json(`pte -p 2 ${start}`);
        assertEquals([t.levels.length, t.levels.at(-1).pa, t.fail], [3, t.pa, null]);
      }
      const { ram } = guestMachineOf(tree.guest);
      const declared = placesIn(ram, tree.file), found = placesIn(ram, stripped(tree.file));
      assertEquals(found.places, declared.places, "what is declared, and what is found without");
      const hasDebug = new ImageSymbols(parseElf(tree.file)).debug?.global("proc") !== undefined;
      assertEquals([found.trapframe, declared.seen.length === 0], [undefined, hasDebug]);

      const before = guestMachineOf(tree.guest).save();
      const { facts } = await tree.json("facts");
      // deno-lint-ignore no-explicit-any -- as above
      const fact = (name: string) => facts.find((one: any) => one.name === name);
      for (const name of ["counts", "cow bit"]) {
        assertEquals(fact(name).sure, "sure", JSON.stringify(fact(name)));
      }
      assertEquals(guestMachineOf(tree.guest).save(), before, "nothing was changed by looking");
      const text = await tree.json("refcount pa(2:0)");
      assertEquals([text.kind, text.stored, text.counted, text.owners[0].pid], [
        "user",
        fact("counts").value === "none" ? null : 1,
        1,
        2,
      ]);

      const { free, total, census } = await tree.json("free");
      assertEquals(total, 32768);
      const counted = tree.stockFree();
      if (counted !== undefined) assertEquals(free, counted);
      assertEquals(census.free ?? null, free);

      const own = (await tree.json("vmmap")).areas as { kind: string; perm: string; rss: number }[];
      const kernel = new Map(own.map((area) => [area.kind, area]));
      assertEquals(
        ["uart", "virtio", "plic", "text", "data", "memory", "kstack", "trampoline"]
          // The labs of 2020 have it in each process's own kernel table.
          .filter((kind) =>
            !kernel.get(kind)?.rss && !(kind === "kstack" && /2020-pgtbl/.test(path))
          ),
        [],
      );
      assertEquals([kernel.get("text")!.perm, kernel.get("data")!.perm], ["r-xp", "rw-p"]);
      assertMatch(await tree.answer("audit"), /^clean: 32768 frames/);
      const entry = await tree.answer("dis usertrap 1");
      assertMatch(
        entry,
        hasDebug ? /usertrap +trap\.c:\d+ +addi sp,sp,-/ : /usertrap +addi sp,sp,-/,
      );
      assertMatch(await tree.answer("print u32(&ticks)"), /^0x[0-9a-f]+ /);
      assertStringIncludes(await tree.answer("dir"), "README");
      assertMatch(await tree.answer("fsck"), /^(clean$|CLASS)/m);
    });
  }

  const documented = `${folder}/2025-cow`;
  if (isMissing("2025-cow")) {
    console.log("docs/your-kernel.md is not typed: XV6_TREES has no 2025-cow");
  } else {
    /** What the shell says to the lines of blocks of some kind on the page; and what the page says. */
    const retyped = async (kind: string, vm: Vm, before: (line: string) => void = () => {}) => {
      const page = Deno.readTextFileSync(new URL("../../docs/your-kernel.md", import.meta.url));
      const blocks = page.matchAll(new RegExp(`^\`\`\`${kind}\\n([^]*?)^\`\`\`$`, "gm"));
      const shown = [...blocks].map(([, block]) => block).join("");
      const typist = await newTyped([], { vm });
      let said = "";
      for (const [, line] of shown.matchAll(/^> (.*)$/gm)) {
        before(line);
        said += `> ${line}\n${(await typist.type(line)).text}`;
      }
      // Another compiler lays the kernel out otherwise.
      const plain = (text: string) => text.replace(/0x[0-9a-f]+|\d{2,}/g, "N").replace(/\s+/g, " ");
      assertEquals(plain(said), plain(shown));
    };

    Deno.test("the session of docs/your-kernel.md is what the shell says", async () => {
      const tree = new Tree(documented);
      await retyped("guest", vmOver(tree.guest), (line) => {
        if (line === "until fault") tree.type("echo hi");
      });
    });

    Deno.test("what docs/your-kernel.md does by hand is what the shell says", async () => {
      const vm = attach({
        kernel: `${documented}/kernel/kernel`,
        disk: `${documented}/fs.img`,
      });
      await retyped("hand", vm);
    });
  }

  for (const path of paths.filter((path) => /-xv6$|-cow$/.test(path))) {
    Deno.test(`${path.split("/").at(-1)}: run on, stopped, and gone back in`, async () => {
      const tree = new Tree(path);
      const vm = vmOver(tree.guest);
      vm.history.start();
      vm.type("echo hi there\n");
      const lines = [
        "break sys_exec",
        "continue",
        "until fault",
        "until syscall",
        "back syscall",
        "step 3",
      ];
      const said = [];
      for (const line of lines) {
        said.push(await tree.answer(line === "until fault" ? "delete" : line));
      }
      assertMatch(
        said[1],
        /^breakpoint 1: pid \d+ sh\nnext: hart 0, the kernel for .* <sys_exec at sysfile\.c:\d+>/m,
      );
      assertMatch(said[3], /^pid \d+ \w+: system call \d+: \w+\(.*\), by the instruction at 0x/);
      assertMatch(
        said[4],
        /^pid \d+ \w+: system call \d+: .*\nat instruction \d+\nnext: hart 0, the kernel for .* <uservec>/,
      );
      assertMatch(said[5], /^0x3ffffff000 uservec/m);
      const end = await tree.answer("continue");
      assertMatch(end, /hi there[^]*\$ \n?the guest waits for input at its console/);
      const { processes } = await tree.json("ps");
      assertEquals(processes.map(({ name }: { name: string }) => name), ["init", "sh"]);
    });
  }

  for (const path of paths) {
    if (parseElf(Deno.readFileSync(`${path}/kernel/kernel`)).symbol("timervec") === undefined) {
      continue;
    }
    if (!/-xv6$|-cow$/.test(path)) continue;
    Deno.test(`${path.split("/").at(-1)}: stopped in M-mode, in the timer's handler`, async () => {
      const tree = new Tree(path);
      tree.type("grep xv6 README");
      await tree.answer("print 1");
      const typist = await newTyped([], { vm: vmOver(tree.guest) });
      const say = async (line: string) => (await typist.type(line)).text;
      await say("break timervec");
      assertMatch(
        await say("continue"),
        /^breakpoint 1: .*\nnext: hart 0, M-mode.* <timervec>: csrrw a0,mscratch,a0$/m,
      );
      assertMatch(await say("reg"), /^hart 0 {2}mode machine/);
      assertMatch(await say("dis"), /timervec +(kernelvec\.S:\d+ +)?csrrw/);
      assertMatch(await say("pte timervec"), /Bare: a physical address/);
      assertMatch(await say("ps"), /^ +1 +0 \w+ +init/m);
      assertStringIncludes(await say("audit"), "hart 0 is in M-mode");
      assertMatch(await say("step 2"), /^0x\w+ timervec/m);
    });
  }

  // Every moment is one at which somebody may stop it.
  for (
    const [name, harts] of [["2019-cow", 1], ["2020-xv6", 3], ["2022-xv6", 1], [
      "2025-xv6",
      3,
    ]] as const
  ) {
    const path = `${folder}/${name}`;
    if (isMissing(name)) continue;
    Deno.test(`${name} with ${harts} harts, stopped at many moments of forktest`, async () => {
      const tree = new Tree(path, harts);
      tree.type("forktest");
      const modes = new Set<number>();
      let judged = 0, most = 0;
      for (let i = 0; i < 60; i++) {
        tree.guest.slice(50_021 + 7 * i);
        if (i % 2 === 0) tree.toUserMode();
        modes.add(guestMachineOf(tree.guest).hart.mode);
        const { processes } = await tree.json("ps");
        const pids = processes.map(({ pid }: { pid: number }) => pid);
        assertEquals(pids.slice(0, 2), [1, 2]);
        // deno-lint-ignore no-explicit-any -- as above
        assertEquals(processes.slice(0, 2).map((p: any) => [p.ppid, p.name]), [[0, "init"], [
          1,
          "sh",
        ]]);
        most = Math.max(most, pids.length);
        const { findings } = await tree.json("audit");
        const found = findings.filter((f: { class: string }) => f.class !== "not at rest");
        assertEquals(found, []);
        if (findings.length === 0) judged++;
        for (const line of ["reg", "dis", "vmmap", "free", "share", "tlb", "pte $pc", "x $sp"]) {
          await tree.answer(line);
        }
      }
      assert(modes.size > 1, "in user mode and in the kernel");
      assert(judged > 0, "at rest now and then");
      assert(most > 3, "with children there");
    });
  }
}

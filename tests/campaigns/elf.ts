/**
 * `deno task campaign elf`: damaged ELF files for each reader of such files: the loader of bare mode, the symbols, exec.
 * Each gives a result or says in one line why not, in bounded time and memory, and nothing is lost in the kernel.
 *
 * @module
 */

import { readSymbols } from "../../src/vm/symbols.ts";
import { sleepersOf } from "../../src/vm/guest/sleepers.ts";
import { Guest, loadPhysical } from "../../src/vm/guest.ts";
import { mkfs } from "../../src/vm/kernel/files/xv6fs/mkfs.ts";
import { parseElf } from "../../src/vm/machine/elf.ts";
import { Machine } from "../../src/vm/machine/machine.ts";
import type { Run } from "../../src/vm/run.ts";
import { Vm } from "../../src/vm/vm.ts";
import type { Campaign } from "./campaign.ts";
import { damaged } from "./elf_damage.ts";

const MEM = 16 * 2 ** 20;
/** Milliseconds that one reader may take, and bytes that this process may come to need. */
const SLOW = 2000, MUCH = 2 ** 31;
const BUDGET = 20_000;

/** The campaign. */
export const elf: Campaign = {
  name: "elf",
  about: "damaged ELF files: each read or refused in one line",
  unit: "files",
  count: 100_000,
  run: (task) => {
    const readers = new Readers();
    for (let n = 0; n < task.count; n++) {
      readers.read(damaged(task.random), n);
      task.done(1);
    }
  },
};

/** Everything that reads an ELF file. */
export class Readers {
  readonly #machine = new Machine({ memBytes: MEM });
  readonly #vm = new Vm({ mem: MEM, quantum: 5000 });
  readonly #free = this.#vm.free().free;

  /** Has all of them read a file; the expensive ones now and then. Throws when one does worse than to refuse. */
  read(file: Uint8Array, number: number): void {
    this.#reads("loader", () => {
      const parsed = parseElf(file);
      loadPhysical(this.#machine, parsed);
      sleepersOf(parsed, this.#machine.ram);
    });
    this.#reads("symbols", () => readSymbols(file));
    this.#reads("exec", () => {
      const run = this.#vm.start("it", ["an argument"], file);
      run.finish(BUDGET);
      end(this.#vm, run);
    });
    sound(this.#vm);
    if (this.#vm.free().free !== this.#free) {
      throw new Error(`exec: ${this.#vm.free().free} frames are free, ${this.#free} were`);
    }
    if (number % 20 === 0) {
      this.#reads("bare mode", () => new Guest(file, { memBytes: MEM, budget: BUDGET }).slice());
      if (file.length < 200_000) this.#demand(file);
    }
    if (number % 100 === 0 && Deno.memoryUsage().rss > MUCH) throw new Error("too much memory");
  }

  /** The file on a disk, its pages brought in when they are touched. */
  #demand(file: Uint8Array): void {
    const vm = new Vm({
      mem: MEM,
      quantum: 5000,
      exec: "demand",
      fs: mkfs({ files: [{ name: "it", bytes: file }], devices: [] }),
    });
    this.#reads("exec on demand", () => {
      const run = vm.start("it");
      run.finish(BUDGET);
      end(vm, run);
    });
    sound(vm);
  }

  #reads(who: string, read: () => unknown): void {
    const began = performance.now();
    try {
      read();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (!/^(Elf|Kernel|Fs)Error$/.test(error.name) || error.message.includes("\n")) throw error;
    }
    const took = performance.now() - began;
    if (took > SLOW) throw new Error(`${who} took ${Math.round(took)} ms`);
  }
}

/** Ends what a program has left running. */
function end(vm: Vm, run: Run): void {
  for (const p of vm.processes()) if (p.pid > 1) p.kill();
  run.finish(BUDGET);
}

function sound(vm: Vm): void {
  const found = vm.audit();
  if (found.length > 0) throw new Error(`audit: ${JSON.stringify(found[0])}`);
}

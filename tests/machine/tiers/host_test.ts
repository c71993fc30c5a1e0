/**
 * Random guests in U-mode whose traps the host handles, as the built-in kernel does: it mends page faults, switches
 * between two processes with an address space each, and moves their registers through RAM.
 */

import { assert } from "@std/assert";
import fc from "fast-check";
import { type PaNum, type Va, vaNum } from "../../../src/vm/machine/address.ts";
import { PC } from "../../../src/vm/machine/layout.ts";
import type { Machine, Stop } from "../../../src/vm/machine/machine.ts";
import { PTE_R, PTE_RSW0, PTE_U, PTE_V, PTE_W, PTE_X } from "../../../src/vm/machine/sv39.ts";
import { worlds } from "./arbitrary.ts";
import { type Cast, casts, cut, playAll, type ScriptOf, tries } from "./cast.ts";
import { CALL } from "./control.ts";
import { LEAVES, LOW, RAM, ROOTS, SPARE, SPARE_PAGES, STACK, TROUBLE } from "./places.ts";

/** Where the registers of a process that does not run are kept: pc and x0 to x31. */
const FRAMES = RAM + 0x6000, FRAME_SIZE = 0x200, REGISTERS = 33 * 8;
/** Slices after which the other process gets its turn, and traps after which it does. */
const TURNS = 13;

/** A kernel of a few lines. All that it knows stands in the machine. */
class Kernel {
  #running = 0;
  #slices = 0;
  #spare = 0;
  readonly #machine: Machine;

  constructor(machine: Machine, start: number, stack: number) {
    this.#machine = machine;
    machine.hart.mode = 0;
    for (const process of [1, 0]) {
      machine.hart.pc = BigInt(start) as Va;
      machine.hart.setX(2, BigInt(stack - 2048 * process));
      machine.hart.setX(4, BigInt(process));
      machine.ram.writeFrom(this.#frame(process), PC, REGISTERS);
    }
    machine.mmu.setRoot(ROOTS[0] as PaNum, 1);
  }

  #frame(process: number): PaNum {
    return FRAMES + FRAME_SIZE * process as PaNum;
  }

  /** Runs a slice, and does what its traps want. What the traps were is the answer. */
  run(length: number): unknown[] {
    const answers: unknown[] = [];
    for (let left = length; left > 0;) {
      const before = this.#machine.instret;
      const stop = this.#machine.run(left);
      left -= this.#machine.instret - before;
      answers.push(stop);
      if (stop.kind !== "trap") break;
      this.#trap(stop);
      left -= 20; // what a trap costs
    }
    if (++this.#slices % TURNS === 0) this.#switch();
    return answers;
  }

  #switch(): void {
    const { ram, mmu } = this.#machine;
    ram.writeFrom(this.#frame(this.#running), PC, REGISTERS);
    this.#running = 1 - this.#running;
    ram.readTo(PC, this.#frame(this.#running), REGISTERS);
    mmu.setRoot(ROOTS[this.#running] as PaNum, this.#running + 1);
  }

  #trap({ cause, tval, epc }: Stop & { kind: "trap" }): void {
    const { hart } = this.#machine;
    if (cause === 8) return this.#call();
    if ((cause === 12 || cause === 13 || cause === 15) && this.#mends(cause, tval)) return;
    // Behind the instruction; from where none is, back to the caller.
    if (cause === 12 || cause === 1) hart.pc = hart.x(1) as Va;
    else hart.pc = epc + BigInt(this.#lengthAt(epc)) as Va;
  }

  #lengthAt(pc: bigint): number {
    const { ram, mmu } = this.#machine;
    const frame = mmu.tlb.find(mmu.fetchBank, 2, Number(BigInt.asUintN(27, pc >> 12n)));
    if (frame < 0) return 4;
    return (ram.read16(frame * 4096 + Number(pc & 0xfffn) as PaNum) & 3) === 3 ? 4 : 2;
  }

  /** The PTE of a page of the low window. */
  #pte(page: number): PaNum {
    return LEAVES[this.#running]! + 8 * page as PaNum;
  }

  #mends(cause: number, tval: bigint): boolean {
    const { ram, mmu } = this.#machine;
    if (tval >> 21n !== BigInt(LOW) >> 21n) return false;
    const slot = this.#pte(Number((tval >> 12n) & 511n));
    const pte = ram.readPte(slot);
    if (pte === 0) return false;
    let next = pte | PTE_V | PTE_U;
    if (next === pte) {
      if (cause === 15 && (pte & PTE_RSW0) !== 0) {
        const frame = SPARE + 4096 * (this.#spare++ % SPARE_PAGES) as PaNum;
        ram.copyFrame(frame, (pte >>> 10) * 4096 as PaNum);
        next = (frame / 4096 << 10) | (pte & 0x2ff) | PTE_W;
      } else next |= cause === 12 ? PTE_X : cause === 13 ? PTE_R : PTE_W | PTE_R;
    }
    if (next === pte) return false;
    ram.writePte(slot, next >>> 0);
    mmu.sfence(vaNum(Number(tval)));
    return true;
  }

  #call(): void {
    const { hart, ram, mmu } = this.#machine;
    const [what, a0, a1, a2] = [17, 10, 11, 12].map((i) => Number(hart.x(i) & 0xffff_ffffn)) as [
      number,
      number,
      number,
      number,
    ];
    hart.pc = hart.pc + 4n as Va;
    if (what === CALL.pte) {
      const page = ((TROUBLE - RAM) >> 12) + (a0 & 31);
      ram.writePte(this.#pte(page), ram.readPte(this.#pte(page)) ^ (a1 & 0x1ff));
      if ((a2 & 3) === 1) mmu.sfence(vaNum(LOW + 4096 * page));
      else if ((a2 & 3) !== 0) mmu.sfence();
    } else if (what === CALL.space) this.#switch();
    else hart.setX(10, BigInt(this.#slices));
  }
}

/** Guests in U-mode with Sv39; the rest is the kernel's. */
const guests: fc.Arbitrary<Cast> = fc.tuple(casts, worlds).map(([cast, world]) => ({
  ...cast,
  world: { ...world, mode: "U", paged: true, timer: "none", pmp: "off" },
  options: { ...cast.options, traps: "host" },
}));

Deno.test("property: both tiers give the host the same traps, and go on alike from what it makes of them", () => {
  let [instructions, traps] = [0, 0];
  const script: ScriptOf<Cast> = (cast, guest) =>
    function* () {
      const kernels = new Map<Machine, Kernel>();
      const start = guest.labels.get("start")!, stack = LOW + STACK - RAM + 4096 - 128;
      for (const length of cut(cast.slices)) {
        yield {
          name: `a run of ${length}`,
          do: (machine) => {
            const kernel = kernels.get(machine) ?? new Kernel(machine, start, stack);
            kernels.set(machine, kernel);
            const answers = kernel.run(length);
            traps += answers.length - 1;
            return answers;
          },
        };
      }
    };
  playAll(guests, tries(12), ({ one }) => instructions += one.instret, script);
  assert(instructions > tries(12) * 5000, `${instructions} instructions`);
  assert(traps > tries(12) * 20, `${traps} traps`);
});

/**
 * `deno task campaign regions`: the random programs of tests/machine/tiers, loops and calls and code that changes, in
 * M-mode, against QEMU. At its end a program says one number of all registers and memory.
 *
 * @module
 */

import fc from "fast-check";
import { elf } from "../machine/bare_lab.ts";
import { guestOf } from "../machine/tiers/guest.ts";
import type { World } from "../machine/tiers/places.ts";
import { sober } from "../machine/tiers/sober.ts";
import { programs } from "../machine/tiers/arbitrary.ts";
import type { Program } from "../machine/tiers/tree.ts";
import type { Campaign } from "./campaign.ts";
import { RAM_BASE } from "../../src/vm/machine/address.ts";
import { ACCESS_FAULT } from "../../src/vm/machine/cause.ts";
import { loaded, onBoth, onOurs } from "./cpu.ts";

/** M-mode alone: what QEMU does otherwise elsewhere, `campaign cpu` knows. */
const WORLD: World = {
  ...{ mode: "M", paged: false, delegated: false, lazy: false, pmp: "all", tells: true },
  ...{ timer: "none", every: 1000, tick: 10, seed: 0 },
};
/** Instructions of a program's end, which sums up the memory: they are not counted. */
const END = 500_000;
/** How often a program is done over, and the instructions in which it has to end. */
const ROUNDS = 300, MOST = 20_000_000;

/** A program of a seed that ends in time, as an ELF file and as text. */
export function programOf(seed: number): { file: Uint8Array; text: string } {
  for (let more = 0;; more++) {
    const [one] = fc.sample(programs, { seed: (seed + more) | 0, numRuns: 1 }) as [Program];
    const world = { ...WORLD, seed };
    const file = fileOf({ ...sober(one), rounds: ROUNDS }, world);
    if (file !== undefined && onOurs(file, "hot", MOST).said.length === 17) return file;
  }
}

function fileOf(program: Program, world: World): { file: Uint8Array; text: string } | undefined {
  try {
    const { image, text } = guestOf(program, world);
    return { file: elf(image), text };
  } catch (error) {
    if (error instanceof RangeError) return undefined; // too long
    throw error;
  }
}

/**
 * Whether a program accesses something below RAM that our board has not, by an address that came from anywhere: QEMU's
 * board may have a device there (its PCI bus takes all from 0x3000_0000 on), and then there is no fault.
 */
export function fliesOff(file: Uint8Array): boolean {
  const machine = loaded(file, "never");
  machine.stopsAtTrapOf = 0;
  while (machine.run(MOST).kind === "trapped") {
    const cause = Number(machine.hart.readCsr("mcause"));
    const fault = ACCESS_FAULT.some((one) => one === cause);
    if (fault && machine.hart.readCsr("mtval") < BigInt(RAM_BASE)) return true;
  }
  return false;
}

/** The campaign. */
export const regions: Campaign = {
  name: "regions",
  about: "random programs of loops and calls in M-mode, in both tiers, against QEMU",
  unit: "instructions",
  count: 100_000_000,
  needs: ["qemu-system-riscv64"],
  async run(task) {
    for (let left = task.count; left > 0;) {
      const program = programOf(task.random.below(2 ** 31));
      const [here, there] = await onBoth(program);
      if (here.said !== there) {
        if (fliesOff(program.file)) continue;
        throw new Error(`here ${here.said}on QEMU ${there}of the program\n${program.text}`);
      }
      const own = here.instret - END;
      left -= own;
      task.done(own);
    }
  },
};

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
import { onBoth, onOurs } from "./cpu.ts";

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
        throw new Error(`here ${here.said}on QEMU ${there}of the program\n${program.text}`);
      }
      const own = here.instret - END;
      left -= own;
      task.done(own);
    }
  },
};

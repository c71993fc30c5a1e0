/**
 * What a campaign is: a long random search for anything wrong, with a seed and a count, for which the suite has no
 * time. `deno task campaign NAME --seed N --count N` runs one; figures stand in docs/reliability.md.
 *
 * @module
 */

import { cpuUsage } from "node:process";

/** One campaign: a file of this folder, and a line in `main.ts`. */
export interface Campaign {
  /** What it is called on the command line. */
  readonly name: string;
  /** One line: what is tried, and against what it is held. */
  readonly about: string;
  /** What is counted: `instructions`, `operations`, `images` … */
  readonly unit: string;
  /** How many of them a run tries unless told. */
  readonly count: number;
  /** Programs it cannot do without (`qemu-system-riscv64`), looked for in PATH. */
  readonly needs?: readonly string[];
  /** Tries `task.count` units or a few more; throws at the first wrong answer, with all that is needed to see it again. */
  run(task: Task): Promise<void> | void;
}

/** What a campaign is given for one run. */
export interface Task {
  /** Same seed and count: the same cases. */
  readonly seed: number;
  /** Units to try. */
  readonly count: number;
  /** Pseudo-random numbers of the seed. */
  readonly random: Random;
  /** Says how many units are done; the frame draws it at most once a second. */
  done(units: number): void;
}

/** Pseudo-random numbers (xorshift128+, Vigna 2014): the same seed, the same numbers, on every machine. */
export class Random {
  #a: bigint;
  #b: bigint;

  /** Numbers of this seed, any integer. */
  constructor(seed: number) {
    // splitmix64 spreads small seeds over all bits.
    let z = BigInt.asUintN(64, BigInt(seed));
    const next = () => {
      z = BigInt.asUintN(64, z + 0x9e3779b97f4a7c15n);
      let x = z;
      x = BigInt.asUintN(64, (x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n);
      x = BigInt.asUintN(64, (x ^ (x >> 27n)) * 0x94d049bb133111ebn);
      return x ^ (x >> 31n);
    };
    this.#a = next();
    this.#b = next();
  }

  /** 64 random bits. */
  bits(): bigint {
    let x = this.#a;
    const y = this.#b;
    this.#a = y;
    x = BigInt.asUintN(64, x ^ (x << 23n));
    this.#b = x ^ y ^ (x >> 17n) ^ (y >> 26n);
    return BigInt.asUintN(64, this.#b + y);
  }

  /** A whole number from 0 to `below` - 1; `below` is at most 2^53. */
  below(below: number): number {
    return Number((this.bits() >> 11n) % BigInt(below));
  }

  /** True once in `n` times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  /** One of a list. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
}

/** Processor time of this process so far: what else the machine does counts for nothing. */
export function processorSeconds(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1e6;
}

/** One table of the options of a computer, for `boot()`, the command line and `--help`. */

import { onlyNames, shown } from "./checks.ts";
import { type Abi, ABIS } from "./kernel/abi.ts";
import { DEFAULT_QUANTUM } from "./kernel/boot.ts";
import { POLICIES } from "./kernel/fork/policies.ts";
import { MAX_SWAP } from "./kernel/memory/reclaim/swap_disk.ts";
import type { ProgramSource } from "./kernel/programs.ts";
import { PAGE_SIZE } from "./machine/address.ts";
import { DEFAULT_RAM, MAX_RAM, MIN_RAM, RAM_STEP } from "./machine/memory.ts";
import { didYouMean } from "./nearest.ts";
import { size } from "./numbers.ts";
import { bytesOf, type Size } from "./size.ts";
import type { Vm } from "./vm.ts";

/** The fork policies, the default first. */
export const POLICY_NAMES: readonly string[] = POLICIES.map((policy) => policy.name);

/** How a VM is made; everything has a default. */
export interface BootOptions {
  /** Fork policy: `cow` (the lab's, the default), `eager` (xv6 as it ships) … */
  policy?: string;
  /** RAM: 16M to 2G in steps of 64K; 128M unless given. */
  mem?: Size;
  /** Numbering of the calls: a name (`xv6`, `xv6-mmap`) or a table; else each program tells. */
  abi?: string | Abi;
  /** User instructions of a timer tick, 1 to 2^32-1; 100,000 unless given. */
  quantum?: number;
  /** Another number (below 2^32) gives another legal schedule; 0 is strict round-robin. */
  seed?: number;
  /** An xv6 file-system image, changed in place; our own small one unless given. */
  fs?: Uint8Array;
  /** A FAT32 image, mounted under `/fat` and changed in place; new files are of 1 January 1980. */
  fat?: Uint8Array;
  /** Treat every sbrk as lazy. */
  lazy?: boolean;
  /** 2 MiB leaves where an area covers an aligned block and 512 frames in a row are free. */
  superpages?: boolean;
  /** A store to a shared 2 MiB page: split it and copy 4 KiB (unless given), or copy it whole. */
  superpageCow?: "split" | "whole";
  /** A swap disk of this size, up to 16G in whole pages, and reclaim when frames run out. */
  swap?: Size;
  /** Pages brought back beside the one that a swap-in is for, up to 512. */
  readAhead?: number;
  /** How exec loads a program: all at once, or each page at first touch. */
  exec?: "eager" | "demand";
  /**
   * Whether code that runs often is translated to WebAssembly (`hot`, unless given) or everything
   * is interpreted (`never`). Nothing but time depends on it; see {@link Vm.engine}.
   */
  compile?: "hot" | "never";
  /** Programs that are run by name. */
  programs?: ProgramSource;
  /** What {@link Vm.interact} opens; `boot` of the scripting API gives the shell. */
  interact?: (vm: Vm) => Promise<void>;
}

/** One option. */
export interface BootOption {
  /** Its name in {@link BootOptions}. */
  readonly name: keyof BootOptions;
  /** What it may be: a size in bytes, a number, true or false, one of some words … */
  readonly kind: "size" | "count" | "switch" | "word" | "abi" | "image" | "object";
  /** Bounds of a size or number, and what it is a multiple of. */
  readonly least?: number;
  readonly most?: number;
  readonly step?: number;
  /** The words; for a switch, those for true and false where the command line has a value. */
  readonly words?: readonly string[];
  /** Its name on the command line, without `--`, and of its value; none: for scripts only. */
  readonly flag?: string;
  readonly value?: string;
  /** What it is when not given; undefined: nothing. */
  readonly unless?: string | number | boolean;
  /** A phrase for `--help`. */
  readonly doc: string;
}

type Values = Omit<BootOption, "name" | "flag" | "value" | "doc">;

/** An option; `typed` is its flag, and what the flag's value is called, behind a blank. */
function option(name: keyof BootOptions, typed: string, doc: string, values: Values): BootOption {
  const [flag, value] = typed.split(" ");
  const named = value === undefined ? {} : { value };
  return { name, ...values, ...(flag === "" ? {} : { flag }), ...named, doc };
}

/** One of some words, the first unless given. */
function oneOf(...words: string[]): Values {
  return { kind: "word", words, unless: words[0] };
}

function sizeOf(least: number, most: number, step: number, unless: number): Values {
  return { kind: "size", least, most, step, unless };
}

function count(least: number, most: number, unless: number): Values {
  return { kind: "count", least, most, unless };
}

const NO: Values = { kind: "switch", unless: false };
const IMAGE: Values = { kind: "image" };
const OBJECT: Values = { kind: "object" };
const HEAP: Values = { ...NO, words: ["lazy", "eager"] };
const NUMBERINGS: Values = { kind: "abi", words: ABIS.map((abi) => abi.name) };
const MOST = 0xffff_ffff;

/** All of them, in the order of `--help`. */
export const BOOT_OPTIONS: readonly BootOption[] = [
  option("policy", "policy NAME", "how fork shares memory", oneOf(...POLICY_NAMES)),
  option("mem", "mem SIZE", "RAM", sizeOf(MIN_RAM, MAX_RAM, RAM_STEP, DEFAULT_RAM)),
  option("seed", "seed N", "chooses another deterministic schedule", count(0, MOST, 0)),
  option("abi", "abi NAME", "one numbering of the calls for all programs", NUMBERINGS),
  option("exec", "exec HOW", "loading of programs", oneOf("eager", "demand")),
  option("lazy", "sbrk HOW", "growth of the heap, whatever the program asks", HEAP),
  option(
    "swap",
    "swap SIZE",
    "a swap disk of that size, and reclaim under pressure",
    sizeOf(0, MAX_SWAP, PAGE_SIZE, 0),
  ),
  option(
    "readAhead",
    "read-ahead N",
    "pages brought back with one that is swapped in, up to 512",
    count(0, 512, 0),
  ),
  option("superpages", "superpages", "2 MiB leaves where memory is aligned and in one piece", NO),
  option(
    "superpageCow",
    "superpage-cow HOW",
    "what a store to a shared 2 MiB page does",
    oneOf("split", "whole"),
  ),
  option("quantum", "quantum N", "instructions of a timer tick", count(1, MOST, DEFAULT_QUANTUM)),
  option("fs", "fs IMAGE", "an xv6 file system image", IMAGE),
  option("fat", "fat IMAGE", "a FAT32 image under /fat; new files there are of 1980-01-01", IMAGE),
  option(
    "compile",
    "compile HOW",
    "what becomes of code that runs often; never is for who wants to see the interpreter alone",
    oneOf("hot", "never"),
  ),
  option("programs", "", "programs that are run by name", OBJECT),
  option("interact", "", "what opens a shell", OBJECT),
];

/** What an option may be, in words; `typed`: as on the command line. */
export function wanted(option: BootOption, typed = false): string {
  const { kind, words = [], least = 0, most = 0, step = 1 } = option;
  switch (kind) {
    case "size":
      return `${size(least)} to ${size(most)} in steps of ${size(step)}`;
    case "count":
      return `a whole number from ${least} to ${most}`;
    case "switch":
      return typed ? either(words) : "true or false";
    case "word":
      return either(words);
    case "abi":
      if (typed) return `${words.join(", ")}, or a file`;
      return `${words.join(", ")}, or a table { name, summary, calls, usyscall }`;
    case "image":
      return "the bytes of an image, a Uint8Array";
    case "object":
      return option.name === "programs" ? "an object with get and list" : "a function";
  }
}

function either(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/** What is wrong with a value of an option, and what would be right; undefined when it is fine. */
export function problemOf(option: BootOption, value: unknown, typed = false): string | undefined {
  if (fits(option, value)) return undefined;
  // Numbers have no words, so nothing is near them.
  const near = typeof value === "string" ? didYouMean(value, option.words ?? []) : "";
  return `${wanted(option, typed)}${near}`;
}

function fits(option: BootOption, value: unknown): boolean {
  const { kind, words = [], least = 0, most = 0, step = 1 } = option;
  const { calls, get, list } = Object(value) as Partial<Abi & ProgramSource>;
  switch (kind) {
    case "size":
    case "count": {
      const n = kind === "size" ? bytesOrNot(value as Size) : value;
      return Number.isInteger(n) && n as number >= least && n as number <= most &&
        n as number % step === 0;
    }
    case "switch":
      return typeof value === "boolean";
    case "word":
      return words.includes(value as string);
    case "abi":
      return words.includes(value as string) || typeof calls === "object" && calls !== null;
    case "image":
      return value instanceof Uint8Array;
    case "object":
      if (option.name === "interact") return typeof value === "function";
      return typeof get === "function" && typeof list === "function";
  }
}

/** A size in bytes, or undefined for what is none. */
function bytesOrNot(value: Size): number | undefined {
  try {
    return bytesOf(value);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Options with every default filled in, and sizes in bytes. */
export type Settled =
  & Required<Omit<BootOptions, "mem" | "swap" | "abi" | "fs" | "fat" | "programs" | "interact">>
  & Pick<BootOptions, "abi" | "fs" | "fat" | "programs" | "interact">
  & { mem: number; swap: number };

/** All options, checked. Throws a RangeError with one clear line for a bad name or value. */
export function settled(options: BootOptions): Settled {
  onlyNames("boot", options, BOOT_OPTIONS.map((option) => option.name));
  const values: Record<string, unknown> = {};
  for (const option of BOOT_OPTIONS) {
    const value = options[option.name] ?? option.unless;
    if (value === undefined) continue;
    const problem = problemOf(option, value);
    if (problem !== undefined) {
      throw new RangeError(`${option.name} ${shown(value)}: want ${problem}`);
    }
    values[option.name] = option.kind === "size" ? bytesOf(value as Size) : value;
  }
  return values as unknown as Settled;
}

/** What differs between the options of two computers, so that states do not fit. */
export function differences(one: Made, two: Made): string[] {
  const text = (value: unknown) => typeof value === "object" ? JSON.stringify(value) : `${value}`;
  const others = [...new Set([...Object.keys(one), ...Object.keys(two)])]
    .filter((name) => !BOOT_OPTIONS.some((option) => option.name === name))
    .filter((name) => text(one[name]) !== text(two[name]))
    .map((name) => `${name} ${text(one[name])}, not ${text(two[name])}`);
  const known = BOOT_OPTIONS.flatMap(({ name, kind }) => {
    const [a, b] = [text(one[name]), text(two[name])];
    if (a === b) return [];
    if (kind === "size") return [`${name} ${size(Number(a))}, not ${size(Number(b))}`];
    return kind === "abi" ? ["another abi"] : [`${name} ${a}, not ${b}`];
  });
  return [...known, ...others];
}

/**
 * What a computer was made with, as plain data: all but its disks, what came from the host, and how
 * its instructions are executed.
 */
export type Made = Readonly<Record<string, string | number | boolean | Abi | undefined>>;

/** The part of its options that a state must have in common with a computer. */
export function madeOf(options: Settled): Made {
  const { fs: _fs, fat: _fat, programs: _programs, interact: _interact, compile: _, ...made } =
    options;
  return structuredClone(made);
}

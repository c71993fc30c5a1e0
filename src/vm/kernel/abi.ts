/**
 * Which number means which system call. The table is data, because the lab trees do not agree: mmap
 * is 27 in newer trees and 22 in most students' ones. A program's own stubs tell (stubs.ts); the
 * tables here are for programs without stubs, and for a choice by hand.
 */

/** Every call the built-in kernel has a row for, by the name of the row. */
export type CallName =
  | "fork"
  | "exit"
  | "wait"
  | "pipe"
  | "read"
  | "kill"
  | "exec"
  | "fstat"
  | "chdir"
  | "dup"
  | "getpid"
  | "sbrk"
  | "pause"
  | "uptime"
  | "open"
  | "write"
  | "mknod"
  | "unlink"
  | "link"
  | "mkdir"
  | "close"
  | "mmap"
  | "munmap"
  | "pgaccess"
  | "pgpte"
  | "kpgtbl"
  | "clone"
  | "mprotect"
  | "msync"
  | "trace"
  | "sysinfo"
  | "sigalarm"
  | "sigreturn"
  | "symlink"
  | "interpose"
  | "gettid"
  | "connect"
  | "bind"
  | "unbind"
  | "send"
  | "recv"
  | "ntas"
  | "crash"
  | "mount"
  | "umount"
  | "rwlktest"
  | "cpupin";

/**
 * The numbering of one process: number to name, as its program calls it. A name that no row has is
 * an unknown call.
 */
export type CallTable = Readonly<Record<number, string>>;

/** Names that trees give to calls which have another name here. */
export const ALIASES: Readonly<Record<string, CallName>> = { sleep: "pause" };

/** A numbering of the calls. */
export interface Abi {
  /** Its name on the command line. */
  readonly name: string;
  /** What it is for, in a phrase. */
  readonly summary: string;
  /** Number to name. */
  readonly calls: Readonly<Record<number, CallName>>;
  /** Whether each process has the pgtbl lab's page at USYSCALL, where ugetpid() finds its pid. */
  readonly usyscall: boolean;
}

/** The 21 calls that every xv6 has had since 2019. */
const XV6: Readonly<Record<number, CallName>> = {
  1: "fork",
  2: "exit",
  3: "wait",
  4: "pipe",
  5: "read",
  6: "kill",
  7: "exec",
  8: "fstat",
  9: "chdir",
  10: "dup",
  11: "getpid",
  12: "sbrk",
  13: "pause",
  14: "uptime",
  15: "open",
  16: "write",
  17: "mknod",
  18: "unlink",
  19: "link",
  20: "mkdir",
  21: "close",
};

/** Calls beyond xv6's, numbered where no lab of any year has put one. */
const OURS: Readonly<Record<number, CallName>> = {
  60: "clone",
  61: "mprotect",
  62: "msync",
  63: "interpose",
  64: "gettid",
};

/** The lab calls as trees since 2020 number them where they have more than one lab's. */
const LABS: Readonly<Record<number, CallName>> = {
  22: "trace",
  23: "sysinfo",
  24: "sigalarm",
  25: "sigreturn",
  26: "symlink",
  27: "mmap",
  28: "munmap",
  29: "connect",
  30: "pgaccess",
  31: "send",
  32: "recv",
  33: "pgpte",
  34: "kpgtbl",
  35: "rwlktest",
  36: "cpupin",
};

/** The numberings that come with the program; the first is the default. */
export const ABIS: readonly Abi[] = [
  {
    name: "xv6",
    summary: "the 21 calls, and the lab calls as newer trees number them",
    calls: { ...XV6, ...LABS, ...OURS },
    usyscall: true,
  },
  {
    name: "xv6-mmap",
    summary: "the 21 calls, and mmap 22, munmap 23 as most mmap lab trees number them",
    calls: { ...XV6, 22: "mmap", 23: "munmap", ...OURS },
    usyscall: false,
  },
];

/** Calls that no numbering above has: a program's stubs, or a file, may name them. */
const UNNUMBERED: readonly CallName[] = ["bind", "unbind", "ntas", "crash", "mount", "umount"];

const NAMES: ReadonlySet<string> = new Set([
  ...ABIS.flatMap((abi) => Object.values(abi.calls)),
  ...UNNUMBERED,
]);

/** The numbering named. Throws a RangeError that says which there are. */
export function abiNamed(name: string): Abi {
  const found = ABIS.find((one) => one.name === name);
  if (found === undefined) {
    throw new RangeError(`no abi "${name}": there are ${ABIS.map((one) => one.name).join(", ")}`);
  }
  return found;
}

/**
 * A numbering from the text of a JSON file: `{"name": "mine", "calls": {"22": "mmap"}}`. Its
 * entries are laid over the 21 calls of xv6; `null` takes a number away. `"usyscall": true` gives
 * each process the pgtbl lab's page.
 *
 * Throws an Error with one line that says what is wrong and what would be right.
 */
export function parseAbi(text: string, from: string): Abi {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${from}: not JSON (${(error as Error).message})`);
  }
  const calls = (value as { calls?: unknown } | null)?.calls;
  if (typeof calls !== "object" || calls === null) {
    throw new Error(`${from}: wants an object {"calls": {"22": "mmap", …}}`);
  }
  const table: Record<number, CallName> = { ...XV6, ...OURS };
  for (const [key, name] of Object.entries(calls)) {
    const number = Number(key);
    if (!Number.isInteger(number) || number < 1 || number > 1023) {
      throw new Error(`${from}: call number "${key}" is not a whole number from 1 to 1023`);
    }
    if (name === null) delete table[number];
    else if (typeof name === "string" && NAMES.has(name)) table[number] = name as CallName;
    else {
      throw new Error(
        `${from}: call ${key}: no call is named ${JSON.stringify(name)}; there are ${
          [...NAMES].join(", ")
        }`,
      );
    }
  }
  const { name, usyscall } = value as { name?: unknown; usyscall?: unknown };
  return {
    name: typeof name === "string" ? name : from,
    summary: `from ${from}`,
    calls: table,
    usyscall: usyscall === true,
  };
}

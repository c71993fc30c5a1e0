/**
 * The program's own flags: one table that parsing, `--help` and the check of unknown ones read.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { CommandError } from "../commands/errors.ts";
import { parseNumber } from "../commands/numbers.ts";
import { didYouMean } from "../commands/nearest.ts";

/** What the command line asks for. */
export interface Options {
  /** `-c`, in order. */
  commands: string[];
  /** Command files, in order; they run before `-c`. */
  files: string[];
  json: boolean;
  keepGoing: boolean;
  /** `--color`, `--no-color`, or neither. */
  color: boolean | undefined;
  help: boolean;
  version: boolean;
  /** Bytes of RAM. */
  mem: number;
  /** Instructions that one command may run the guest for. */
  budget: bigint | undefined;
  seed: number | undefined;
  policy: string | undefined;
  abi: string | undefined;
  exec: string | undefined;
  /** Bytes of the swap disk. */
  swap: number | undefined;
  /** Pages brought back beside the one that a swap-in is for. */
  readAhead: number | undefined;
  superpages: boolean;
  hugeCow: string | undefined;
  sbrk: string | undefined;
  /** Instructions of a timer tick. */
  quantum: number | undefined;
  /** Paths of images and of a bare-metal program. */
  fs: string | undefined;
  fat: string | undefined;
  bare: string | undefined;
  /** Path of its disk image. */
  disk: string | undefined;
  /** The flags as they were typed, up to a `--`: what `boot` begins with. */
  typed: readonly string[];
}

interface Flag {
  name: string;
  short?: string;
  /** What its value is called; none for a switch. */
  value?: string;
  doc: string;
}

const FLAGS: readonly Flag[] = [
  { name: "command", short: "c", value: "CMD", doc: "run this line; may be repeated" },
  { name: "json", doc: "print one JSON object a command" },
  { name: "keep-going", doc: "go on after an error" },
  { name: "color", doc: "colour, or --no-color; else NO_COLOR, FORCE_COLOR, terminal or not" },
  { name: "policy", value: "NAME", doc: "how fork shares memory: cow, eager, …" },
  { name: "mem", value: "SIZE", doc: "RAM, 16M to 2G; 128M when not given" },
  { name: "budget", value: "N", doc: "instructions that one command may run the guest for" },
  { name: "seed", value: "N", doc: "chooses another deterministic schedule" },
  {
    name: "abi",
    value: "NAME",
    doc: "one numbering of the calls for all programs: xv6, xv6-mmap, or a file",
  },
  { name: "exec", value: "HOW", doc: "demand or eager loading of programs" },
  {
    name: "sbrk",
    value: "HOW",
    doc: "lazy or eager growth of the heap, whatever the program asks",
  },
  { name: "swap", value: "SIZE", doc: "a swap disk of that size, and reclaim under pressure" },
  { name: "read-ahead", value: "N", doc: "pages brought back with one that is swapped in" },
  { name: "superpages", doc: "2 MiB leaves where memory is aligned and in one piece" },
  {
    name: "huge-cow",
    value: "HOW",
    doc: "a store to a shared 2 MiB page: split it, or copy it whole",
  },
  { name: "quantum", value: "N", doc: "instructions of a timer tick; 100000 when not given" },
  { name: "fs", value: "IMAGE", doc: "an xv6 file system image" },
  {
    name: "fat",
    value: "IMAGE",
    doc: "a FAT32 image under /fat; new files there are of 1980-01-01",
  },
  {
    name: "bare",
    value: "ELF",
    doc: "run a program that is its own kernel, like your xv6; see below",
  },
  { name: "disk", value: "IMAGE", doc: "its disk, in memory: the file is never written" },
  { name: "help", short: "h", doc: "this text" },
  { name: "version", doc: "the version" },
];

/** The flags that say what computer it is: `boot` takes them, too. */
const OF_THE_COMPUTER: ReadonlySet<string> = new Set(
  ("policy mem seed abi exec sbrk swap read-ahead superpages huge-cow quantum fs fat").split(" "),
);

/** Bounds of `--mem`, in bytes. */
const MEM_MIN = 16 * 2 ** 20;
const MEM_MAX = 2 * 2 ** 30;
const MEM_DEFAULT = 128 * 2 ** 20;

/** What `--help` prints. */
export function helpText(): string {
  const rows = FLAGS.map((f): [string, string] => [
    `${f.short ? `-${f.short}, ` : "    "}--${f.name}${f.value ? ` ${f.value}` : ""}`,
    f.doc,
  ]);
  const widest = Math.max(...rows.map(([name]) => name.length));
  return [
    "cowsh: a RISC-V computer with a copy-on-write kernel, in a shell",
    "",
    "  deno task start [flags] [FILE…]     FILE: lines to run; none and no -c: a session",
    "",
    ...rows.map(([name, doc]) => `  ${name.padEnd(widest)}  ${doc}`),
    "",
    "  --bare kernel/kernel --disk fs.img boots your own xv6, made as for QEMU. On a terminal every key",
    "  is the guest's, Ctrl-C too; Ctrl-] leaves, two Ctrl-C within a second end it (130). Piped input",
    "  is typed a line at a time when the guest reads; after the last line, the run ends when the guest",
    "  only waits for more. A panic of the kernel is exit code 3.",
    "",
    "  exit codes: 0 fine, 1 a test failed, 2 usage, 3 guest panic, 4 budget used up,",
    "              5 could not load, 130 interrupted",
    "",
    "In the session, help lists the commands.",
    "",
  ].join("\n");
}

/**
 * The command line as options.
 *
 * @throws {CommandError} exit code 2, on a flag that is unknown, lacks its value or has a bad one
 */
export function parseFlags(argv: readonly string[]): Options {
  const valued = FLAGS.filter((f) => f.value !== undefined);
  const switches = FLAGS.filter((f) => f.value === undefined);
  const parsed = parseArgs([...argv], {
    string: [...valued.map((f) => f.name), "_"],
    boolean: switches.map((f) => f.name),
    collect: ["command"],
    negatable: ["color"],
    default: { color: undefined },
    alias: { command: "c", help: "h" },
    "--": true,
    unknown: (flag, key) => {
      if (key === undefined) return true;
      const names = FLAGS.map((f) => `--${f.name}`).concat(["--no-color", "-c", "-h"]);
      throw new CommandError(`no flag ${flag}${didYouMean(flag, names) || "; try --help"}`);
    },
  });
  const values = parsed as Record<string, unknown>;
  const text = (name: string): string | undefined => {
    const value = values[name];
    if (value === undefined) return undefined;
    const flag = valued.find((f) => f.name === name)!;
    if (typeof value !== "string" || value === "") {
      throw new CommandError(`--${name} needs a value: --${name} ${flag.value}`);
    }
    return value;
  };
  const number = (name: string): bigint | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    const parsedNumber = parseNumber(value);
    if (parsedNumber === undefined) {
      throw new CommandError(`--${name} ${value}: not a number, like 42, 0x2a or 64M`);
    }
    return parsedNumber;
  };
  const commands = (values.command ?? []) as string[];
  if (commands.includes("")) throw new CommandError("-c needs a line: -c 'run cowtest'");
  const swap = number("swap");
  const seed = number("seed");
  const budget = number("budget");
  if (budget === 0n) throw new CommandError("--budget 0: at least one instruction");
  if (seed !== undefined && seed > 0xffff_ffffn) throw new CommandError("--seed: below 2^32");
  const readAhead = number("read-ahead");
  const quantum = number("quantum");
  if (quantum !== undefined && (quantum < 1n || quantum > 0xffff_ffffn)) {
    throw new CommandError("--quantum: 1 to 2^32-1 instructions");
  }
  const bare = text("bare");
  const disk = text("disk");
  const files = [...parsed._.map(String), ...(parsed["--"] ?? [])];
  if (bare === undefined && disk !== undefined) {
    throw new CommandError("--disk is for --bare; the built-in kernel takes --fs IMAGE");
  }
  if (bare !== undefined && (commands.length > 0 || files.length > 0)) {
    throw new CommandError("--bare runs a kernel of its own, which takes no commands and files");
  }
  return {
    commands,
    files,
    json: values.json === true,
    keepGoing: values["keep-going"] === true,
    color: typeof values.color === "boolean" ? values.color : undefined,
    help: values.help === true,
    version: values.version === true,
    mem: memory(number("mem"), text("mem")),
    budget,
    seed: seed === undefined ? undefined : Number(seed),
    policy: text("policy"),
    abi: text("abi"),
    exec: text("exec"),
    swap: swap === undefined ? undefined : Number(swap),
    readAhead: readAhead === undefined ? undefined : Number(readAhead),
    superpages: values.superpages === true,
    hugeCow: oneOf("huge-cow", text("huge-cow"), ["split", "whole"]),
    sbrk: oneOf("sbrk", text("sbrk"), ["lazy", "eager"]),
    quantum: quantum === undefined ? undefined : Number(quantum),
    fs: text("fs"),
    fat: text("fat"),
    bare,
    disk,
    typed: argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv,
  };
}

/** Throws {@linkcode CommandError} when words for `boot` are no flags, or flags of the session. */
export function checkMachineFlags(words: readonly string[]): void {
  const takes = [...OF_THE_COMPUTER].map((name) => `--${name}`).join(", ");
  for (const word of words) {
    const flag = FLAGS.find((f) => word.replace(/=.*$/s, "") === `--${f.name}`);
    if (flag !== undefined && !OF_THE_COMPUTER.has(flag.name)) {
      throw new CommandError(`--${flag.name} is not the computer's; boot takes ${takes}`);
    }
  }
  const { files, commands } = parseFlags(words);
  const extra = [...files, ...commands][0];
  if (extra !== undefined) {
    throw new CommandError(`boot has no use for ${JSON.stringify(extra)}; it takes ${takes}`);
  }
}

function oneOf(
  name: string,
  value: string | undefined,
  words: readonly string[],
): string | undefined {
  if (value === undefined || words.includes(value)) return value;
  throw new CommandError(`--${name} ${value}: ${words.join(" or ")}`);
}

function memory(bytes: bigint | undefined, typed: string | undefined): number {
  if (bytes === undefined) return MEM_DEFAULT;
  if (bytes < MEM_MIN || bytes > MEM_MAX) {
    throw new CommandError(`--mem ${typed}: RAM is 16M to 2G`);
  }
  if (bytes % 4096n !== 0n) throw new CommandError(`--mem ${typed}: RAM is whole 4K pages`);
  return Number(bytes);
}

/** The program's own flags: one table that parsing, `--help` and the check of unknown ones read. */

import { parseArgs } from "@std/cli/parse-args";
import { CommandError } from "../framework/errors.ts";
import {
  BOOT_OPTIONS,
  type BootOption,
  type BootOptions,
  problemOf,
  wanted,
} from "../vm/boot_options.ts";
import { parseNumber, size } from "../vm/numbers.ts";
import { didYouMean } from "../vm/nearest.ts";
import { GUEST_FLAGS, type GuestFiles, type GuestFlags, guestFlags } from "./guest_flags.ts";

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
  /** Instructions that one command may run the guest for. */
  budget: bigint | undefined;
  /** How the computer is booted: all but what is in files. */
  boot: BootOptions;
  /** Paths of what is in files, by the names of their options: images, a numbering of the calls. */
  paths: { fs?: string; fat?: string; abi?: string };
  /** Paths of somebody's own kernel and its disk image, or of a program alone. */
  own: GuestFiles;
  /** Its computer. */
  guest: GuestFlags;
  /** `--fact`, in order: what somebody knows about the kernel of `--kernel`. */
  facts: readonly string[];
  /** The flags as they were typed, up to a `--`: what `boot` begins with. */
  typed: readonly string[];
}

interface Flag {
  readonly name: string;
  readonly short?: string;
  /** What its value is called; none for a switch. */
  readonly value?: string;
  readonly doc: string;
}

/** The boot options that can be given here. */
const BOOTED = BOOT_OPTIONS.filter((option) => option.flag !== undefined);

/** A boot option as a flag: words and sizes are told, and what is usual. */
function bootFlag(option: BootOption): Flag {
  const { flag, value, kind, unless, doc } = option;
  const told = value === undefined || kind === "image" || kind === "count"
    ? ""
    : `: ${wanted(option, true)}`;
  const usual = typeof unless !== "number" || unless === 0
    ? ""
    : `; ${kind === "size" ? size(unless) : unless} when not given`;
  return { name: flag!, ...(value === undefined ? {} : { value }), doc: `${doc}${told}${usual}` };
}

const FLAGS: readonly Flag[] = [
  { name: "command", short: "c", value: "CMD", doc: "run this line; may be repeated" },
  { name: "json", doc: "print one JSON object a command" },
  { name: "keep-going", doc: "go on after an error" },
  { name: "color", doc: "colour, or --no-color; else NO_COLOR, FORCE_COLOR, terminal or not" },
  { name: "budget", value: "N", doc: "instructions that one command may run the guest for" },
  ...BOOTED.map(bootFlag),
  ...GUEST_FLAGS,
  { name: "help", short: "h", doc: "this text" },
  { name: "version", doc: "the version" },
];

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
    "  --kernel kernel/kernel --disk fs.img boots your own xv6, made as for QEMU, and opens the shell",
    "  at its prompt: the same commands, asked of your kernel. console or Ctrl-A c goes to the guest's",
    "  console, Ctrl-A c comes back. A kernel that panics while it boots is exit code 3 with -c or FILE.",
    "  With --harts 3 three harts take turns of --quantum instructions (on average; 10000 when not",
    "  given), interleaved as --seed says: the same seed, the same run. A quantum below 1000 is for",
    "  finding races, and slow.",
    "  --bare ELF runs a program alone, its UART standard input and output, its exit code this one's.",
    "  On a terminal every key is the program's; Ctrl-] leaves, two Ctrl-C within a second end it.",
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
    collect: ["command", "fact"],
    negatable: ["color"],
    default: { color: undefined },
    alias: { command: "c", help: "h" },
    "--": true,
    unknown: (flag, key) => {
      if (key === undefined) return true;
      // The value of a flag, taken for one itself.
      if (/^-\d/.test(flag)) {
        throw new CommandError(
          `${flag} is no flag; as the value of one it is written --FLAG=${flag}`,
        );
      }
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
  const budget = number("budget");
  if (budget === 0n) throw new CommandError("--budget 0: at least one instruction");
  const facts = (values.fact ?? []) as string[];
  if (facts.length > 0 && text("kernel") === undefined) {
    throw new CommandError("--fact is for --kernel; of the built-in kernel everything is known");
  }
  if (facts.includes("")) throw new CommandError("--fact needs a value: --fact NAME=EXPR");
  const own = { elf: text("kernel"), disk: text("disk"), bare: text("bare") };
  const computer = booted(values, text, number);
  const guest = guestFlags(own, number("harts"), computer);
  const files = [...parsed._.map(String), ...(parsed["--"] ?? [])];
  if (own.bare !== undefined && (commands.length > 0 || files.length > 0)) {
    throw new CommandError("--bare opens no shell: commands and files are for --kernel");
  }
  return {
    commands,
    files,
    json: values.json === true,
    keepGoing: values["keep-going"] === true,
    color: typeof values.color === "boolean" ? values.color : undefined,
    help: values.help === true,
    version: values.version === true,
    budget,
    ...computer,
    own,
    guest,
    facts,
    typed: argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv,
  };
}

/** The boot options among the flags, checked; those that are in files as paths. */
function booted(
  values: Readonly<Record<string, unknown>>,
  text: (name: string) => string | undefined,
  number: (name: string) => bigint | undefined,
): Pick<Options, "boot" | "paths"> {
  const boot: Record<string, unknown> = {};
  const paths: Record<string, string> = {};
  for (const option of BOOTED) {
    const { name, kind, words = [], value: takes } = option;
    const flag = option.flag!;
    const typed = takes === undefined ? undefined : text(flag);
    if (takes === undefined ? values[flag] !== true : typed === undefined) continue;
    if (kind === "image" || (kind === "abi" && /[./]/.test(typed!))) {
      paths[name] = typed!;
      continue;
    }
    const value = kind === "size" || kind === "count"
      ? Number(number(flag))
      : kind !== "switch"
      ? typed
      : typed === undefined || typed === words[0]
      ? true
      : typed === words[1]
      ? false
      : typed;
    const problem = problemOf(option, value, true);
    if (problem !== undefined) throw new CommandError(`--${flag} ${typed}: want ${problem}`);
    boot[name] = value;
  }
  return { boot: boot as BootOptions, paths };
}

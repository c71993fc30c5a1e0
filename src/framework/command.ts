/**
 * How a command is declared. One declaration drives parsing, help, completion, the command page of
 * the docs and a test of its examples; `run` is the only code. Commands print nothing: they return
 * a {@linkcode Result}.
 *
 *     export default command({
 *       name: "refcount", aliases: ["rc"], group: "memory",
 *       summary: "who owns a frame, and how often",
 *       args: [{ name: "pa", kind: "pa", doc: "an address in the frame" }],
 *       examples: [{ say: "…", lines: ["spawn", "refcount 0x87f3d000"], shows: ["stored 1"] }],
 *       run: (ctx, { pa }) => result([...]),       // pa is a Pa, because the declaration says so
 *     });
 */

import type { GrowingFile } from "../host/file.ts";
import type { Pa, Va } from "../vm/machine/address.ts";
import type { Vm } from "../vm/vm.ts";
import type { LineCode, Resolver } from "./evaluate.ts";
import type { Place, Result } from "./result.ts";

/** A virtual address as typed: `0x4000` is the current process's, `3:0x4000` names its process. */
export interface VaArg {
  /** The address. */
  va: Va;
  /** The process named in front of the colon; undefined when none was. */
  pid: number | undefined;
  /** As typed, where that says that it is a physical address, like pa(0x3000). */
  physical?: string;
  /** A line of the source, with all places where it has code. */
  code?: LineCode;
  /** It is a variable of C, which stands here, */
  place?: Va;
  /** and has so many bytes. */
  size?: number;
}

/** What `run` receives for each kind of argument. */
interface ArgTypes {
  /** A virtual address expression; see {@linkcode VaArg}. */
  va: VaArg;
  /** A physical address expression. */
  pa: Pa;
  /** Any 64-bit value, two's complement: `-1` arrives as `-1n`. */
  expr: bigint;
  /** A process id: decimal, or an expression in brackets. */
  pid: number;
  /** A number of bytes: `4096`, `64K`, `4 pages` in quotes or as `4p`. */
  size: bigint;
  /** A small non-negative decimal number. */
  count: number;
  /** Permissions: letters out of `rwx`, or `none`. */
  perm: string;
  /** A guest program's name or a host path of an ELF file. */
  program: string;
  /** A host path. */
  file: string;
  /** A command's name. */
  command: string;
  /** A function or variable of a program, `main`, or any address expression in its place. */
  symbol: string;
  /** A snapshot's name. */
  snapshot: string;
  /** A general register or CSR, with or without `$`. */
  register: string;
  /** One word as it stands, quotes removed. */
  text: string;
  /** All the rest of the line as it was typed. */
  line: string;
}

/** The kinds of argument; completion offers candidates by it. */
export type ArgKind = keyof ArgTypes;

/** One positional argument. */
export interface ArgSpec {
  /** The property of `args` it arrives in, and, in capitals, its name in help. */
  name: string;
  kind: ArgKind;
  /** May be left out. */
  optional?: boolean;
  /** Takes all remaining words and arrives as an array; last only. */
  rest?: boolean;
  /**
   * With `rest`: words starting with `-` are arguments too, for guest programs: `run grep -v x`.
   * The command's own long flags are still its own, up to a `--` in front of the program.
   */
  verbatim?: boolean;
  /** Fixed words to choose from, for completion and a check. */
  choices?: readonly string[];
  /** Words that completion offers; others are good, too. */
  offers?: readonly string[];
  /** A phrase for help: what it is, its unit. */
  doc?: string;
}

/** One flag; without `kind` it is a switch that arrives as `true`. */
export interface FlagSpec {
  /** `--name`, and the property of `args` it arrives in. */
  name: string;
  /** One letter: `-p`. */
  short?: string;
  /** The kind of its value; none for a switch. */
  kind?: ArgKind;
  /** May be given more than once, or as a list with commas; arrives as an array. */
  many?: boolean;
  /** Fixed words to choose from. */
  choices?: readonly string[];
  /** A phrase for help. */
  doc: string;
}

/** A session that shows the command at work; a test runs it and looks for `shows`. */
interface Example {
  /** What it is an example of, in a phrase. */
  say: string;
  /** Lines typed, from a freshly booted machine; the last is the command's own. */
  lines: string[];
  /** Texts that the output of the last line holds, runs of blanks counted as one. */
  shows: string[];
}

/** Chapters of `help`, in this order. */
export const GROUPS = [
  "process",
  "memory",
  "inspect",
  "run control",
  "files",
  "machine",
  "session",
] as const;

/** A chapter of `help`. */
type Group = typeof GROUPS[number];

type ArgValue<S extends ArgSpec> = S extends { rest: true } ? ArgTypes[S["kind"]][]
  : S extends { optional: true } ? ArgTypes[S["kind"]] | undefined
  : ArgTypes[S["kind"]];
type FlagValue<S extends FlagSpec> = S extends { kind: infer K extends ArgKind }
  ? S extends { many: true } ? ArgTypes[K][] | undefined : ArgTypes[K] | undefined
  : true | undefined;

/** The typed arguments that follow from a declaration: positional ones and flags by their names. */
type ArgsOf<A extends readonly ArgSpec[], F extends readonly FlagSpec[]> =
  & { [S in A[number] as S["name"]]: ArgValue<S> }
  & { [S in F[number] as S["name"]]: FlagValue<S> };

/** A declaration with its types; hand it to {@linkcode command}. */
interface Declaration<A extends readonly ArgSpec[], F extends readonly FlagSpec[]> {
  name: string;
  aliases?: readonly string[];
  group: Group;
  /** One phrase, lower case, no full stop. */
  summary: string;
  /** Paragraphs for `help NAME`. */
  details?: string;
  args?: A;
  flags?: F;
  examples?: readonly Example[];
  run(ctx: Context, args: ArgsOf<A, F>): Result | Promise<Result>;
}

/** A declared command as the registry, help and completion see it. */
export interface Command {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly group: Group;
  readonly summary: string;
  readonly details: string;
  readonly args: readonly ArgSpec[];
  readonly flags: readonly FlagSpec[];
  readonly examples: readonly Example[];
  /** Runs it on arguments that the parser made to measure. */
  run(ctx: Context, args: Record<string, unknown>): Result | Promise<Result>;
}

/** Declares a command; `run` gets arguments typed by the declaration. */
export function command<
  const A extends readonly ArgSpec[] = [],
  const F extends readonly FlagSpec[] = [],
>(declaration: Declaration<A, F>): Command {
  return {
    aliases: [],
    details: "",
    args: [],
    flags: [],
    examples: [],
    ...declaration,
    // The parser builds the record from `args` and `flags`, so it has the declared shape.
    run: (ctx, values) => declaration.run(ctx, values as ArgsOf<A, F>),
  };
}

/** What `set` changes. */
export interface Settings {
  /** One JSON object a command in place of text. */
  json: boolean;
  /** Colour in text. */
  color: boolean;
  /** Go on after an error when not interactive. */
  keepGoing: boolean;
  /** Instructions that one command may run the guest for; undefined is no limit. */
  budget: bigint | undefined;
  /** Also print each command's call in the scripting API. */
  ts: boolean;
}

/** What lives from one line to the next. */
export interface Session {
  /** The computer. `boot` assigns another one. */
  vm: Vm;
  /** Boots as the session began, with more flags; undefined where a script holds the computer. */
  readonly boot: ((flags: readonly string[]) => Promise<Vm>) | undefined;
  /** The process that commands act on; 0 when there is none. */
  pid: number;
  /** `$_`: the last address that a command showed or made; undefined before the first. */
  place: Place | undefined;
  /** `$__`: the last number that a command answered. */
  last: bigint;
  settings: Settings;
  /** Lines entered so far, oldest first, without this one. */
  history: readonly string[];
  /** Whether a person sits in front of it. */
  readonly interactive: boolean;
  /** Asks the session to end with this code after the command; undefined while it goes on. */
  quit: number | undefined;
  /**
   * A guest's console has lent the terminal: true asks to give it back when the session ends.
   * `elsewhere`: it has a terminal of its own. Undefined: there is no such console.
   */
  toConsole: boolean | "elsewhere" | undefined;
  /** What commands keep between lines (snapshots, a recording), by the command's name. */
  readonly store: Map<string, unknown>;
  /** Told of every line after it ran: `record`, `save`. */
  readonly watchers: Set<(entry: Entry) => void>;
  /** Run when the session ends, in whatever way; each says what it did, like ending a recording. */
  readonly closers: Set<() => Promise<string>>;
}

/** A line that ran, and what it printed. */
export interface Entry {
  line: string;
  /** All of it, colour codes included when colour is on, the guest's console and errors too. */
  output: string;
  status: number;
  /** The same through the scripting API, where the command says so. */
  api: string | undefined;
}

/** Host files, handed in by `main.ts`; errors have a line for people (`FileError`). */
export interface HostFiles {
  /** The bytes of a file. */
  read(path: string): Promise<Uint8Array>;
  /** Throws what {@linkcode write} would throw at once, for a command whose work comes first. */
  check(path: string, force: boolean): void;
  /** Writes a file, whole or not at all. `force` replaces one that the session did not write. */
  write(path: string, bytes: Uint8Array, force: boolean): void;
  /** Opens a file that grows line by line; the same about `force`. */
  grow(path: string, force: boolean): GrowingFile;
}

/** The flag of every command that writes a file of the host. */
export const FORCE = {
  name: "force",
  doc: "replace a file that is there, or what a symbolic link leads to",
} as const;

/** What a person types while the guest has the terminal. */
export interface GuestInput {
  /** Bytes that have come, at most to the end of a line; without Ctrl-C and Ctrl-] (escape). */
  take(): Uint8Array;
  /** True once no more will come: the pipe's end, or the escape key. */
  readonly ended: boolean;
  /** Waits until there is something to take, or the end, or Ctrl-C. */
  wait(): Promise<void>;
}

/** What a command's `run` may touch. */
export interface Context {
  session: Session;
  /** Shorthand for `session.vm`. */
  readonly vm: Vm;
  /**
   * Streams guest console text at once, as text: it does nothing to the terminal; also put the
   * whole in a console section, shown when nothing was streamed.
   */
  emit(text: string): void;
  /** Streams text that draws on the terminal: only what a `Drawing` has let pass. */
  draw(text: string): void;
  /** A line about what is going on, over the last one, on a terminal; an empty one clears it. */
  progress(line: string): void;
  /** Set by Ctrl-C; long work looks at it after each slice. */
  readonly interrupt: { requested: boolean };
  /**
   * Runs long work in slices of about 10 ms with a breath between, so that Ctrl-C, keys and output
   * live. `slice` gets a number of instructions to do at most and returns undefined to go on or the
   * outcome to stop; the answer is that outcome, or `"interrupted"`.
   */
  inSlices<T>(slice: (instructions: number) => T | undefined): Promise<T | "interrupted">;
  files: HostFiles;
  /** Hands the terminal (or piped stdin) to the guest until `body` is done. */
  guestInput<T>(body: (input: GuestInput) => Promise<T>): Promise<T>;
  /** Every command there is. */
  commands: readonly Command[];
  /** What names in expressions mean on this line. */
  readonly names: Resolver;
  /** The value of an expression; `at` is its offset in the line, for error positions. */
  evaluate(source: string, at?: number): bigint;
  /** Runs lines as if typed, in order: for `source`; throws the first {@linkcode CommandError}. */
  runLines(lines: string, name: string): Promise<Result>;
}

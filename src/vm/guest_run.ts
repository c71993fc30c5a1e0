/**
 * A program that is typed into a guest's sh, from its line to the next prompt, in slices. What it
 * cost is told by the events of the guest's kernel.
 */

import { returnedText, type TraceRecord } from "./calls.ts";
import type { EventKind, EventLog, VmEvent } from "./events.ts";
import type { Guest } from "./guest.ts";
import type { GuestChanges } from "./guest_changes.ts";
import { notAtPrompt, readerOf } from "./guest_reader.ts";
import type { GuestView } from "./guest/view.ts";
import { KernelError } from "./kernel/manual.ts";
import { partsOf } from "./parts.ts";
import type { RunReport, RunStop } from "./reports.ts";
import type { Running } from "./run.ts";
import type { Mark, Vm } from "./vm.ts";

/**
 * Instructions between two looks, counted from the boot, at whether its sh reads again although
 * somebody else works; where all wait it is looked at at once.
 */
const LOOK = 20_000_000;
/** What xv6's sh prints when it reads a line. */
const PROMPT = "$ ";
/** What its console takes of a line. */
const LONGEST_LINE = 127;

/** A system call of a guest's process. */
export interface GuestCallMade extends Pick<TraceRecord, "pid" | "program" | "name" | "result"> {
  /** Arguments as text; undefined: nobody knows what such a call takes. */
  readonly args: readonly string[] | undefined;
}

/** Longest name that xv6 keeps of a program. */
const LONGEST_NAME = 15;

/** What a run is made over. */
interface RunParts {
  readonly vm: Vm;
  readonly guest: Guest;
  readonly changes: GuestChanges;
  readonly view: () => GuestView;
}

/** A program under way; see {@link Vm.run}. */
export class GuestRun implements Running {
  readonly #vm: Vm;
  readonly #guest: Guest;
  readonly #changes: GuestChanges;
  readonly #view: () => GuestView;
  readonly #sh: number;
  readonly #name: string;
  /** What the processes were called when the line was typed. */
  readonly #names: ReadonlyMap<number, string>;
  readonly #mark: Mark;
  readonly #ticks: number;
  readonly #decoder = new TextDecoder();
  /** What was said, and has not been handed out: the echo of the line, perhaps a prompt. */
  #held = "";
  #console = "";
  #echoed = false;
  #stop: RunStop = { kind: "budget" };
  #over = false;

  /**
   * Types the line. Throws a KernelError unless a sh reads the console, and for words that its sh
   * would take for something else.
   */
  constructor({ vm, guest, changes, view }: RunParts, words: readonly string[]) {
    this.#vm = vm;
    [this.#guest, this.#changes, this.#view] = [guest, changes, view];
    const line = lineOf(words);
    const reader = readerOf(guest, view());
    if (reader?.name !== "sh") throw new KernelError(notAtPrompt("run", reader?.name));
    this.#sh = reader.pid;
    this.#name = words[0];
    this.#names = new Map(view().processes().map(({ pid, name }) => [pid, name]));
    this.#mark = vm.mark();
    this.#ticks = vm.ticks ?? 0;
    // What was said before is not this program's.
    guest.take();
    vm.type(`${line}\n`);
  }

  /** The program's first process, once it is known; 0 before. */
  get pid(): number {
    return this.#waitedFor() ?? 0;
  }

  /** Runs at most so many instructions on. True when it is over; see {@link report}. */
  slice(budget: number): boolean {
    const { paced } = this.#guest;
    // Where all harts wait is where it may wait for input.
    this.#guest.paced = true;
    try {
      return this.#slice(budget);
    } finally {
      this.#guest.paced = paced;
    }
  }

  #slice(budget: number): boolean {
    const end = this.#guest.instret + budget;
    for (let left = budget; left > 0; left = end - this.#guest.instret) {
      const stop = this.#changes.slice(Math.min(left, LOOK - this.#guest.instret % LOOK));
      this.#listen();
      if (this.#view().panicked) return this.#ends({ kind: "panic", message: this.#panic() });
      if (stop?.kind === "stopped" || stop?.kind === "budget") return this.#ends(stop);
      if (stop !== undefined) return this.#ends({ kind: "panic", message: `machine ${stop.kind}` });
      const looks = this.#guest.idle !== undefined || this.#guest.instret % LOOK === 0;
      if (!looks || !this.#echoed) continue;
      const reader = readerOf(this.#guest, this.#view());
      if (reader === undefined) continue;
      if (reader.pid === this.#sh) {
        this.#over = true;
        return this.#ends({ kind: "exited", pid: this.pid });
      }
      return this.#ends({ kind: "idle" });
    }
    this.#stop = { kind: "budget" };
    return false;
  }

  #ends(stop: RunStop): boolean {
    this.#stop = stop;
    return true;
  }

  #panic(): string {
    const all = this.#console + this.#held;
    return [...all.matchAll(/panic: *(.*)/g)].at(-1)?.[1]?.trim() ?? "its console says why";
  }

  /** What was said: the echo of the line goes, and a prompt behind which its sh reads. */
  #listen(): void {
    for (const bytes of this.#guest.take()) {
      this.#held += this.#decoder.decode(bytes, { stream: true });
    }
    if (this.#echoed) return;
    const end = this.#held.indexOf("\n");
    if (end < 0) return;
    this.#echoed = true;
    this.#held = this.#held.slice(end + 1);
  }

  /** Console text since the last time this was called. */
  takeOutput(): string {
    if (!this.#echoed) return "";
    const prompt = this.#held.endsWith(PROMPT) ? PROMPT : "";
    const text = this.#held.slice(0, this.#held.length - prompt.length);
    this.#held = this.#over ? "" : prompt;
    this.#console += text;
    return text;
  }

  /** The process that its sh has waited for last, since the line was typed. */
  #waitedFor(): number | undefined {
    const back = this.#last("return", (e) => e.pid === this.#sh && e.why === "wait");
    return back !== undefined && back.new > 0 ? back.new : undefined;
  }

  get #log(): EventLog {
    return partsOf(this.#vm).happened(false);
  }

  #events(): VmEvent[] {
    return this.#log.since(this.#mark.event);
  }

  /** The last event of a kind that is meant; of hundred thousands only those of the kind are read. */
  #last(kind: EventKind, meant: (e: VmEvent) => boolean): VmEvent | undefined {
    const log = this.#log;
    const first = Math.max(this.#mark.event, log.oldest);
    for (let n = log.next - 1; n >= first; n--) {
      const event = log.kindAt(n) === kind ? log.at(n) : undefined;
      if (event !== undefined && meant(event)) return event;
    }
    return undefined;
  }

  /** The system calls of all but its sh, in the order in which they were made. */
  calls(): GuestCallMade[] {
    const events = this.#events();
    const parents = new Map(
      events.filter(({ kind }) => kind === "fork").map((e) => [e.new, e.old]),
    );
    const names = new Map(this.#names);
    // A child may run before its parent's fork has returned.
    const program = (pid: number): string =>
      names.get(pid) ?? (parents.has(pid) ? program(parents.get(pid)!) : "?");
    const calls: { -readonly [K in keyof GuestCallMade]: GuestCallMade[K] }[] = [];
    for (const { kind, pid, why: name, args, old, new: value } of events) {
      if (kind === "fork") names.set(value, program(value));
      if (kind === "exec") {
        names.set(old, name.slice(name.lastIndexOf("/") + 1).slice(0, LONGEST_NAME));
      }
      if (pid === this.#sh) continue;
      if (kind === "syscall") {
        calls.push({ pid, program: program(pid), name, args, result: undefined });
      }
      if (kind !== "return") continue;
      const call = calls.findLast((one) => one.pid === pid && one.result === undefined);
      if (call?.name !== name) continue;
      call.result = returnedText(name, value);
      call.args = args;
    }
    return calls;
  }

  /** Whether the program has ended; what it left behind may still be there. */
  get ended(): boolean {
    return this.#over;
  }

  /** Whether it stopped because it, or a program of its, reads the console. */
  waitsForConsole(): boolean {
    return this.#stop.kind === "idle";
  }

  /** A person stopped it: it stays where it is. */
  interrupt(): void {
    this.#stop = { kind: "interrupted" };
  }

  /** A guest's kernel goes on with it whenever it runs. */
  leave(): void {}

  /** Runs on to the end, or until `budget` instructions more are used up. */
  finish(budget: number = Number.MAX_SAFE_INTEGER): RunReport {
    this.slice(budget);
    return this.report();
  }

  /** How it stands now. */
  report(): RunReport {
    this.takeOutput();
    const { copied, instructions, calls, faults, forks } = this.#vm.since(this.#mark);
    const { pid } = this;
    const exit = this.#last("exit", (e) => e.old === pid);
    const kill = this.#last("kill", (e) => e.old === pid);
    return {
      pid,
      name: this.#name,
      status: this.#over && pid !== 0 ? exit?.new : undefined,
      killedBy: kill === undefined ? "" : kill.why || "by its kernel",
      stop: this.#stop,
      left: [],
      console: this.#console,
      instructions,
      calls,
      faults,
      framesCopied: copied.pages,
      bytesCopied: copied.bytes,
      forks,
      ticks: (this.#vm.ticks ?? 0) - this.#ticks,
    };
  }
}

/** A line for xv6's sh. Throws a KernelError for words that it would take for something else. */
function lineOf(words: readonly string[]): string {
  for (const word of words) {
    if (word !== "" && !/[\s<|>&;()\p{Cc}]/u.test(word)) continue;
    throw new KernelError(
      `run: "${word}" is no word for xv6's sh, which knows no quotes: console takes whole lines`,
    );
  }
  const line = words.join(" ");
  if (line.length <= LONGEST_LINE - 1) return line;
  throw new KernelError(`run: a line of ${line.length} characters; xv6's console takes 126`);
}

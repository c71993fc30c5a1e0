/**
 * One line in, its output and status out: find the command, parse its arguments, run it, filter,
 * print. The same for a person, a pipe, a file and a test.
 */

import { type Common, parseArguments } from "../framework/arguments.ts";
import type {
  Command,
  Context,
  Entry,
  GuestInput,
  HostFiles,
  Session,
} from "../framework/command.ts";
import { asCommandError, CommandError, EXIT } from "../framework/errors.ts";
import type { Result } from "../framework/result.ts";
import { evaluate, type Resolver } from "../framework/evaluate.ts";
import { commandHabit, noCommand } from "../framework/habits.ts";
import { COMMANDS } from "../commands/registry.ts";
import { askMeanwhile } from "../vm/guest_computer.ts";
import { refusedOn } from "../vm/refusals.ts";
import { namesOf } from "../session/names.ts";
import { helpResult } from "../format/help.ts";
import { jsonOf } from "../format/json.ts";
import { type Segment, split, wholeLines } from "../framework/split.ts";
import { jsonLine, visible } from "../host/visible.ts";
import { applyFilters, readFilters } from "./filters.ts";
import { guestText, render } from "./render.ts";

/** Where the shell's words go. */
export interface Output {
  /** Results. */
  out(text: string): void;
  /** A diagnostic of one line or more; `at` is its offset in the line typed, where known. */
  err(message: string, at: number | undefined): void;
  /** One line over the last one, for a terminal; the empty text clears it. */
  progress(line: string): void;
  /** Columns of the terminal; undefined when it is none. */
  width(): number | undefined;
}

/** What the shell stands on; `main.ts` and tests hand it in. */
export interface Host {
  output: Output;
  files: HostFiles;
  /** Lets the event loop turn: keys, signals, output. */
  breathe(): Promise<void>;
  /** Keys are listened to from now on, also while the event loop stands still. */
  listen?(): void;
  /** Milliseconds, for the length of slices only; never seen by the machine. */
  clock(): number;
  /** Hands the terminal or piped stdin to the guest. */
  guestInput<T>(body: (input: GuestInput) => Promise<T>): Promise<T>;
}

/** How a line ended. */
interface Outcome {
  /** 0, or what the process exits with if this ends the session. */
  status: number;
  /** Offset in the line of what is wrong, where known. */
  at: number | undefined;
}

/** Milliseconds that one slice of long work aims at. */
const SLICE_MS = 10;
/** Instructions of the first slice; the following ones adapt. */
const FIRST_SLICE = 200_000;
const LONGEST_SLICE = 50_000_000;

/** A shell on a session. */
export class Shell {
  readonly session: Session;
  /** Set by Ctrl-C, and forgotten by whoever has asked for the next line. */
  readonly interrupt: { requested: boolean };
  /** Every command there is. */
  readonly commands: readonly Command[];
  readonly #names: () => Resolver;
  readonly #host: Host;
  readonly #byName = new Map<string, Command>();
  #depth = 0;

  /**
   * @param session what lives from line to line
   * @param host outputs, files, event loop
   * @param interrupt shared with whoever sees Ctrl-C
   * @param commands all commands
   * @param names makes the resolver for a line's expressions
   */
  constructor(
    session: Session,
    host: Host,
    interrupt: { requested: boolean } = { requested: false },
    commands: readonly Command[] = COMMANDS,
    names: () => Resolver = () => namesOf(session),
  ) {
    this.session = session;
    this.interrupt = interrupt;
    this.#host = host;
    this.commands = commands;
    this.#names = names;
    for (const c of commands) for (const name of [c.name, ...c.aliases]) this.#byName.set(name, c);
  }

  /** The command of that name or alias. */
  find(name: string): Command | undefined {
    return this.#byName.get(name);
  }

  /** Runs one whole line (it may hold newlines inside brackets) and prints what comes of it. */
  async run(line: string): Promise<Outcome> {
    const { settings } = this.session;
    let printed = "";
    const out = (text: string) => {
      printed += text;
      this.#host.output.out(text);
    };
    let status: number = EXIT.ok;
    let at: number | undefined;
    let api: string | undefined;
    const { vm } = this.session;
    if (this.#depth === 0) askMeanwhile(vm, this.#asked());
    this.#host.listen?.();
    try {
      const result = await this.#execute(line, out);
      if (result) {
        status = result.status ?? EXIT.ok;
        api = result.api;
      }
    } catch (error) {
      const known = asCommandError(error);
      const message = known ? visible(known.message) : visible(internal(error), "\n");
      status = known?.exitCode ?? EXIT.internal;
      at = known?.at;
      this.#host.output.progress("");
      if (settings.json) {
        out(jsonLine({ command: line.trim(), error: known?.message ?? message, status }));
      }
      this.#host.output.err(message, at);
      printed += `${message}\n`;
      // A key that was heard before it came in is not the next line's.
      if (status === EXIT.interrupted) await this.#host.breathe();
    } finally {
      if (this.#depth === 0) askMeanwhile(vm, undefined);
    }
    const told = this.#tell({ line, output: printed, status, api });
    return { status: status || told, at };
  }

  /**
   * Between two lines that no person waits for: they may be many and short, and signals are to be
   * heard all the same.
   */
  async rest(): Promise<void> {
    const now = this.#host.clock();
    if (now - this.#rested < SLICE_MS) return;
    await this.#host.breathe();
    this.#rested = this.#host.clock();
  }
  #rested = 0;

  /** Runs the lines of what was entered at a prompt, until one fails or ends the session. */
  async runEntry(entry: string): Promise<void> {
    // What was pressed before was for what was done before.
    this.interrupt.requested = false;
    for (const line of wholeLines(entry)) {
      const { status } = await this.run(line.text);
      if (status !== EXIT.ok || this.session.quit !== undefined) break;
    }
  }

  /** Tells those who watch of a line; the exit code of the first that fails at it. */
  #tell(entry: Entry): number {
    let code: number = EXIT.ok;
    for (const watcher of [...this.session.watchers]) {
      try {
        watcher(entry);
      } catch (error) {
        const known = asCommandError(error);
        if (!known) throw error;
        this.#host.output.err(visible(known.message), undefined);
        code ||= known.exitCode;
      }
    }
    return code;
  }

  /**
   * The session is over: open files of commands are written, and what each says is printed. The
   * exit code, 0 or the first error's.
   */
  async close(): Promise<number> {
    let code: number = EXIT.ok;
    for (const closer of [...this.session.closers]) {
      const { json } = this.session.settings;
      const { out } = this.#host.output;
      try {
        const said = await closer();
        out(json ? jsonLine({ notes: [said], status: EXIT.ok }) : `${visible(said)}\n`);
      } catch (error) {
        const known = asCommandError(error);
        if (!known) throw error;
        if (json) out(jsonLine({ error: known.message, status: known.exitCode }));
        this.#host.output.err(visible(known.message), undefined);
        code ||= known.exitCode;
      }
    }
    return code;
  }

  /** Runs the command of a line; undefined for a line of nothing. */
  async #execute(line: string, out: (text: string) => void): Promise<Result | undefined> {
    const { segments, open } = split(line);
    if (open) throw new CommandError(`${open} is never closed`);
    const [head, ...behind] = segments;
    if (head.words.length === 0) {
      if (behind.length > 0) throw new CommandError("no command in front of |");
      return undefined;
    }
    const command = this.#lookUp(head);
    const filters = readFilters(behind);
    const names = this.#names();
    const { args, common } = await this.#asTyped(head, () => parseArguments(command, head, names));
    common.json ||= this.session.settings.json || filters.json;
    common.ts ||= this.session.settings.ts || filters.ts;
    let streamed = "";
    const stream = (text: string) => {
      if (common.json || filters.steps.length > 0 || text === "") return;
      streamed += text;
      out(text);
    };
    const result = common.help
      ? helpResult(command)
      : await this.#asTyped(head, () =>
        this.#recorded(line, () => this.#run(command, this.#context(stream, names), args)));
    this.#host.output.progress("");
    // deno-lint-ignore no-control-regex -- what ends a drawing may stand behind the last line
    if (!/(?:^|\n)(?:\x1b\[[\d?]*[mh])*$/.test(streamed)) out("\n");

    const left = applyFilters(result, filters, names);
    if (left.place !== undefined) this.session.place = left.place;
    if (left.value !== undefined) this.session.last = left.value;
    const ended = this.interrupt.requested && this.#depth === 0 ? { status: EXIT.interrupted } : {};
    this.#print(line, { ...left, ...ended }, common, streamed !== "", out);
    return { ...result, ...ended };
  }

  /** Runs a command, unless the computer is another one than it is for. */
  #run(command: Command, ctx: Context, args: Record<string, unknown>): Result | Promise<Result> {
    const refused = refusedOn(ctx.vm, command.name);
    if (refused !== undefined) throw new CommandError(refused, EXIT.failed);
    return command.run(ctx, args);
  }

  /** A line is one step of the computer's history. */
  async #recorded<T>(line: string, body: () => T | Promise<T>): Promise<T> {
    const { session } = this;
    const end = session.vm.history.begin(line.trim(), session.pid);
    try {
      return await body();
    } finally {
      end(session.pid);
    }
  }

  #lookUp(head: Segment): Command {
    const word = head.words[0];
    const command = this.find(word.text);
    if (command) return command;
    const isProgram = (name: string) => this.session.vm.hasProgram(name);
    const said = noCommand(head.source, word.text, this.#byName.keys(), isProgram);
    throw CommandError.at(word.at, said);
  }

  /**
   * What a line does; if it is not as its command wants it, the complaint says what does what
   * people mean by it.
   */
  async #asTyped<T>(head: Segment, body: () => T | Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      const known = asCommandError(error);
      const habit = commandHabit(head.source);
      if (known?.exitCode !== EXIT.usage || habit === undefined) throw error;
      if (known.message.includes("did you mean")) throw error;
      throw CommandError.at(known.at, `${known.message}; ${habit}`);
    }
  }

  #print(
    line: string,
    result: Result,
    common: Common,
    streamed: boolean,
    out: (text: string) => void,
  ): void {
    if (common.json) {
      const object = { command: line.trim(), ...jsonOf(result), status: result.status ?? 0 };
      out(jsonLine(object));
      return;
    }
    const width = this.#host.output.width();
    const text = render(result, { color: this.session.settings.color, width, streamed });
    if (text !== "") out(text);
    if (common.ts) {
      out(result.api ? `${visible(result.api)}\n` : "// no single call of the API does this\n");
    }
  }

  #context(stream: (text: string) => void, names: Resolver): Context {
    const session = this.session;
    // The echo of a backspace, where a person types to the guest.
    const echo = session.interactive ? "\b" : "";
    const host = this.#host;
    return {
      session,
      get vm() {
        return session.vm;
      },
      emit: (text) => stream(guestText(text, echo)),
      draw: stream,
      progress: (line) => host.output.progress(visible(line)),
      interrupt: this.interrupt,
      inSlices: (slice) => this.#inSlices(slice),
      files: host.files,
      guestInput: (body) => host.guestInput(body),
      commands: this.commands,
      names,
      evaluate: (source, at) => evaluate(source, names, at).value,
      runLines: (lines, name) => this.#runLines(lines, name),
    };
  }

  /** Whether Ctrl-C was pressed, for work that cannot wait for the event loop; it says that it works. */
  #asked(): () => boolean {
    const begun = this.#host.clock();
    let told = 0;
    return () => {
      const seconds = Math.floor((this.#host.clock() - begun) / 1000);
      if (seconds > told) {
        told = seconds;
        this.#host.output.progress(`${seconds} s; Ctrl-C stops it`);
      }
      return this.interrupt.requested;
    };
  }

  /** Slices of about {@linkcode SLICE_MS}, with a breath between them. */
  async #inSlices<T>(slice: (instructions: number) => T | undefined): Promise<T | "interrupted"> {
    let instructions = FIRST_SLICE;
    while (true) {
      const start = this.#host.clock();
      const outcome = slice(Math.round(instructions));
      if (outcome !== undefined) return outcome;
      const spent = this.#host.clock() - start;
      const factor = spent > 0 ? Math.min(2, Math.max(0.02, SLICE_MS / spent)) : 2;
      instructions = Math.min(LONGEST_SLICE, Math.max(1000, instructions * factor));
      await this.#host.breathe();
      if (this.interrupt.requested) return "interrupted";
    }
  }

  /** Lines of a file, as if typed; the first error ends it, with its place. */
  async #runLines(text: string, name: string): Promise<Result> {
    if (this.#depth >= 16) throw new CommandError(`${name}: more than 16 files deep in each other`);
    this.#depth++;
    try {
      let status: number = EXIT.ok;
      for (const { text: line, number } of wholeLines(text)) {
        let printed = "";
        const out = (text: string) => {
          printed += text;
          this.#host.output.out(text);
        };
        try {
          const result = await this.#execute(line, out);
          status ||= result?.status ?? EXIT.ok;
          const entry = { line, output: printed, status: result?.status ?? EXIT.ok };
          const told = this.#tell({ ...entry, api: result?.api });
          status ||= told;
        } catch (error) {
          const known = asCommandError(error);
          if (!known) throw error;
          throw new CommandError(`${name}:${number}: ${known.message}`, known.exitCode);
        }
        if (this.interrupt.requested || this.session.quit !== undefined) break;
        if (status !== EXIT.ok && !this.session.settings.keepGoing) break;
      }
      return { sections: [], status };
    } finally {
      this.#depth--;
    }
  }
}

/** A fault of cowsh itself: said as such with its trace, and the session lives. */
function internal(error: unknown): string {
  return `this is a bug in cowsh: ${error instanceof Error ? error.stack ?? error.message : error}`;
}

/**
 * A guest's console and cowsh's shell on one terminal, and the keys that change over between them.
 * The launcher in QEMU's place and `--kernel` both stand on this.
 */

import type { Guest, GuestEnd, GuestStep } from "../vm/guest.ts";
import { type ConsoleHost, GuestConsole } from "./guest_console.ts";
import { Bell, Keyboard, type Lent } from "./guest_keys.ts";
import type { DeskWord, Mux } from "./guest_mux.ts";
import { Pace } from "./guest_pace.ts";
import { attend } from "./guest_seat.ts";
import type { GuestShell } from "./guest_shell.ts";
import type { ReadBytes } from "./input.ts";
import type { Tty } from "./terminal_host.ts";

/** What it stands on. */
export interface DeskHost extends ConsoleHost {
  /** Bytes of standard input. */
  readonly read: ReadBytes;
  /** The shell is wanted: Ctrl-C and signals have to be heard while it works. What they set. */
  readonly hearInterrupt?: () => { requested: boolean };
  /** A person looks at the output, or may, behind `tee`. */
  readonly watched: boolean;
  /** A person has the keyboard: the guest's time is theirs. */
  readonly person: boolean;
  /** Where the shell draws; undefined: there is no terminal that takes control sequences. */
  readonly tty: Tty | undefined;
  /** Colour in the shell's text. */
  readonly color: boolean;
  /** Whether keys come one by one; a shell without `tty` wants whole lines. */
  setRaw(raw: boolean): void;
}

/** Who may want a guest's slices otherwise. */
export interface DeskDebugger {
  /** Runs a slice; `usual` is how that is done. Undefined: it was not to run forwards. */
  run(length: number, usual: (length: number) => GuestStep): GuestStep | undefined;
}

/** A guest at a desk, and what is done for it beside its console. */
export interface DeskWork<Word extends string> {
  readonly guest: Guest;
  readonly mux: Mux<Word | DeskWord>;
  /** Its shell; loaded when it is first opened. */
  shell(): Promise<GuestShell>;
  /** Between two slices, before anything else: an exit code ends it all. */
  over?(): number | undefined;
  /** After each slice, and when something else may have changed the guest. */
  sync?(): void;
  /** A debugger that runs the slices, or has them run as usual; see {@link DeskDebugger}. */
  debugger?(): DeskDebugger | undefined;
  /** Whether the guest stands still. */
  held?(): boolean;
  /** Whether somebody beside the person lets real time pass. */
  paced?(): boolean;
  /** What the guest's own end means; undefined: the machine stays on. */
  ends(end: GuestEnd): number | undefined;
  /** What is said when the shell is opened from the console, and before the first prompt. */
  readonly greeting: string;
  /** What the guest has said before; then its last line is shown again behind the shell's. */
  readonly said?: string;
  /** What is said when a person ends all of it by the exit key. */
  readonly farewell: string;
}

/** A guest on a terminal. */
export class GuestDesk<Word extends string> {
  /** Rings for whatever comes from outside. */
  readonly bell = new Bell();
  readonly #host: DeskHost;
  readonly #work: DeskWork<Word>;
  readonly #console: GuestConsole;
  readonly #keyboard: Keyboard<Word | DeskWord>;
  readonly #words: (Word | DeskWord)[] = [];
  readonly #pace: Pace;
  /** The keys, while the shell has them. */
  #lent: Lent | undefined;
  #leaveShell: (key: Word | DeskWord) => void = () => {};
  /** The shell, once it has been open. */
  #opened: GuestShell | undefined;
  /** What the guest did at the end of its last slice. */
  #doing: GuestStep["doing"] = "works";

  /** Nothing runs yet. */
  constructor(work: DeskWork<Word>, host: DeskHost) {
    this.#work = work;
    this.#host = host;
    this.#console = new GuestConsole(work.guest, host, host.watched);
    this.#console.lastWords = work.said ?? "";
    this.#console.onSlice = () => work.sync?.();
    this.#keyboard = new Keyboard(host.read, work.mux.press, this.bell);
    this.#keyboard.onWord = (word) => this.#hear(word);
    this.#pace = new Pace(() => host.clock());
  }

  /**
   * Runs until somebody or the guest ends it; the exit code. `first`: who has the terminal then,
   * with a text in front of the shell's first prompt.
   */
  async run(first: "console" | "shell" = "console", banner?: string): Promise<number> {
    if (first === "shell") this.openShell(banner ?? this.#work.greeting);
    const code = await attend<number>({
      guest: this.#work.guest,
      console: this.#console,
      keyboard: this.#keyboard,
      bell: this.bell,
      clock: () => this.#host.clock(),
      ends: (end) => this.#work.ends(end),
      between: () => this.#between(),
      held: () => this.#work.held?.() ?? false,
      rest: (idle) => this.#rest(idle),
      run: (length) => this.#run(length),
    });
    await this.#console.end();
    return code;
  }

  #run(length: number): GuestStep | undefined {
    const { guest, paced } = this.#work;
    const other = this.#work.debugger?.();
    // Where nobody would let real time pass, it need not stop where all harts wait.
    guest.paced = this.#host.person || (paced?.() ?? false);
    const step = other === undefined
      ? this.#slice(length)
      : other.run(length, (n) => this.#slice(n));
    this.#doing = step?.doing ?? "works";
    return step;
  }

  /** Breakpoints and watchpoints of the shell stop the guest at its console, too. */
  #slice(length: number): GuestStep {
    if (this.#opened === undefined) return this.#work.guest.slice(length);
    const { why, ...step } = this.#opened.slice(length);
    if (why !== undefined) this.openShell(`${why}\n`);
    return step;
  }

  /** How long a guest shall rest whose harts all wait; see {@link Pace.rest}. */
  #rest(idle: number): number {
    const { time } = this.#work.guest;
    return this.#pace.rest(time, idle, {
      person: this.#host.person,
      sleeps: this.#doing === "works" || this.#doing === "listens",
      silent: time - this.#console.lastHeard,
    });
  }

  /** What happened to the guest outside of its slices goes to the image and to the terminal. */
  async catchUp(): Promise<void> {
    this.#work.sync?.();
    await this.#console.print();
  }

  /** Opens the shell before the next slice, after a line that says why. */
  openShell(why: string): void {
    this.#why = why;
    this.#hear("shell");
    this.bell.ring();
  }
  #why: string | undefined;

  /** A key behind Ctrl-A: done between two slices, but whose the next keys are is decided now. */
  #hear(word: Word | DeskWord): void {
    if (this.#lent === undefined) {
      this.#words.push(word);
      if (word === "shell") this.#lent = this.#keyboard.lend();
      return;
    }
    if (word !== "shell") this.#words.push(word);
    if (word !== "shell" && word !== "exit") return;
    this.#leaveShell(word);
    this.#lent.close();
  }

  async #between(): Promise<number | undefined> {
    const over = this.#work.over?.();
    if (over !== undefined) return over;
    const { mux, farewell } = this.#work;
    for (let word = this.#words.shift(); word !== undefined; word = this.#words.shift()) {
      switch (word) {
        case "exit":
          await this.#console.say(farewell);
          return 0;
        case "help":
          await this.#console.say(`\n${mux.help()}`);
          break;
        case "shell": {
          const code = await this.#shell(this.#lent!);
          if (code !== undefined) return code;
          break;
        }
        default:
          await this.#console.say(`\n${mux.says(word)}`);
      }
    }
    return undefined;
  }

  /** The shell, which hears who wants the end of what it does. */
  async shell(): Promise<GuestShell> {
    const shell = await this.#work.shell();
    const interrupt = this.#host.hearInterrupt?.();
    if (interrupt !== undefined) shell.interruptedBy = interrupt;
    return shell;
  }

  /** Opens the shell; the exit code, when the person is done with all of it. */
  async #shell({ read, back }: Lent): Promise<number | undefined> {
    const { tty, color } = this.#host;
    await this.#console.freshLine();
    await this.#console.say(this.#why ?? this.#work.greeting);
    this.#why = undefined;
    const shell = this.#opened = await this.shell();
    // The key that opens it leaves it for the console, also where Ctrl-D would end it all.
    this.#leaveShell = (key) => key === "shell" ? shell.leave() : shell.interrupt();
    if (tty === undefined) this.#host.setRaw(false);
    const end = await shell.open({ read, tty, color });
    if (tty === undefined) this.#host.setRaw(true);
    this.#lent = undefined;
    back(shell.takeAhead());
    await this.catchUp();
    if (end === "quit") return shell.code;
    // Where one types: who came from the shell has not seen it.
    if (this.#work.said !== undefined) {
      await this.#console.say(this.#console.lastWords.split("\n").at(-1)!);
    }
    return undefined;
  }
}

/** What the shell stands on when a person sits at a terminal. */

import type { GuestInput, HostFiles } from "../framework/command.ts";
import type { TerminalInput } from "./input.ts";
import { paint } from "./paint.ts";
import type { Host, Output } from "./shell.ts";
import { fold } from "./render.ts";

/** A terminal: Deno's own, or a model of one in tests. */
export interface Tty {
  write(text: string): void;
  size(): { columns: number; rows: number };
}

/** What stands in front of the line being typed. */
export const PROMPT = "> ";

/** A terminal with its keyboard as a {@linkcode Host}. */
export class TerminalHost implements Host {
  readonly tty: Tty;
  readonly input: TerminalInput;
  readonly files: HostFiles;
  readonly breathe: () => Promise<void>;
  readonly listen: () => void;
  readonly clock: () => number;
  readonly output: Output;
  /** Whether an error's offset is a column of the one line above it. */
  caret = true;
  readonly #interrupt: { requested: boolean };
  #progress = false;

  constructor(
    tty: Tty,
    input: TerminalInput,
    outside: Pick<Host, "files" | "breathe" | "clock">,
    options: { interrupt: { requested: boolean }; color: () => boolean },
  ) {
    this.tty = tty;
    this.input = input;
    this.files = outside.files;
    this.listen = () => input.listen();
    this.breathe = () => {
      input.listen();
      return outside.breathe();
    };
    this.clock = outside.clock;
    this.#interrupt = options.interrupt;
    this.output = {
      out: (text) => this.#write(text),
      err: (message, at) => {
        const colors = paint(options.color());
        const column = PROMPT.length + (at ?? 0);
        if (at !== undefined && this.caret && column < tty.size().columns) {
          this.#write(" ".repeat(column) + colors.error("^") + "\n");
        }
        const lines = message.split("\n").flatMap((line) => fold(line, tty.size().columns));
        this.#write(lines.map((line) => colors.error(line) + "\n").join(""));
      },
      progress: (line) => {
        this.#clearProgress();
        if (line === "") return;
        tty.write(line.slice(0, tty.size().columns - 1));
        this.#progress = true;
      },
      width: () => tty.size().columns,
    };
  }

  guestInput<T>(body: (input: GuestInput) => Promise<T>): Promise<T> {
    return this.input.forGuest(body, this.#interrupt);
  }

  /** In raw mode nobody else turns a line feed into a new line. */
  #write(text: string): void {
    this.#clearProgress();
    this.tty.write(text.replace(/\r?\n/g, "\r\n"));
  }

  #clearProgress(): void {
    if (this.#progress) this.tty.write("\r\x1b[K");
    this.#progress = false;
  }
}

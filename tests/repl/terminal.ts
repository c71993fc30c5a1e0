/**
 * A terminal without a screen, for tests: what stands on it, and where the cursor is.
 */

import xterm from "@xterm/headless";
import type { Tty } from "../../src/repl/terminal_host.ts";

/** A terminal of some size that one writes to as to Deno's. */
export class ModelTty implements Tty {
  readonly terminal: xterm.Terminal;
  /** Everything written. */
  written = "";
  #done: Promise<void> = Promise.resolve();

  constructor(columns = 40, rows = 10) {
    this.terminal = new xterm.Terminal({
      cols: columns,
      rows,
      allowProposedApi: true,
      scrollback: 1000,
    });
  }

  write(text: string): void {
    this.written += text;
    this.#done = new Promise((resolve) => this.terminal.write(text, resolve));
  }

  size(): { columns: number; rows: number } {
    return { columns: this.terminal.cols, rows: this.terminal.rows };
  }

  /** Non-blank rows from the first ever written, blanks at their ends cut. */
  async lines(): Promise<string[]> {
    await this.#done;
    const buffer = this.terminal.buffer.active;
    const lines = Array.from(
      { length: buffer.length },
      (_, i) => buffer.getLine(i)!.translateToString(true).trimEnd(),
    );
    while (lines.length > 0 && lines[lines.length - 1] === "") lines.pop();
    return lines;
  }

  /** Row (from the first ever written) and column of the cursor. */
  async cursor(): Promise<[number, number]> {
    await this.#done;
    const buffer = this.terminal.buffer.active;
    return [buffer.baseY + buffer.cursorY, buffer.cursorX];
  }
}

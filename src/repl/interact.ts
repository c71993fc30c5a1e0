/** The shell with a person in front of it: prompt, editing, Ctrl-C, history. */

import { type WholeLine, wholeLines } from "../framework/split.ts";
import { complete, historySuggestion, type Sources, usageHint } from "./completion.ts";
import { KeyDecoder } from "./editor/keys.ts";
import { type Decor, layout } from "./editor/layout.ts";
import { type Effect, press, type Surroundings } from "./editor/press.ts";
import { Screen } from "./editor/screen.ts";
import { type EditorState, emptyLine } from "./editor/state.ts";
import { highlight } from "./highlight.ts";
import type { History } from "./history.ts";
import type { TerminalInput } from "./input.ts";
import { paint } from "./paint.ts";
import type { Shell } from "./shell.ts";
import { PROMPT, type TerminalHost, type Tty } from "./terminal_host.ts";

/** A lone ESC is the Escape key when nothing follows it for so many milliseconds. */
const ESCAPE_MS = 40;
const PASTE_ON = "\x1b[?2004h";
const PASTE_OFF = "\x1b[?2004l";

/** Whether the text ends inside a bracket or quote, so that Enter opens another line. */
export function needsMore(text: string): boolean {
  let last: WholeLine | undefined;
  for (const line of wholeLines(text)) last = line;
  return last?.open !== undefined;
}

/** Reads, runs and prints until `quit` or Ctrl-D; the session's exit code. */
export async function interact(
  shell: Shell,
  host: TerminalHost,
  history: History,
  sources: Sources,
): Promise<number> {
  const { tty, input } = host;
  input.onInterrupt = () => {
    shell.interrupt.requested = true;
    input.wake();
  };
  const editor = new LineEditor(shell, tty, input, history, sources);
  while (shell.session.quit === undefined) {
    const entry = await editor.read();
    if (entry === undefined) break;
    host.caret = !entry.includes("\n");
    await shell.runEntry(entry);
    history.add(entry);
  }
  return shell.session.quit ?? 0;
}

/** The editor on a terminal: keys in, drawing out. */
class LineEditor {
  readonly #shell: Shell;
  readonly #tty: Tty;
  readonly #input: TerminalInput;
  readonly #history: History;
  readonly #sources: Sources;
  readonly #decoder = new KeyDecoder();
  readonly #screen = new Screen();
  #killed = "";
  #size = "";

  constructor(
    shell: Shell,
    tty: Tty,
    input: TerminalInput,
    history: History,
    sources: Sources,
  ) {
    this.#shell = shell;
    this.#tty = tty;
    this.#input = input;
    this.#history = history;
    this.#sources = sources;
  }

  /** One entry, which may be several lines; undefined when the person ends the session. */
  async read(): Promise<string | undefined> {
    let state = emptyLine(this.#history.entries, this.#killed);
    this.#input.editing = true;
    this.#tty.write(PASTE_ON);
    this.#draw(state);
    while (true) {
      const bytes = await this.#input.forEditor(this.#decoder.waiting ? ESCAPE_MS : undefined);
      if (bytes === null) return this.#finish(state, "end");
      const keys = bytes.length === 0 ? this.#decoder.flush() : [];
      // Byte by byte: what stands behind Enter is not the editor's but that of what Enter starts.
      for (let i = 0; i < bytes.length || keys.length > 0; i++) {
        if (i < bytes.length) keys.push(...this.#decoder.feed(bytes.subarray(i, i + 1)));
        for (const key of keys.splice(0)) {
          const pressed = press(state, key, this.#surroundings());
          state = pressed.state;
          this.#killed = state.killed;
          if (pressed.effect === "submit" || pressed.effect === "end") {
            this.#input.unread(bytes.subarray(i + 1));
            return this.#finish(state, pressed.effect);
          }
          if (pressed.effect !== undefined) state = this.#obey(pressed.effect, state);
        }
      }
      this.#draw(state);
    }
  }

  #finish(state: EditorState, effect: "submit" | "end"): string | undefined {
    // Without hint and menu, the cursor at the end: so it stays in the scroll-back.
    this.#draw({ ...state, cursor: state.text.length, menu: undefined }, true);
    this.#tty.write(this.#screen.leave() + PASTE_OFF);
    this.#input.editing = false;
    return effect === "submit" ? state.text : undefined;
  }

  #obey(effect: Effect, state: EditorState): EditorState {
    switch (effect) {
      case "cancel":
        this.#draw({ ...state, cursor: state.text.length, menu: undefined }, true);
        this.#tty.write("^C" + this.#screen.leave());
        return emptyLine(this.#history.entries, state.killed);
      case "clear":
        this.#tty.write(this.#screen.clear());
        return state;
      case "suspend":
        this.#tty.write(
          this.#screen.erase() + "Ctrl-Z does not stop cowsh; quit or Ctrl-D ends it\r\n",
        );
        return state;
      default:
        this.#tty.write("\x07");
        return state;
    }
  }

  #surroundings(): Surroundings {
    return {
      complete: (text, cursor) => complete(text, cursor, this.#shell.commands, this.#sources),
      needsMore,
      suggest: (text) => historySuggestion(text, this.#history.entries),
    };
  }

  #draw(state: EditorState, final = false): void {
    const { columns, rows } = this.#tty.size();
    // The terminal has wrapped the old rows anew: take them away and draw afresh.
    const size = `${columns}×${rows}`;
    if (this.#size !== "" && this.#size !== size) this.#tty.write(this.#screen.erase(columns));
    this.#size = size;
    const colors = paint(this.#shell.session.settings.color);
    const hint = final || state.menu || state.cursor < state.text.length
      ? ""
      : historySuggestion(state.text, this.#history.entries) ||
        usageHint(state.text, this.#shell.commands);
    const decor: Decor = {
      prompt: PROMPT,
      continued: "… ",
      hint: this.#shell.session.settings.color ? hint : "",
      highlight: (text) => highlight(text, (name) => this.#shell.find(name) !== undefined, colors),
      colors,
      columns: Math.max(8, columns),
      rows: Math.max(2, rows),
    };
    this.#tty.write(this.#screen.draw(layout(state, decor)));
  }
}

/** One key: the editor's next state, and what the shell should do about it. */

import type { Key } from "./keys.ts";
import { completeHere, menuKey } from "./menu.ts";
import { search, searchKey } from "./search.ts";
import {
  before,
  behind,
  blankWordStart,
  type Completion,
  edges,
  type EditorState,
  wordEnd,
  wordStart,
} from "./state.ts";

/** What the editor asks of its surroundings. */
export interface Surroundings {
  /** Candidates at an offset. */
  complete(text: string, cursor: number): Completion;
  /** Whether Enter should open another line in place of running this one. */
  needsMore(text: string): boolean;
  /** A text that Right and End at the end of the line would append; empty for none. */
  suggest(text: string): string;
}

/** What the shell should do. */
export type Effect = "submit" | "cancel" | "end" | "clear" | "suspend" | "bell" | undefined;

/** The next state with what to do. */
interface Pressed {
  state: EditorState;
  effect: Effect;
}

/** How many steps undo goes back. */
const UNDO_DEPTH = 200;

type Op = (s: EditorState, env: Surroundings) => EditorState | Pressed;

/** Sets text and cursor, with the way back kept; the cursor is brought to an edge. */
function edit(s: EditorState, text: string, cursor: number): EditorState {
  const undo = text === s.text
    ? s.undo
    : [...s.undo, { text: s.text, cursor: s.cursor }].slice(-UNDO_DEPTH);
  // Inserted marks may join the character behind them, and the cursor must not stand inside it.
  return { ...s, text, cursor: edges(text).find((e) => e >= cursor) ?? text.length, undo };
}

/** Inserts at the cursor. */
function insert(s: EditorState, text: string): EditorState {
  return edit(s, s.text.slice(0, s.cursor) + text + s.text.slice(s.cursor), s.cursor + text.length);
}

/** Nothing can be done. */
function bell(state: EditorState): Pressed {
  return { state, effect: "bell" };
}

function move(s: EditorState, cursor: number): EditorState {
  return { ...s, cursor };
}

function remove(s: EditorState, from: number, to: number): EditorState | Pressed {
  if (from === to) return bell(s);
  return edit(s, s.text.slice(0, from) + s.text.slice(to), from);
}

/** Removes and keeps it for Ctrl-Y; one kill after another gathers. */
function kill(s: EditorState, from: number, to: number): EditorState | Pressed {
  const gone = s.text.slice(from, to);
  const backwards = to === s.cursor;
  const killed = !s.killing ? gone : backwards ? gone + s.killed : s.killed + gone;
  const next = remove(s, from, to);
  return "effect" in next ? next : { ...next, killed, killing: true };
}

const lineStart = (s: EditorState) => s.text.lastIndexOf("\n", s.cursor - 1) + 1;
const lineEnd = (s: EditorState) => {
  const end = s.text.indexOf("\n", s.cursor);
  return end < 0 ? s.text.length : end;
};

/** Up and down: within the lines of the text first, then through history. */
function vertical(s: EditorState, direction: -1 | 1): EditorState | Pressed {
  const start = lineStart(s);
  const end = lineEnd(s);
  const column = s.cursor - start;
  if (direction < 0 && start > 0) {
    const above = s.text.lastIndexOf("\n", start - 2) + 1;
    return move(s, snap(s.text, Math.min(above + column, start - 1)));
  }
  if (direction > 0 && end < s.text.length) {
    const next = s.text.indexOf("\n", end + 1);
    return move(s, snap(s.text, Math.min(end + 1 + column, next < 0 ? s.text.length : next)));
  }
  return recall(s, s.at + direction);
}

function snap(text: string, offset: number): number {
  return edges(text).findLast((e) => e <= offset) ?? 0;
}

/** Shows a history entry, or the line being typed behind the last of them. */
function recall(s: EditorState, at: number): EditorState | Pressed {
  if (at < 0 || at > s.history.length) return bell(s);
  const draft = s.at === s.history.length ? s.text : s.draft;
  const text = at === s.history.length ? draft : s.history[at];
  return { ...s, at, draft, text, cursor: text.length, undo: [] };
}

/** Right or End at the end of the text takes the grey suggestion. */
function forward(s: EditorState, env: Surroundings, to: number): EditorState {
  if (s.cursor < s.text.length) return move(s, to);
  return insert(s, env.suggest(s.text));
}

function transpose(s: EditorState): EditorState | Pressed {
  const at = s.cursor === s.text.length ? before(s.text, s.cursor) : s.cursor;
  const left = before(s.text, at);
  const right = behind(s.text, at);
  if (at === 0 || left === at || right === at) return bell(s);
  const swapped = s.text.slice(at, right) + s.text.slice(left, at);
  return edit(s, s.text.slice(0, left) + swapped + s.text.slice(right), right);
}

function undo(s: EditorState): EditorState | Pressed {
  const last = s.undo[s.undo.length - 1];
  if (!last) return bell(s);
  return { ...s, ...last, undo: s.undo.slice(0, -1) };
}

function enter(s: EditorState, env: Surroundings): EditorState | Pressed {
  if (env.needsMore(s.text)) return insert(move(s, s.text.length), "\n");
  return { state: move(s, s.text.length), effect: "submit" };
}

/** Ctrl-D: the end on an empty line, else Delete. */
function deleteOrEnd(s: EditorState): EditorState | Pressed {
  if (s.text === "") return { state: s, effect: "end" };
  return remove(s, s.cursor, behind(s.text, s.cursor));
}

const OPS: Record<string, Op> = {
  "enter": enter,
  "M-enter": (s) => insert(s, "\n"),
  "tab": (s, env) => completeHere(s, env.complete(s.text, s.cursor)) ?? bell(s),
  "left": (s) => move(s, before(s.text, s.cursor)),
  "right": (s, env) => forward(s, env, behind(s.text, s.cursor)),
  "home": (s) => move(s, lineStart(s)),
  "end": (s, env) => forward(s, env, lineEnd(s)),
  "up": (s) => vertical(s, -1),
  "down": (s) => vertical(s, 1),
  "pageup": (s) => recall(s, s.at - 1),
  "pagedown": (s) => recall(s, s.at + 1),
  "M-<": (s) => recall(s, 0),
  "M->": (s) => recall(s, s.history.length),
  "M-b": (s) => move(s, wordStart(s.text, s.cursor)),
  "M-f": (s, env) => forward(s, env, wordEnd(s.text, s.cursor)),
  "backspace": (s) => remove(s, before(s.text, s.cursor), s.cursor),
  "delete": (s) => remove(s, s.cursor, behind(s.text, s.cursor)),
  "C-d": deleteOrEnd,
  "C-k": (s) => kill(s, s.cursor, s.text[s.cursor] === "\n" ? s.cursor + 1 : lineEnd(s)),
  "C-u": (s) => kill(s, lineStart(s), s.cursor),
  "C-w": (s) => kill(s, blankWordStart(s.text, s.cursor), s.cursor),
  "M-backspace": (s) => kill(s, wordStart(s.text, s.cursor), s.cursor),
  "M-d": (s) => kill(s, s.cursor, wordEnd(s.text, s.cursor)),
  "C-y": (s) => insert(s, s.killed),
  "C-t": transpose,
  "C-_": undo,
  "C-r": (s) => search(s),
  "C-l": (s) => ({ state: s, effect: "clear" }),
  "C-c": (s) => ({ state: s, effect: "cancel" }),
  "C-z": (s) => ({ state: s, effect: "suspend" }),
};
const SAME: Record<string, string> = {
  "C-a": "home",
  "C-e": "end",
  "C-b": "left",
  "C-f": "right",
  "C-p": "up",
  "C-n": "down",
  "C-left": "M-b",
  "M-left": "M-b",
  "C-right": "M-f",
  "M-right": "M-f",
  "C-delete": "M-d",
};

/** The state behind a key. Pure: the same state, key and answers of `env` give the same. */
export function press(s: EditorState, key: Key, env: Surroundings): Pressed {
  if (s.search) {
    const searched = searchKey(s, key);
    if (searched.taken) return { state: searched.state, effect: undefined };
    s = searched.state;
  }
  if (s.menu) {
    const chosen = menuKey(s, key);
    if (chosen.taken) return { state: chosen.state, effect: undefined };
    s = chosen.state;
  }
  if (key.name === "text" || key.name === "paste") {
    return { state: insert({ ...s, killing: false }, clean(key.text)), effect: undefined };
  }
  const op = OPS[SAME[key.name] ?? key.name];
  if (!op) return { state: s, effect: undefined };
  const next = op(s, env);
  const pressed: Pressed = "effect" in next ? next : { state: next, effect: undefined };
  const killed = pressed.state.killed !== s.killed || (pressed.state.killing && !s.killing);
  return killed ? pressed : { ...pressed, state: { ...pressed.state, killing: false } };
}

/** Without control characters, which would draw nothing or move the cursor; tabs become blanks. */
function clean(text: string): string {
  return text.replaceAll("\t", "  ").replace(/(?!\n)\p{Cc}/gu, "");
}

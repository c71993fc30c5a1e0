/** Tab: the one candidate, the common beginning of several, or a menu to step through. */

import type { Key } from "./keys.ts";
import { type Candidate, type Completion, edges, type EditorState } from "./state.ts";

/** What Tab does with these candidates at the cursor. */
export function completeHere(s: EditorState, completion: Completion): EditorState | undefined {
  const { start, candidates } = completion;
  const typed = s.text.slice(start, s.cursor);
  if (candidates.length === 0) return undefined;
  if (candidates.length === 1) {
    return replace(s, start, ended(candidates[0]));
  }
  const common = commonPrefix(candidates.map((c) => c.text));
  const grown = common.length > typed.length && common.startsWith(typed)
    ? replace(s, start, common)
    : s;
  const menu = { candidates, start, selected: -1, typed: grown.text.slice(start, grown.cursor) };
  return { ...grown, menu };
}

/** A key while the menu is open; not taken means that the menu closes and the key goes on. */
export function menuKey(s: EditorState, key: Key): { state: EditorState; taken: boolean } {
  const menu = s.menu!;
  const count = menu.candidates.length;
  const step = { tab: 1, down: 1, right: 1, "S-tab": -1, up: -1, left: -1 }[key.name];
  if (step !== undefined && (menu.selected >= 0 || key.name === "tab" || key.name === "S-tab")) {
    const selected = menu.selected < 0
      ? (step > 0 ? 0 : count - 1)
      : (menu.selected + step + count) % count;
    const next = replace(s, menu.start, menu.candidates[selected].text);
    return { state: { ...next, menu: { ...menu, selected } }, taken: true };
  }
  const closed = { ...s, menu: undefined };
  if (key.name === "escape" || key.name === "C-g") {
    return { state: replace(closed, menu.start, menu.typed), taken: true };
  }
  if (key.name === "enter" && menu.selected >= 0) {
    return {
      state: replace(closed, menu.start, ended(menu.candidates[menu.selected])),
      taken: true,
    };
  }
  return { state: closed, taken: false };
}

/** The text from `start` to the cursor replaced, the cursor behind it. */
function replace(s: EditorState, start: number, text: string): EditorState {
  const rest = s.text.slice(s.cursor);
  // A blank that is there already is not doubled.
  const joined = text.endsWith(" ") && rest.startsWith(" ") ? text.slice(0, -1) : text;
  const whole = s.text.slice(0, start) + joined + rest;
  const cursor = start + text.length;
  return {
    ...s,
    text: whole,
    cursor: edges(whole).find((e) => e >= cursor) ?? whole.length,
    undo: [...s.undo, { text: s.text, cursor: s.cursor }],
  };
}

function ended(candidate: Candidate): string {
  return candidate.open ? candidate.text : candidate.text + " ";
}

function commonPrefix(texts: string[]): string {
  let prefix = texts[0];
  for (const text of texts) {
    while (!text.startsWith(prefix)) prefix = prefix.slice(0, -1);
  }
  // Never half of a surrogate pair.
  return /[\ud800-\udbff]$/.test(prefix) ? prefix.slice(0, -1) : prefix;
}

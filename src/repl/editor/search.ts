/** Ctrl-R: search backwards in history as one types. */

import type { Key } from "./keys.ts";
import { before, type EditorState } from "./state.ts";

/** Begins a search; everything matches the empty query, so the newest entry is next. */
export function search(s: EditorState): EditorState {
  return {
    ...s,
    search: { query: "", at: s.history.length, saved: { text: s.text, cursor: s.cursor } },
  };
}

/** A key during the search; not taken means that the entry is accepted and the key goes on. */
export function searchKey(s: EditorState, key: Key): { state: EditorState; taken: boolean } {
  const current = s.search!;
  switch (key.name) {
    case "text":
      return { state: find(s, current.query + key.text, "here"), taken: true };
    case "backspace": {
      const query = current.query.slice(0, before(current.query, current.query.length));
      return { state: find(s, query, "newest"), taken: true };
    }
    case "C-r":
    case "up":
      return { state: find(s, current.query, "older"), taken: true };
    case "C-s":
    case "down":
      return { state: find(s, current.query, "newer"), taken: true };
    case "C-g":
    case "C-c":
    case "escape":
      return { state: { ...s, ...current.saved, search: undefined }, taken: true };
    default:
      return { state: { ...s, search: undefined }, taken: false };
  }
}

/** Moves to the next entry that holds the query, or says that none does and stays. */
function find(
  s: EditorState,
  query: string,
  way: "here" | "newest" | "older" | "newer",
): EditorState {
  const current = s.search!;
  const newest = s.history.length - 1;
  const start = current.at < 0 ? newest : Math.min(current.at, newest);
  let i = way === "newest" || (way !== "newer" && current.at > newest)
    ? newest
    : way === "here"
    ? start
    : way === "older"
    ? start - 1
    : start + 1;
  const step = way === "newer" ? 1 : -1;
  const shown = current.at > newest ? undefined : s.history[start];
  while (
    i >= 0 && i <= newest &&
    !(s.history[i].includes(query) &&
      (way === "here" || way === "newest" || s.history[i] !== shown))
  ) i += step;
  if (i < 0 || i > newest) {
    const failed = way === "here" || way === "newest";
    return { ...s, search: { ...current, query, at: failed ? -1 : current.at } };
  }
  const text = s.history[i];
  return {
    ...s,
    text,
    cursor: text.length,
    at: i,
    draft: s.at === s.history.length ? current.saved.text : s.draft,
    search: { ...current, query, at: i },
  };
}

/** What a line editor is between two keys: plain data. {@link press} makes the next one. */

/** A candidate for completion. */
export interface Candidate {
  /** What is inserted in place of the typed word. */
  text: string;
  /** A phrase beside it in the menu. */
  doc?: string;
  /** No blank follows it: a path that goes on, `--flag=`. */
  open?: boolean;
}

/** What Tab may do at a place. */
export interface Completion {
  /** Offset where the word that completes begins. */
  start: number;
  candidates: Candidate[];
}

/** The open menu of candidates. */
interface Menu {
  candidates: Candidate[];
  /** Offset where the candidate stands in the text. */
  start: number;
  /** Which one is in the text; -1 while none is. */
  selected: number;
  /** The word as it was typed. */
  typed: string;
}

/** An ongoing search backwards in history. */
interface Search {
  query: string;
  /** Index in history of the entry shown; -1 when none matches. */
  at: number;
  /** The text and cursor before it began. */
  saved: { text: string; cursor: number };
}

/** The editor. */
export interface EditorState {
  /** What is typed, newlines included. */
  readonly text: string;
  /** Offset in `text`, always at the edge of a character as people see them (a grapheme). */
  readonly cursor: number;
  /** Entries, oldest first. */
  readonly history: readonly string[];
  /** The history entry shown; its length for the line being typed. */
  readonly at: number;
  /** The line being typed, while another is shown. */
  readonly draft: string;
  /** What Ctrl-Y puts back. */
  readonly killed: string;
  /** The last key killed text, so the next kill adds to it. */
  readonly killing: boolean;
  /** Texts and cursors to go back to, newest last. */
  readonly undo: readonly { text: string; cursor: number }[];
  readonly menu: Menu | undefined;
  readonly search: Search | undefined;
}

/** An empty line on a history. */
export function emptyLine(history: readonly string[] = [], killed = ""): EditorState {
  return {
    text: "",
    cursor: 0,
    history,
    at: history.length,
    draft: "",
    killed,
    killing: false,
    undo: [],
    menu: undefined,
    search: undefined,
  };
}

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Offsets of all edges between characters as people see them, from 0 to the length. */
export function edges(text: string): number[] {
  const list = [...graphemes.segment(text)].map((s) => s.index);
  list.push(text.length);
  return list;
}

/** The edge before an offset, 0 at the start. */
export function before(text: string, offset: number): number {
  return edges(text).findLast((e) => e < offset) ?? 0;
}

/** The edge behind an offset, the length at the end. */
export function behind(text: string, offset: number): number {
  return edges(text).find((e) => e > offset) ?? text.length;
}

/**
 * The start of the word before an offset; words are letters, digits and `_`, with the marks on
 * them. Never inside a character: a mark without a letter, or an emoji's joiner, belongs to the
 * character it stands in.
 */
export function wordStart(text: string, offset: number): number {
  const head = text.slice(0, offset);
  const start = head.replace(/[\p{L}\p{N}\p{M}_]*[^\p{L}\p{N}\p{M}_]*$/u, "").length;
  return edges(text).findLast((e) => e <= start) ?? 0;
}

/** The end of the word behind an offset, as {@link wordStart} has words. */
export function wordEnd(text: string, offset: number): number {
  const word = /^[^\p{L}\p{N}\p{M}_]*[\p{L}\p{N}\p{M}_]*/u.exec(text.slice(offset))![0];
  const end = offset + word.length;
  return edges(text).find((e) => e >= end) ?? text.length;
}

/** The start of the blank-separated word before an offset: Ctrl-W's idea of a word. */
export function blankWordStart(text: string, offset: number): number {
  const start = text.slice(0, offset).replace(/\S*\s*$/, "").length;
  return edges(text).findLast((e) => e <= start) ?? 0;
}

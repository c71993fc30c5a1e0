/**
 * A line cut into words, commands and filters. Quotes and brackets hold words together; an open one
 * continues the line; `#` at the start of a word begins a comment; `|` outside of both begins a
 * filter.
 */

/** One word of a line. */
export interface Word {
  /** Its text, quotes removed. */
  text: string;
  /** Offset of its first character in the line. */
  at: number;
  /** Offset behind its last character. */
  end: number;
  /** Some of it stood in quotes, so it is never a flag. */
  quoted: boolean;
}

/** One piece between `|`s. */
export interface Segment {
  words: Word[];
  /** The source of the piece, comment removed, from the first word on. */
  source: string;
  /** Offset of `source` in the line. */
  at: number;
}

/** What a line splits into. */
interface Split {
  /** The command, then each filter; a line of blanks and comments has one segment without words. */
  segments: Segment[];
  /** What is still open at the end: a bracket or a quote; undefined when the line is whole. */
  open: string | undefined;
}

const CLOSING: Record<string, string> = { "(": ")", "[": "]", "{": "}" };
const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", "0": "\0", e: "\x1b" };

/** Cuts a line (which may hold newlines inside brackets and quotes) into segments and words. */
export function split(line: string): Split {
  const segments: Segment[] = [];
  let words: Word[] = [];
  let start = 0;
  let end = 0;
  let i = 0;
  let open: string | undefined;

  const finish = (until: number) => {
    const from = words.length > 0 ? words[0].at : until;
    const to = words.length > 0 ? end : until;
    segments.push({ words, source: line.slice(from, to), at: words.length > 0 ? from : start });
    words = [];
  };

  while (i < line.length) {
    const c = line[i];
    if (/\s/.test(c)) i++;
    else if (c === "#") {
      while (i < line.length && line[i] !== "\n") i++;
    } else if (isPipe(line, i)) {
      finish(i);
      start = ++i;
    } else {
      const read = readWord(line, i);
      words.push(read.word);
      open = read.open;
      i = end = read.word.end;
    }
  }
  finish(line.length);
  return { segments, open };
}

/** One word from `from` on, and the quote or bracket that is still open at the end of the line. */
function readWord(line: string, from: number): { word: Word; open: string | undefined } {
  const brackets: string[] = [];
  let text = "";
  let quoted = false;
  let i = from;
  while (i < line.length) {
    const c = line[i];
    const inside = brackets.length > 0;
    if (c === "'" || c === '"') {
      const q = readQuote(line, i);
      // Inside brackets the quotes belong to the word: an expression or a guest's own syntax.
      text += inside ? line.slice(i, q.end) : q.text;
      quoted ||= !inside;
      if (!q.closed) return { word: { text, at: from, end: line.length, quoted }, open: c };
      i = q.end;
      continue;
    }
    if (!inside && (/\s/.test(c) || isPipe(line, i))) break;
    if (!inside && line.startsWith("||", i)) {
      text += "||";
      i += 2;
      continue;
    }
    if (c in CLOSING) brackets.push(c);
    else if (inside && c === CLOSING[brackets[brackets.length - 1]]) brackets.pop();
    text += c;
    i++;
  }
  return { word: { text, at: from, end: i, quoted }, open: brackets[brackets.length - 1] };
}

/** A single `|`; `||` is the operator of expressions. */
function isPipe(line: string, i: number): boolean {
  return line[i] === "|" && line[i + 1] !== "|";
}

/** A quoted stretch: 'literal', or "with \n, \t, \", \\ and \xHH escapes". */
function readQuote(line: string, from: number): { text: string; end: number; closed: boolean } {
  const quote = line[from];
  let text = "";
  let i = from + 1;
  while (i < line.length && line[i] !== quote) {
    if (quote === '"' && line[i] === "\\" && i + 1 < line.length) {
      const byte = /^\\x([0-9a-f]{2})/i.exec(line.slice(i, i + 4));
      text += byte
        ? String.fromCharCode(parseInt(byte[1], 16))
        : ESCAPES[line[i + 1]] ?? line[i + 1];
      i += byte ? 4 : 2;
    } else text += line[i++];
  }
  return { text, end: Math.min(i + 1, line.length), closed: i < line.length };
}

/** A line with all its continuations. */
export interface WholeLine {
  text: string;
  /** Offset in the whole text. */
  at: number;
  /** Its number, from 1. */
  number: number;
  /** What is still open at its end; only the last one can be. */
  open: string | undefined;
}

/** Where the whole line that begins at `at` ends, and which bracket or quote is open there. */
function wholeEnd(text: string, at: number): { end: number; open: string | undefined } {
  let i = at;
  while (i < text.length && text[i] !== "\n") {
    if (text[i] === "#") {
      const newline = text.indexOf("\n", i);
      i = newline < 0 ? text.length : newline;
    } else if (/\s/.test(text[i]) || isPipe(text, i)) i++;
    else {
      const { word, open } = readWord(text, i);
      if (open !== undefined) return { end: text.length, open };
      i = word.end;
    }
  }
  return { end: i, open: undefined };
}

/** A text cut into whole lines, which open brackets and quotes continue; without blank ones. */
export function* wholeLines(text: string): Generator<WholeLine> {
  let number = 1;
  for (let at = 0; at < text.length;) {
    const { end, open } = wholeEnd(text, at);
    const line = text.slice(at, end).replace(/\r$/, "");
    if (line.trim() !== "") yield { text: line, at, number, open };
    number += text.slice(at, end + 1).split("\n").length - 1;
    at = end + 1;
  }
}

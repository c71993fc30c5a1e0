/**
 * Colour: which it is for each kind and tone. Whether to use any is the caller's decision.
 *
 * @module
 */

import {
  bold,
  brightBlue,
  cyan,
  dim,
  gray,
  green,
  magenta,
  red,
  setColorEnabled,
  yellow,
} from "@std/fmt/colors";
import type { Kind, Tone } from "../commands/result.ts";

// The library's own guess would hold for the whole process; here each call says whether to colour.
setColorEnabled(true);

/** A text and the same text in colour. */
export type Painter = (text: string) => string;

const plain: Painter = (text) => text;

const TONES: Record<Tone, Painter> = {
  plain,
  dim: gray,
  good: green,
  warn: yellow,
  bad: red,
  strong: bold,
};

const KINDS: Partial<Record<Kind, Painter>> = { va: cyan, pa: brightBlue, pte: magenta };

/** Colours for what a shell prints; all do nothing when `on` is false. */
export interface Paint {
  tone(tone: Tone): Painter;
  kind(kind: Kind): Painter;
  heading: Painter;
  name: Painter;
  error: Painter;
  hint: Painter;
  prompt: Painter;
  number: Painter;
  text: Painter;
  comment: Painter;
  command: Painter;
  flag: Painter;
}

/** The colours, or none. */
export function paint(on: boolean): Paint {
  const use = (painter: Painter | undefined) => on && painter ? painter : plain;
  return {
    tone: (tone) => use(TONES[tone]),
    kind: (kind) => use(KINDS[kind]),
    heading: use(dim),
    name: use(dim),
    error: use(red),
    hint: use(gray),
    prompt: use(bold),
    number: use(cyan),
    text: use(green),
    comment: use(gray),
    command: use(bold),
    flag: use(yellow),
  };
}

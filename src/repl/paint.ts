/** Colour: which it is for each kind and tone. Whether to use any is the caller's decision. */

import type { Kind, Tone } from "../framework/result.ts";

/** A text and the same text in colour. */
export type Painter = (text: string) => string;

const plain: Painter = (text) => text;

/**
 * Select Graphic Rendition (ECMA-48 8.3.117). Not `@std/fmt/colors`, which stays grey under
 * NO_COLOR whatever the caller says: `--color` and recordings outrank it.
 */
function rendition(on: number, off: number): Painter {
  return (text) => `\x1b[${on}m${text}\x1b[${off}m`;
}

const bold = rendition(1, 22);
const dim = rendition(2, 22);
const red = rendition(31, 39);
const green = rendition(32, 39);
const yellow = rendition(33, 39);
const magenta = rendition(35, 39);
const cyan = rendition(36, 39);
const gray = rendition(90, 39);
const brightBlue = rendition(94, 39);

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

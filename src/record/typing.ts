/**
 * How fast somebody types in a recording. Nothing is drawn at random: the delay before a key follows
 * from the key, the one before it and the place in the line, so the same line takes the same time.
 *
 * @module
 */

/** Delays in milliseconds. */
export interface TypingModel {
  /** Before the first key of a line: looking at the prompt. */
  readonly first: number;
  /** Before any other key. */
  readonly key: number;
  /** Added for a digit or another key off the home rows. */
  readonly reach: number;
  /** Added for a capital or a sign that needs the shift key. */
  readonly shift: number;
  /** Added after a space: the next word is thought of. */
  readonly word: number;
  /** Taken off when a key is struck twice. */
  readonly twice: number;
  /** The most that the unevenness of fingers adds. */
  readonly uneven: number;
  /** Before Enter: reading the line once more. */
  readonly enter: number;
}

/** A practised person, about ten keys a second. */
export const TYPING: TypingModel = {
  first: 600,
  key: 60,
  reach: 25,
  shift: 45,
  word: 40,
  twice: 25,
  uneven: 40,
  enter: 350,
};

/** Milliseconds before the key at `index` of a line, a whole number. */
export function keyDelay(model: TypingModel, line: readonly string[], index: number): number {
  if (index === 0) return model.first;
  const key = line[index], before = line[index - 1];
  let delay = model.key + uneven(key, before, index) % (model.uneven + 1);
  if (/[0-9\-=[\];',./\\`]/.test(key)) delay += model.reach;
  if (/[A-Z~!@#$%^&*()_+{}:"<>?|]/.test(key)) delay += model.shift;
  if (before === " ") delay += model.word;
  if (before === key) delay -= model.twice;
  return Math.max(delay, 1);
}

/** A fixed, uneven-looking number for a key in its place: a multiplicative hash of the three. */
function uneven(key: string, before: string, index: number): number {
  const mixed = Math.imul(key.codePointAt(0) ?? 0, 0x9e3779b1) ^
    Math.imul(before.codePointAt(0) ?? 0, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
  return (mixed >>> 8) & 0xffff;
}

/** Milliseconds a viewer gets for reading text that has just appeared: more for more lines. */
export function readingTime(text: string): number {
  const lines = text.split("\n").filter((line) => line.trim() !== "").length;
  return Math.min(400 + 180 * lines, 3000);
}

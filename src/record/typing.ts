/**
 * How fast somebody types in a recording. Nothing is drawn at random: the delay before a key
 * follows from the key, the one before it and the place in the line, so the same line takes the
 * same time.
 */

/** A practised person, about ten keys a second. Delays in milliseconds. */
export const TYPING = {
  /** Before the first key of a line: looking at the prompt. */
  first: 600,
  /** Before any other key. */
  key: 60,
  /** Added for a digit or another key off the home rows. */
  reach: 25,
  /** Added for a capital or a sign that needs the shift key. */
  shift: 45,
  /** Added after a space: the next word is thought of. */
  word: 40,
  /** Taken off when a key is struck twice. */
  twice: 25,
  /** The most that the unevenness of fingers adds. */
  uneven: 40,
  /** Before Enter: reading the line once more. */
  enter: 350,
};

/** Milliseconds before the key at `index` of a line, a whole number. */
export function keyDelay(line: readonly string[], index: number): number {
  if (index === 0) return TYPING.first;
  const key = line[index], before = line[index - 1];
  let delay = TYPING.key + uneven(key, before, index) % (TYPING.uneven + 1);
  if (/[0-9\-=[\];',./\\`]/.test(key)) delay += TYPING.reach;
  if (/[A-Z~!@#$%^&*()_+{}:"<>?|]/.test(key)) delay += TYPING.shift;
  if (before === " ") delay += TYPING.word;
  if (before === key) delay -= TYPING.twice;
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

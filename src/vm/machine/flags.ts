/**
 * PTE bits as text: all of them, always in the same places, so that a changed bit shows; or only
 * those that changed, by name.
 *
 * @module
 */

const LETTERS = "VRWXUGAD";

/** Letters that a fork policy gives the RSW bits of a PTE, 8 and 9; `1` for one it does not use. */
export type RswLetters = readonly [string, string];

/**
 * A PTE's low ten bits as ten places: the two RSW bits by the letter that the fork policy gives
 * them, else `1`, then `DAGUXWRV`, with `-` for a bit that is clear.
 *
 * `flagText(0x153, "C")` is `-C -A-U--RV`.
 */
export function flagText(flags: number, rsw0 = "1", rsw1 = "1"): string {
  let text = (flags & 0x200 ? rsw1 : "-") + (flags & 0x100 ? rsw0 : "-") + " ";
  for (let bit = 7; bit >= 0; bit--) text += flags & (1 << bit) ? LETTERS[bit] : "-";
  return text;
}

/** Names of the flags that a change of a PTE set and cleared, highest bit first. */
export interface FlagChange {
  /** Set now, and were not. */
  readonly set: readonly string[];
  /** Were set, and are not. */
  readonly cleared: readonly string[];
}

/** Which flags differ between two PTEs; RSW bits without a letter are `RSW0` and `RSW1`. */
export function flagChange(old: number, now: number, rsw: RswLetters): FlagChange {
  const names = [...LETTERS, ...rsw.map((letter, i) => letter === "1" ? `RSW${i}` : letter)];
  const named = (bits: number) => names.filter((_, i) => bits & (1 << i)).reverse();
  return { set: named(now & ~old), cleared: named(old & ~now) };
}

/** A change of a PTE in words: `W→–, C set`. */
export function pteChange(old: number, now: number, rsw: RswLetters): string {
  const { set, cleared } = flagChange(old, now, rsw);
  const parts = [
    ...(cleared.length > 0 ? [`${cleared.join(" ")}→–`] : []),
    ...(set.length > 0 ? [`${set.join(" ")} set`] : []),
  ];
  return parts.length > 0 ? parts.join(", ") : "another frame";
}

/**
 * PTE bits as text, always in the same places, so that a changed bit shows.
 *
 * @module
 */

const LETTERS = "VRWXUGAD";

/**
 * A PTE's low ten bits as ten places: the two RSW bits as digits (`1` or `-`; the kernel's names go where it
 * has some), then `DAGUXWRV` with `-` for a bit that is clear. With `cow` the first RSW bit prints `C`.
 *
 * `flagText(0x153, "C")` is `-C -A-U--RV`.
 */
export function flagText(flags: number, rsw0 = "1", rsw1 = "1"): string {
  let text = (flags & 0x200 ? rsw1 : "-") + (flags & 0x100 ? rsw0 : "-") + " ";
  for (let bit = 7; bit >= 0; bit--) text += flags & (1 << bit) ? LETTERS[bit] : "-";
  return text;
}

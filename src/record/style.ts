/** How a terminal cell looks, and the SGR sequences that change it (ECMA-48 §8.3.117). */

/** A palette colour 0–255, or `#rrggbb`; undefined is the terminal's own. */
export type Color = number | string | undefined;

/** The look of a cell. Styles are never changed, only replaced. */
export interface Style {
  /** The colour of the text. */
  readonly fg: Color;
  /** The colour behind the text. */
  readonly bg: Color;
  /** Bold. */
  readonly bold: boolean;
  /** Dim. */
  readonly dim: boolean;
  /** Italic. */
  readonly italic: boolean;
  /** Underlined. */
  readonly underline: boolean;
  /** Foreground and background exchanged. */
  readonly inverse: boolean;
  /** Not shown. */
  readonly hidden: boolean;
  /** Struck through. */
  readonly strike: boolean;
}

/** The terminal's own look. */
export const PLAIN: Style = {
  fg: undefined,
  bg: undefined,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  inverse: false,
  hidden: false,
  strike: false,
};

const SWITCHES: Record<number, Partial<Style>> = {
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  8: { hidden: true },
  9: { strike: true },
  21: { underline: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  28: { hidden: false },
  29: { strike: false },
  39: { fg: undefined },
  49: { bg: undefined },
};

/** The style after an SGR sequence with these parameters; unknown ones change nothing. */
export function applySgr(style: Style, parameters: readonly number[]): Style {
  let now = style;
  const list = parameters.length > 0 ? parameters : [0];
  for (let i = 0; i < list.length; i++) {
    const n = list[i];
    if (n === 0) now = PLAIN;
    else if (n in SWITCHES) now = { ...now, ...SWITCHES[n] };
    else if (n >= 30 && n <= 37) now = { ...now, fg: n - 30 };
    else if (n >= 40 && n <= 47) now = { ...now, bg: n - 40 };
    else if (n >= 90 && n <= 97) now = { ...now, fg: n - 90 + 8 };
    else if (n >= 100 && n <= 107) now = { ...now, bg: n - 100 + 8 };
    else if (n === 38 || n === 48) {
      const side = n === 38 ? "fg" : "bg";
      if (list[i + 1] === 5) {
        now = { ...now, [side]: Math.min(list[i + 2] ?? 0, 255) };
        i += 2;
      } else if (list[i + 1] === 2) {
        const [r = 0, g = 0, b = 0] = list.slice(i + 2, i + 5);
        now = { ...now, [side]: hex([r, g, b]) };
        i += 4;
      }
    }
  }
  return now;
}

/** `#rrggbb` of three parts from 0 to 255. */
export function hex(parts: readonly number[]): string {
  return "#" + parts.map((n) => Math.min(n, 255).toString(16).padStart(2, "0")).join("");
}

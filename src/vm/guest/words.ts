/** A guest's memory as numbers, as it stands in RAM or in a saved state. */

import { inFrame, PAGE_SIZE, type PaNum, RAM_BASE } from "../machine/address.ts";
import { keptAt } from "../machine/pieces.ts";
import type { RamImage } from "../machine/ram_image.ts";
import type { TableMemory } from "../machine/sv39.ts";

/** Memory by physical addresses; what is outside reads as undefined. */
export class Words {
  /** The same as page tables are walked in. */
  readonly tables: TableMemory;

  /** A look at RAM, or at a copy of it. */
  constructor(tables: TableMemory) {
    this.tables = tables;
  }

  /** Index of the 32-bit word at an address that is a multiple of 4; -1 outside. */
  #index(pa: number): number {
    // Remainders of what is not a small integer are slow: an address in RAM is one from its base on.
    const inside = pa - RAM_BASE;
    const frame = Math.floor(inside / PAGE_SIZE);
    const first = this.tables.wordsOf(RAM_BASE / PAGE_SIZE + frame);
    return first < 0 ? -1 : first + (inside - frame * PAGE_SIZE) / 4;
  }

  /** 32 bits, unsigned, at a multiple of 4. */
  word(pa: number): number | undefined {
    const at = this.#index(pa);
    return at < 0 ? undefined : this.tables.words[at];
  }

  /** 64 bits at a multiple of 8, to the nearest number: exact for an address. */
  long(pa: number): number | undefined {
    const low = this.word(pa);
    return low === undefined ? undefined : this.word(pa + 4)! * 2 ** 32 + low;
  }

  /** One byte. */
  byte(pa: number): number | undefined {
    const word = this.word(pa - pa % 4);
    return word === undefined ? undefined : (word >>> (8 * (pa % 4))) & 0xff;
  }

  /** A text of printable ASCII that ends in NUL within `most` bytes; undefined: there is none. */
  text(pa: number, most: number): string | undefined {
    let text = "";
    for (let i = 0; i < most; i++) {
      const byte = this.byte(pa + i);
      if (byte === 0) return text;
      if (byte === undefined || byte < 0x20 || byte > 0x7e) return undefined;
      text += String.fromCharCode(byte);
    }
    return undefined;
  }

  /** The address as that of a frame of this memory; undefined for any other number. */
  frame(address: number | undefined): PaNum | undefined {
    if (address === undefined || address % PAGE_SIZE !== 0) return undefined;
    return this.word(address) === undefined ? undefined : inFrame(address / PAGE_SIZE);
  }
}

/** RAM as a state has saved it. */
export class SavedWords extends Words {
  readonly #image: RamImage;

  /** The words of an image. `tables`: its page tables, to be walked. */
  constructor(image: RamImage, tables: TableMemory) {
    super(tables);
    this.#image = image;
  }

  /** @inheritdoc */
  override word(pa: number): number | undefined {
    const at = pa - RAM_BASE;
    if (!(at >= 0 && at < this.#image.length)) return undefined;
    const piece = keptAt(this.#image, Math.floor(at / PAGE_SIZE));
    if (piece === undefined) return 0;
    // The last byte of a piece stands for all that follow.
    const byte = (i: number) => piece[Math.min(at % PAGE_SIZE + i, piece.length - 1)];
    return (byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24)) >>> 0;
  }
}

/** The keys behind Ctrl-A at a guest's console, as QEMU's multiplexer has them. */

import type { Press } from "./guest_keys.ts";

/** A key, the word that it says to the program around the guest, and its line of the help. */
export type MuxKey<Word extends string> = readonly [key: string, word: Word, doc: string];

/** What every console has. */
export type DeskWord = "shell" | "help" | "exit";

/** Which keys there are behind one. */
export class Mux<Word extends string> {
  /** How the key in front of them is called: `C-a` for byte 1. */
  readonly name: string;
  /** What a byte is. */
  readonly press: Press<Word>;
  readonly #keys: readonly MuxKey<Word>[];

  /** Keys behind the byte `escape`; undefined: every byte is the guest's. */
  constructor(keys: readonly MuxKey<Word>[], escape: number | undefined) {
    this.#keys = keys;
    this.name = escape === undefined ? "" : keyName(escape);
    let escaped = false;
    this.press = (byte) => {
      if (!escaped) {
        escaped = byte === escape;
        return escaped ? undefined : byte;
      }
      escaped = false;
      if (byte === escape) return byte;
      const letter = byte === 0x3f ? "h" : String.fromCharCode(byte);
      return keys.find(([key]) => key === letter)?.[1];
    };
  }

  /** What a key that does nothing says: its line of the help. */
  says(word: Word): string {
    const [key, , doc] = this.#keys.find((row) => row[1] === word)!;
    return `${this.name} ${key}: ${doc}\n`;
  }

  /** What the help key prints. */
  help(): string {
    const { name } = this;
    return [
      ...this.#keys.map(([key, , doc]) => `${name} ${key}    ${doc}\n`),
      `${name} ${name}  sends ${name}\n`,
    ].join("");
  }
}

function keyName(byte: number): string {
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return byte < 0x20 ? `C-${String.fromCharCode(byte + 0x60)}` : `byte ${byte}`;
}

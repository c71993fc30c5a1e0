/** The keys behind Ctrl-A, as QEMU's multiplexer has them. */

import type { Press } from "../repl/guest_keys.ts";

/** What a person wants of the emulator. */
export type Word = "exit" | "shell" | "help" | "commit" | "break" | "stamps";

/** Each key, what it means, and what the help says about it. */
const KEYS: readonly (readonly [key: string, word: Word, doc: string])[] = [
  ["h", "help", "print this help"],
  ["x", "exit", "exit emulator"],
  ["s", "commit", "nothing to save: the image has all writes, but for -snapshot's"],
  ["b", "break", "no break: the UART here knows bytes only"],
  ["t", "stamps", "no timestamps: the guest's clock is the number of instructions"],
  ["c", "shell", "switch between console and cowsh's shell"],
];

/** What a key that does nothing says: its line of the help. */
export function says(word: Word, escape: number): string {
  const [key, , doc] = KEYS.find((row) => row[1] === word)!;
  return `${keyName(escape)} ${key}: ${doc}\n`;
}

/** How a byte is called when it is the first key: `C-a` for 1. */
export function keyName(byte: number): string {
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return byte < 0x20 ? `C-${String.fromCharCode(byte + 0x60)}` : `byte ${byte}`;
}

/** What the help key prints. */
export function helpOfKeys(escape: number): string {
  const name = keyName(escape);
  return [
    ...KEYS.map(([key, , doc]) => `${name} ${key}    ${doc}\n`),
    `${name} ${name}  sends ${name}\n`,
  ].join("");
}

/** Keys of which those behind `escape` are the emulator's; none are when it is undefined. */
export function muxKeys(escape: number | undefined): Press<Word> {
  let escaped = false;
  return (byte) => {
    if (!escaped) {
      escaped = byte === escape;
      return escaped ? undefined : byte;
    }
    escaped = false;
    if (byte === escape) return byte;
    const letter = byte === 0x3f ? "h" : String.fromCharCode(byte);
    return KEYS.find(([key]) => key === letter)?.[1];
  };
}

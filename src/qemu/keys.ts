/** The keys behind Ctrl-A in QEMU's place: those of QEMU's multiplexer. */

import { type DeskWord, Mux, type MuxKey } from "../repl/guest_mux.ts";

/** What a person wants of the emulator. */
export type Word = DeskWord | "commit" | "break" | "stamps";

/** Each key, what it means, and what the help says about it. */
const KEYS: readonly MuxKey<Word>[] = [
  ["h", "help", "print this help"],
  ["x", "exit", "exit emulator"],
  ["s", "commit", "nothing to save: the image has all writes, but for -snapshot's"],
  ["b", "break", "no break: the UART here knows bytes only"],
  ["t", "stamps", "no timestamps: the guest's clock is the number of instructions"],
  ["c", "shell", "switch between console and cowsh's shell"],
];

/** Keys of which those behind `escape` are the emulator's; none are when it is undefined. */
export function qemuKeys(escape: number | undefined): Mux<Word> {
  return new Mux(KEYS, escape);
}

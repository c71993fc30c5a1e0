/** What `-help` and `-version` print; the launcher has it in a file, to answer without loading us. */

import { helpLines, NAME } from "./flags.ts";

/** The release of QEMU whose flags and messages these are, as xv6's Makefiles ask for it. */
const QEMU_VERSION = "7.2.0";

/** The text of `-help`; its first two lines are those of `-version`. */
export function helpText(version: string): string {
  return [
    `QEMU emulator version ${QEMU_VERSION} (in its place: cowsh ${version})`,
    "This is not QEMU: cowsh takes the flags that xv6's Makefiles pass, and means the same by them.",
    `usage: ${NAME} [flags]`,
    "",
    ...helpLines(),
    "",
    "During the run, with -nographic: C-a h lists keys, C-a x leaves, C-a c opens cowsh's shell on",
    "the machine. docs/qemu.md in cowsh's folder tells what differs from QEMU.",
    "",
  ].join("\n");
}

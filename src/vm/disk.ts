/**
 * The disk a VM boots with when nobody names an image: a small xv6 file system with our programs.
 *
 * @module
 */

import { mkfs } from "./kernel/files/xv6fs/mkfs.ts";
import type { ProgramSource } from "./kernel/programs.ts";

const README = `This disk holds the programs of cowsh. It is an xv6 file system of 2000 blocks;
real xv6 boots from it. Try: ls | grep test, cat README | wc, cowtest.
`;

/** An image with every program at the root, a README, and the console device. The same bytes each time. */
export function defaultDisk(programs: ProgramSource): Uint8Array {
  const files = programs.list().map((name) => ({ name, bytes: programs.get(name)! }));
  return mkfs({
    files: [{ name: "README", bytes: new TextEncoder().encode(README) }, ...files],
    devices: [{ name: "console", major: 1, minor: 0 }],
  });
}

/**
 * Words for lines made at random, by the kind of argument that they stand for: right ones and wrong ones. The
 * session fuzz test and the campaign `lines` type them.
 */

import type { ArgKind } from "../../src/framework/command.ts";

const ADDRESSES = [
  "0",
  "0x1000",
  "0x2ff8",
  "0x3000",
  "0x3ffc",
  "0x4000",
  "0x9000",
  "0x3fffffe000",
  "0x4000000000",
  "-8",
  "$sp-8",
  "$pc",
  "main",
  "2:0x3000",
  "3:0x3000",
  "$_",
];

/** Words that an argument of a kind may be. Host files and the network of other sessions are left alone. */
export const WORDS: Record<ArgKind, readonly string[]> = {
  va: ADDRESSES,
  symbol: ["main", "fork", "0x8", "nosuch", "mai"],
  pa: ["pa(0x3000)", "pa(0)", "0x80ff0000", "0x80000000", "0x1000", "pa(0x9000)"],
  expr: ["0", "1", "-1", "42", "0x1122334455667788", "$a0", "u64(0x3000)", "refcount(pa(0x3000))"],
  pid: ["1", "2", "3", "4", "99"],
  size: ["1", "8", "4096", "8192", "3p", "-4096", "0", "1M", "1G", "1T"],
  count: ["0", "1", "2", "5", "17", "100", "3000", "4000000000"],
  perm: ["r", "rw", "rx", "none", "x"],
  program: ["echo", "forktest", "faulttext", "zombie", "wc", "nosuch", "sh"],
  file: ["/nosuch/file"],
  command: ["ps", "fork", "nosuch"],
  snapshot: ["a", "b", "nosuch"],
  register: ["a0", "sp", "satp", "nosuch", "pc"],
  text: ["hi", "fault", "copy", "fork", "README", "/", "0x41", "write"],
  line: ["1 == 1", "pa(0x3000)", "free()", "refcount(pa(0x3000)) == 2", "ps"],
};

/** What makes a session worth looking at. */
export const USEFUL: readonly string[] = [
  "spawn",
  "spawn forktest",
  "sbrk 8192",
  "fork",
  "store 0x3000 7",
  "store 0x3ffc 0x1122334455667788",
  "snap a",
  "snap b",
  "restore a",
  "step 20",
  "continue",
  "until fork",
  "back 3",
  "goto 10",
  "break -a main",
  "use 2",
  "use 3",
  "wait",
  "mmap 8192 --shared",
];

/** How sessions begin: with a family that stands still, or with a program to debug beside one. */
export const BEGINNINGS: readonly (readonly string[])[] = [
  ["spawn", "sbrk 8192", "store 0x3000 7", "fork", "snap a"],
  ["spawn", "sbrk 8192", "fork", "spawn forktest", "snap a", "step 20"],
  ["spawn sh -c 'echo a | cat; ls | wc'", "break -a fork", "snap a", "continue"],
];

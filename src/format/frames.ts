/** Frames of a stack as text. */

import type { StackFrame } from "../vm/backtrace.ts";
import { hex } from "../vm/machine/address.ts";
import { fileName } from "./source.ts";

/** `trap.c:38`; empty where nobody says. */
export function frameLine({ source }: StackFrame): string {
  return source === undefined ? "" : `${fileName(source.file)}:${source.line}`;
}

/** `usertrap`, of an inlined function `r_sstatus (inlined)`. */
export function frameName({ name, inlined }: StackFrame): string {
  return `${name ?? "?"}${inlined ? " (inlined)" : ""}`;
}

/** `frame 1: usertrap at trap.c:38, 0x80001a2c`. */
export function whereText(frame: StackFrame): string {
  const line = frameLine(frame);
  const at = line === "" ? "" : ` at ${line}`;
  const whose = frame.pid === 0 ? "" : ` of pid ${frame.pid}`;
  return `frame ${frame.level}: ${frameName(frame)}${at}${whose}, ${hex(frame.pc)}`;
}

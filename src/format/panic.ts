/** Where a guest's kernel has panicked: who called `panic`. */

import { type Section, tableOf } from "../framework/result.ts";
import { backtrace, type StackFrame } from "../vm/backtrace.ts";
import { KernelError, type Vm } from "../vm/vm.ts";
import { frameLine, frameName } from "./frames.ts";

/** Frames that are shown of the stack. */
const FEW = 8;

/** The stack of the hart that is in `panic`, from its caller on; empty where there is none. */
export function panicStack(vm: Vm): Section[] {
  for (let hart = 0; hart < vm.harts; hart++) {
    const frames = stackOf(vm, hart);
    const at = frames.findIndex(({ name }) => name === "panic");
    if (at < 0) continue;
    return [
      tableOf(frames.slice(at + 1, at + 1 + FEW), "frames", [
        ["N", "number", ({ level }) => level],
        ["PID", "number", ({ pid }) => pid],
        ["PC", "va", ({ pc }) => pc],
        ["CALLED-BY", "text", frameName],
        ["LINE", "text", frameLine],
      ]),
    ];
  }
  return [];
}

function stackOf(vm: Vm, hart: number): readonly StackFrame[] {
  try {
    return backtrace(vm, { hart });
  } catch (error) {
    // A hart that has no stack yet.
    if (error instanceof KernelError) return [];
    throw error;
  }
}

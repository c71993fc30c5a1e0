/**
 * Programs without that which QEMU may do otherwise: no CSRs, devices and wild accesses; a fence.i behind each store
 * into code.
 *
 * @module
 */

import type { Item, Program } from "./tree.ts";

/** Lines that need a machine like ours. */
const STRANGE = /csrr|[ms]ret|wfi|@uart|0x200bff8|sfence|\.word|\.2byte|c?\.?ebreak/;
/** An access by a register that points nowhere in particular. */
const WILD = /\((?!s0|s1|gp|sp|t6\))|^jalr zero/m;

/** A program that does the same on any machine. */
export function sober(program: Program): Program {
  return {
    ...program,
    main: items(program.main),
    functions: program.functions.map((fn) => ({ ...fn, body: items(fn.body) })),
  };
}

const items = (all: readonly Item[]): Item[] => all.flatMap((item) => soberItem(item) ?? []);

function soberItem(item: Item): Item | undefined {
  if (typeof item === "string") return STRANGE.test(item) || WILD.test(item) ? undefined : item;
  if ("loop" in item) return { ...item, body: items(item.body) };
  if ("unless" in item) {
    const body = items(item.body);
    return item.otherwise === undefined
      ? { ...item, body }
      : { ...item, body, otherwise: items(item.otherwise) };
  }
  if ("on" in item) return { ...item, cases: item.cases.map(items) };
  if ("visit" in item) return { ...item, visit: items(item.visit) };
  if ("patch" in item || "carry" in item) return { ...item, fence: true };
  if ("wait" in item || "space" in item || "pte" in item) return undefined;
  return item;
}

/** Single instructions of a guest's hart. */

import { causeName } from "../vm/machine/cause.ts";
import { REGISTER_NAMES } from "../vm/machine/isa/register_names.ts";
import { va } from "../vm/machine/address.ts";
import { changesOf, stepTable } from "../format/steps.ts";
import { EXIT } from "../framework/errors.ts";
import type { Context } from "../framework/command.ts";
import {
  type Cell,
  consoleText,
  note,
  type Result,
  result,
  type Section,
} from "../framework/result.ts";
import { watchedText } from "../format/breakpoints.ts";
import { lineText } from "../format/source.ts";
import { codeAt, hartJson, hartPlace } from "./guest_run.ts";
import { refusing } from "./target.ts";

/** Interrupts by the low bits of their causes. */
const INTERRUPTS: Readonly<Record<number, string>> = {
  1: "software interrupt",
  3: "software interrupt",
  5: "timer interrupt",
  7: "timer interrupt",
  9: "external interrupt",
  11: "external interrupt",
};

/** Steps the present hart. */
export function stepGuest(ctx: Context, many: number): Result {
  const rows: Cell[][] = [];
  let end: Section | undefined;
  for (let i = 0; i < many && end === undefined; i++) end = stepOne(ctx, rows);
  const output = ctx.vm.takeOutput();
  return result([
    stepTable(rows),
    ...(output === "" ? [] : [consoleText(output)]),
    ...(end === undefined ? [] : [end]),
    ...hartPlace(ctx),
  ], {
    json: {
      ...hartJson(ctx),
      steps: rows.map(([pc, symbol, line, instruction, changed]) => ({
        pc: `0x${(pc as bigint).toString(16)}`,
        symbol: symbol as string,
        line: line as string,
        instruction: instruction as string,
        changed: changed as string,
      })),
      console: output,
    },
  });
}

/** One instruction; a closing line when the hart cannot go on. */
function stepOne({ vm }: Context, rows: Cell[][]): Section | undefined {
  const { hart } = vm;
  const registers = () => REGISTER_NAMES.map((name) => vm.register(name, hart)!);
  const read = (name: string) => vm.register(name, hart)!;
  const pc = va(read("pc"));
  const line = codeAt(vm, pc);
  const before = registers();
  const stop = refusing(() => vm.advance(1, { step: true }), EXIT.failed);
  const retired = stop.kind === "budget" || stop.kind === "stopped";
  const changed = changesOf(before, registers()).join(", ");
  const trap = retired ? trapFrom(read, pc) : undefined;
  rows.push([
    pc,
    line?.symbol ?? "",
    lineText(line?.source),
    line?.text ?? "(not mapped)",
    trap ?? changed,
  ]);
  switch (stop.kind) {
    case "budget":
      return undefined;
    case "stopped":
      return stop.stop.kind === "watch"
        ? note(watchedText(vm, stop.pid, stop.point, stop.stop), "strong")
        : note(`breakpoint ${stop.point?.n}`, "strong");
    case "idle":
      return note(`hart ${hart} waits; continue lets the others and the clock run`);
    default:
      return note(`stopped: ${stop.kind}`, "warn");
  }
}

/** The trap that was taken in the place of the instruction at `pc`: its handler is next. */
function trapFrom(read: (name: string) => bigint, pc: bigint): string | undefined {
  for (const mode of ["s", "m"]) {
    if (read(`${mode}epc`) !== pc || read("pc") !== (read(`${mode}tvec`) & ~3n)) continue;
    const cause = read(`${mode}cause`);
    const code = Number(cause & 0xffn);
    return `trap: ${
      cause >> 63n === 1n ? INTERRUPTS[code] ?? `interrupt ${code}` : trapName(code)
    }`;
  }
  return undefined;
}

function trapName(cause: number): string {
  return cause >= 8 && cause <= 11 ? "system call" : causeName(cause);
}

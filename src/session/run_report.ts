/** What a run's report says: its closing lines, its JSON, and what it adds to the exit code. */

import { counted } from "../vm/machine/counted.ts";
import { meaningsOf } from "../vm/calls.ts";
import type { Context } from "../framework/command.ts";
import { EXIT } from "../framework/errors.ts";
import { type Json, note, type Section } from "../framework/result.ts";
import { pick } from "../format/json.ts";
import { angle, namedPlace } from "../format/source.ts";
import { hex } from "../vm/machine/address.ts";
import type { Vm } from "../vm/vm.ts";
import { setCurrent } from "./target.ts";
import type { RunReport } from "../vm/reports.ts";
import type { Running } from "../vm/run.ts";

/** Later commands are not to pay for what has not ended: it is held, and the current process. */
export function leaveRun(ctx: Context, running: Running, report: RunReport): void {
  running.leave();
  if (report.status === undefined) setCurrent(ctx, report.pid);
}

/** The line for a program that a person turned away from. */
export function waiting(report: RunReport): Section {
  return note(`${report.name} (pid ${report.pid}) is held; continue goes back to it`, "dim");
}

/** A run's report in JSON; `status` is what every command has, so the guest's is `exitStatus`. */
export function reportJson(report: RunReport): { [key: string]: Json } {
  return {
    ...pick(report, "pid", "name"),
    exitStatus: report.status ?? null,
    killedBy: report.killedBy,
    stop: report.stop.kind,
    ...pick(report, "left", "console", "instructions", "calls", "faults"),
    ...pick(report, "framesCopied", "bytesCopied", "forks", "ticks"),
  };
}

/** What a run adds to the exit code. */
export function statusOf(report: RunReport): number {
  switch (report.stop.kind) {
    case "exited":
      return report.status === 0 ? EXIT.ok : EXIT.failed;
    case "budget":
      return EXIT.budget;
    case "panic":
      return EXIT.guest;
    case "idle":
      // What it left behind may wait for ever; it has ended itself.
      return report.status === 0 ? EXIT.ok : EXIT.failed;
    default:
      return EXIT.failed;
  }
}

/** The lines that end a run. `since` says from where its figures count, if not from the start. */
export function closing(ctx: Context, report: RunReport, since = ""): Section[] {
  const { faults } = report;
  const costs =
    `${counted(report.instructions, "instruction")}, ${counted(report.calls, "call")}, ` +
    `faults ${faults[12]} fetch ${faults[13]} load ${faults[15]} store, ` +
    `${counted(report.framesCopied, "frame")} copied, ${counted(report.forks, "fork")}, ` +
    `${counted(report.ticks, "tick")}`;
  return [
    note(`${report.name}: ${ending(ctx, report)}; ${since}${costs}`, tone(report)),
    ...leftBehind(report),
    ...unknownCalls(report.console),
  ];
}

/** The children that outlive the program, and what becomes of them. */
function leftBehind({ left, stop }: RunReport): Section[] {
  const why = stop.kind === "budget" ? "the instruction budget is used up" : "it did not end";
  return left.map(({ pid, name, waits }) =>
    note(
      `pid ${pid} ${name} is left behind: ` +
        `${waits === "" ? why : `it waits (${waits})`}; continue -p ${pid}, kill ${pid}`,
      "warn",
    )
  );
}

/** Call numbers that meant nothing to the kernel, and what could give them a meaning. */
function unknownCalls(console: string): Section[] {
  const calls = [...console.matchAll(/: unknown sys call (-?\d+)(?: \((\w+)\))?$/gm)];
  const names = new Map(calls.map(([, number, name]) => [Number(number), name]));
  return [...names].slice(0, 4).map(([n, name]) => {
    if (name !== undefined) {
      return note(
        `call ${n}: this kernel has no ${name}; --abi FILE may say which of its calls that is`,
        "warn",
      );
    }
    const where = meaningsOf(n).map(({ abi, call }) => `with --abi ${abi} it is ${call}`);
    return note(
      `call ${n} means nothing by the program's stubs, or by --abi: ${
        where.join(", ") || "--abi FILE may name it"
      }`,
      "warn",
    );
  });
}

function tone(report: RunReport): "good" | "bad" {
  return report.status === 0 ? "good" : "bad";
}

/** The instruction that a process was killed for, as the last event of its own says. */
function culprit(vm: Vm, { pid }: RunReport): string {
  const kill = vm.events().findLast((e) => e.kind === "kill" && e.old === pid);
  // Killed by another one's call.
  if (kill === undefined || kill.pid !== pid) return "";
  const at = BigInt(kill.pc);
  return `, by ${hex(at)}${angle(namedPlace(vm, pid, at))}`;
}

function ending({ vm }: Context, report: RunReport): string {
  if (report.stop.kind === "interrupted") return "interrupted: it and all it made were killed";
  if (report.status !== undefined) {
    const why = report.killedBy === "" ? "" : ` (killed: ${report.killedBy}${culprit(vm, report)})`;
    return `status ${report.status}${why}`;
  }
  switch (report.stop.kind) {
    case "budget":
      return `not finished: the instruction budget is used up; pid ${report.pid} is held`;
    case "idle":
      return "not finished: everybody waits, and nobody is there to wake them; " +
        `pid ${report.pid} is held`;
    case "panic":
      return `the kernel panicked: ${report.stop.message}`;
    case "stopped":
      return `stopped in pid ${report.stop.pid}: ${report.stop.stop.kind}`;
    default:
      return `stopped: ${report.stop.kind}`;
  }
}

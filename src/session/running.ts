/**
 * Lets a held program run on, and says where and why it stopped: what `continue`, `until`, `back`
 * and
 * `goto` share.
 *
 * @module
 */

import { type EventFilter, eventText, type RunReport } from "../vm/reports.ts";
import { hex, va } from "../vm/machine/address.ts";
import type { Arrival } from "../vm/reports.ts";
import type { Process } from "../vm/process.ts";
import { Run } from "../vm/run.ts";
import { instructionAt } from "../format/code.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import type { Context } from "../framework/command.ts";
import {
  consoleText,
  type Json,
  note,
  type Result,
  result,
  type Section,
} from "../framework/result.ts";
import { runInSlices } from "./slices.ts";
import { closing, reportJson, statusOf } from "./run_report.ts";
import { setCurrent } from "./target.ts";
import { angle, namedPlace } from "../format/source.ts";
import { eventsJson } from "../format/event_json.ts";
import { watchedJson, watchedText } from "../format/breakpoints.ts";

/**
 * The program that a process belongs to: the first of its run, or itself when that one has ended.
 */
export function programOf(ctx: Context, p: Process): Process {
  if (p.manual) {
    throw new CommandError(`pid ${p.pid} has no program to run: spawn PROGRAM holds one`);
  }
  const first = ctx.vm.hasProcess(p.run) ? ctx.vm.process(p.run) : p;
  return first.manual || !first.alive ? p : first;
}

/** Runs a program on, until its end, a stop point or an event; Ctrl-C stops it where it is. */
export async function runOn(
  ctx: Context,
  p: Process,
  { until, arrive }: { until?: EventFilter; arrive?: Arrival } = {},
): Promise<Result> {
  const program = programOf(ctx, p);
  const from = ctx.vm.instret;
  const running = new Run(ctx.vm, program.pid, ctx.vm.mark(), {
    pass: [p.pid, program.pid],
    ...(until === undefined ? {} : { until }),
    ...(arrive === undefined ? {} : { arrive }),
  });
  const ending = await runInSlices(ctx, running, { keep: true });
  const report = running.report();
  const stopped = report.stop.kind === "arrived"
    ? { pid: p.pid, sections: placeSections(ctx, p.pid), json: {} }
    : stopSections(ctx, report.stop);
  running.leave();
  const [orphan] = report.left;
  if (stopped !== undefined && ctx.vm.hasProcess(stopped.pid)) {
    setCurrent(ctx, stopped.pid);
  } else if (!p.alive && orphan !== undefined) setCurrent(ctx, orphan.pid);
  else if (!p.alive) setCurrent(ctx, program.alive ? program.pid : 0);
  const { pid } = program;
  const kept = ending === "interrupted"
    ? [note(`pid ${pid} stopped by Ctrl-C`, "warn"), ...placeSections(ctx, pid)]
    : ending === "escaped"
    ? [note(`pid ${pid} ${program.name} waits; continue goes back to it`, "dim")]
    : undefined;
  const end = stopped?.sections ?? kept ?? closing(ctx, report, `from instruction ${from} on: `);
  return result([consoleText(report.console), ...end], {
    json: { ...reportJson(report), since: from, ...stopped?.json },
    status: stopped === undefined && kept === undefined ? statusOf(report) : EXIT.ok,
  });
}

interface Stopped {
  readonly pid: number;
  readonly sections: Section[];
  readonly json: { [key: string]: Json };
}

/** Where a breakpoint, watchpoint or event stopped a run; undefined for any other end. */
function stopSections(ctx: Context, end: RunReport["stop"]): Stopped | undefined {
  if (end.kind === "event") {
    const { event } = end;
    const pid = ctx.vm.hasProcess(event.pid) ? event.pid : ctx.session.pid;
    const { dying } = ctx.vm;
    return {
      pid,
      sections: [
        note(
          `event ${event.n}: pid ${event.pid}: ${eventText(event, ctx.vm.rsw)}`,
          "strong",
        ),
        ...(dying === undefined ? [] : [
          note(
            `pid ${dying.pid} will be killed for it (${dying.killedBy}), and is still ` +
              "there to look at; step or continue lets it die",
            "warn",
          ),
          ...placeSections(ctx, dying.pid),
        ]),
      ],
      json: { event: eventsJson(ctx.vm, [event])[0], dying: dying?.pid ?? null },
    };
  }
  if (end.kind !== "stopped") return undefined;
  const { pid, stop, point } = end;
  const which: { [key: string]: Json } = { kind: stop.kind, pid, point: point?.n ?? null };
  const place = placeSections(ctx, pid);
  if (stop.kind === "watch") {
    const text = watchedText(ctx.vm, pid, point, stop);
    const stopped = watchedJson(pid, point, stop);
    return { pid, sections: [note(text, "strong"), ...place], json: { stopped } };
  }
  const { name } = ctx.vm.process(pid);
  return {
    pid,
    sections: [note(`breakpoint ${point?.n}: pid ${pid} ${name}`, "strong"), ...place],
    json: { stopped: stop.kind === "break" ? { ...which, pc: hex(stop.pc) } : which },
  };
}

/** The instruction that a process will execute next. */
export function placeSections(ctx: Context, pid: number): Section[] {
  if (!ctx.vm.hasProcess(pid)) return [];
  const p = ctx.vm.process(pid);
  if (!p.alive || p.manual) return [];
  const pc = va(p.registers.pc);
  const line = instructionAt(ctx.vm, pid, pc);
  const text = line?.text ?? "(not mapped)";
  return [note(`next: pid ${pid}  ${hex(pc)}${angle(namedPlace(ctx.vm, pid, pc))}: ${text}`)];
}

/**
 * Lets a guest with a kernel of its own run on, and says where and why it stopped: `continue`,
 * `until`, `step`, `back` and `goto` where the kernel is not the built-in one.
 *
 * @module
 */

import { panicStack } from "../format/panic.ts";
import type { Arrival, EventFilter, GuestStop, KernelStop, Trap } from "../vm/reports.ts";
import type { VmEvent } from "../vm/events.ts";
import { eventsJson } from "../format/event_json.ts";
import { eventPlace, guestCallText, guestEventText } from "../format/event_place.ts";
import { causeName } from "../vm/machine/cause.ts";
import { hex, va } from "../vm/machine/address.ts";
import { type CodeLine, instructionAt, nameOf } from "../format/code.ts";
import type { Vm } from "../vm/vm.ts";
import { angle, namedPlace } from "../format/source.ts";
import { watchedJson, watchedText } from "../format/breakpoints.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import type { Context, GuestInput } from "../framework/command.ts";
import {
  consoleText,
  type Json,
  note,
  type Result,
  result,
  type Section,
} from "../framework/result.ts";
import { refusing } from "./target.ts";

/** How a guest's run ended: by itself, or because the person turned away. */
export type Ending = KernelStop | GuestStop | { readonly kind: "interrupted" | "escaped" };

/** Refuses `-p`: nobody runs alone. */
export function noProcess(command: string, pid: number | undefined): void {
  if (pid === undefined) return;
  throw new CommandError(
    `${command} -p: the guest's own kernel says which process runs; all go on together`,
    EXIT.failed,
  );
}

/** How far a guest runs on. */
export interface Going {
  /** To such a trap. */
  readonly until?: EventFilter;
  /** To such a place in the code. */
  readonly arrive?: Arrival;
  /** What comes on standard input is typed, also where no person sits. */
  readonly typed?: boolean;
  /** Most instructions. */
  readonly budget?: number | undefined;
}

/** Runs a guest on; what its console says meanwhile is emitted, too. */
export async function runGuest(
  ctx: Context,
  going: Going,
): Promise<{ readonly ending: Ending; readonly console: string }> {
  let console = "";
  const print = (text: string) => {
    console += text;
    ctx.emit(text);
  };
  const ending = await ctx.guestInput((input) => drive(ctx, input, going, print));
  return { ending, console };
}

/** Runs a guest on, until a stop point, a trap, its end, or Ctrl-C. */
export async function continueGuest(ctx: Context, going: Going = {}): Promise<Result> {
  const { vm } = ctx;
  const from = vm.instret;
  const { ending, console } = await runGuest(ctx, going);
  const status = STATUS[ending.kind] ?? EXIT.ok;
  return result([consoleText(console), ...said(ctx, ending), ...hartPlace(ctx)], {
    json: {
      ...hartJson(ctx),
      since: from,
      console,
      stop: ending.kind,
      ...stopJson(vm, ending),
    },
    status,
    value: BigInt(vm.instret - from),
  });
}

/** Exit codes of runs that ended so. */
export const STATUS: Partial<Record<Ending["kind"], number>> = {
  budget: EXIT.budget,
  panic: EXIT.guest,
  stuck: EXIT.guest,
};

/** Slices with what the guest prints; keys when it waits for them. */
async function drive(
  ctx: Context,
  input: GuestInput,
  { until, arrive, typed = ctx.session.interactive, budget: most }: Going,
  print: (text: string) => void,
): Promise<Ending> {
  const { vm } = ctx;
  const { budget } = ctx.session.settings;
  let left = Math.min(Number(budget ?? Number.MAX_SAFE_INTEGER), most ?? Infinity);
  const options = {
    ...(until === undefined ? {} : { untilEvent: until }),
    ...(arrive === undefined ? {} : { arrive }),
  };
  const slices = () =>
    ctx.inSlices((n): Ending | undefined => {
      const before = vm.instret;
      const stop = refusing(() => vm.advance(Math.min(n, left), options), EXIT.failed);
      left -= vm.instret - before;
      print(vm.takeOutput());
      return stop.kind === "budget" && left > 0 ? undefined : stop;
    });
  for (;;) {
    const ending = await slices();
    if (ending === "interrupted" || ctx.interrupt.requested) return { kind: "interrupted" };
    if (ending.kind !== "idle" || !typed) return ending;
    await input.wait();
    const keys = input.take();
    if (ctx.interrupt.requested) return { kind: "interrupted" };
    if (keys.length === 0) return { kind: "escaped" };
    vm.type(keys);
  }
}

/** The lines that say why it stopped. */
export function said(ctx: Context, ending: Ending): Section[] {
  switch (ending.kind) {
    case "stopped":
      return [note(stopText(ctx.vm, ending), "strong")];
    case "trapped":
      return [note(trapText(ctx, ending.trap), "strong")];
    case "event":
      return [note(happenedText(ctx, ending.event), "strong")];
    case "arrived":
      return [];
    case "idle":
    case "escaped":
      return [note("the guest waits for input at its console", "dim")];
    case "interrupted":
      return [note("stopped by Ctrl-C", "warn")];
    case "budget":
      return [note("the instruction budget is used up; continue goes on", "warn")];
    case "panic":
      return [
        note("the guest's kernel has panicked; its console says why", "bad"),
        ...panicStack(ctx.vm),
      ];
    case "stuck":
      return [note(`hart ${ending.hart} waits for what cannot come, or traps for ever`, "bad")];
    case "off":
      return [note(`the guest has turned the machine off, with code ${ending.code}`)];
    default:
      return [note(`stopped: ${ending.kind}`)];
  }
}

/** The line for a breakpoint or watchpoint that a guest has come to. */
export function stopText(vm: Vm, { pid, stop, point }: KernelStop & { kind: "stopped" }): string {
  if (stop.kind === "watch") return watchedText(vm, pid, point, stop);
  return `breakpoint ${point?.n}: ${whoText(vm, pid)}`;
}

function whoText(vm: Vm, pid: number): string {
  return pid > 0 && vm.hasProcess(pid) ? `pid ${pid} ${vm.process(pid).name}` : "the kernel";
}

/** `event 12: pid 3 sh: frame 0x87f4c000 freed, by uvmunmap+0x5a`. */
export function happenedText(ctx: Context, event: VmEvent): string {
  const { vm } = ctx;
  const place = eventPlace(vm, event);
  const what = guestEventText(vm, event);
  return `event ${event.n}: ${whoText(vm, event.pid)}: ${what}${
    place === "" ? "" : `, by ${place}`
  }`;
}

/** `pid 2 sh: store page fault (15) at 0x4000, by the instruction at 0x10`. */
export function trapText(ctx: Context, trap: Trap): string {
  const { kind, pid, cause, va, pc, call, name, args } = trap;
  const symbol = namedPlace(ctx.vm, pid, pc);
  const where = `by the instruction at ${hex(pc)}${angle(symbol)}`;
  const what = kind === "fault"
    ? `${causeName(cause)} (${cause}) at ${hex(va)}`
    : `system call ${call}: ${guestCallText(name, args)}`;
  const page = kind === "fault" ? pageText(ctx.vm, pid, cause, va) : "";
  return `${whoText(ctx.vm, pid)}: ${what}, ${where}${page}`;
}

/** What is known of a page that is not mapped. */
function pageText(vm: Vm, pid: number, cause: number, at: bigint): string {
  if (pid <= 0 || !vm.hasProcess(pid)) return "";
  const { pte, kind, verdicts } = vm.process(pid).pte(at);
  if (pte !== undefined || kind === "unknown" || kind === "none") return "";
  const verdict = verdicts.find((one) => one.cause === cause);
  return verdict === undefined ? "" : `: ${verdict.text}`;
}

function stopJson(vm: Vm, ending: Ending): { [key: string]: Json } {
  if (ending.kind === "trapped") return { trap: trapJson(ending.trap) };
  if (ending.kind === "event") return { event: eventsJson(vm, [ending.event])[0] };
  if (ending.kind === "off") return { exitStatus: ending.code };
  if (ending.kind !== "stopped") return {};
  const { pid, stop, point } = ending;
  if (stop.kind === "watch") return { stopped: watchedJson(pid, point, stop) };
  return { stopped: { kind: stop.kind, pid, point: point?.n ?? null } };
}

/** A trap in JSON. */
export function trapJson({ kind, pid, hart, cause, va, pc, call, name, args }: Trap): Json {
  return {
    kind,
    pid,
    hart,
    cause,
    va: hex(va),
    pc: hex(pc),
    call: call ?? null,
    name,
    args: args === undefined ? null : [...args],
  };
}

/** Where the present hart stands, in JSON. */
export function hartJson({ vm }: Context): { [key: string]: Json } {
  const { hart, instret } = vm;
  const pid = vm.here?.pid ?? 0;
  return { instret, hart, pid, mode: vm.mode(hart), pc: hex(vm.register("pc", hart)!) };
}

/** The instruction that the present hart will execute next. */
export function hartPlace(ctx: Context): Section[] {
  const { vm } = ctx;
  const line = nextOf(ctx);
  const pc = vm.register("pc")!;
  const named = line === undefined ? "" : nameOf(line);
  const { pid, name } = vm.here!;
  const process = pid === 0 ? "" : `pid ${pid} ${name}`;
  const mode = vm.mode() === "machine" ? "M-mode" : "the kernel";
  const who = vm.mode() === "user"
    ? process || "user mode"
    : process === ""
    ? mode
    : `${mode} for ${process}`;
  const text = line?.text ?? "(not mapped)";
  return [note(`next: hart ${vm.hart}, ${who}  ${hex(pc)}${angle(named)}: ${text}`)];
}

/** The instruction at an address of the present hart, in its process or in the kernel. */
export function codeAt(vm: Vm, at: bigint): CodeLine | undefined {
  // In the kernel, what the process has at that address is not what is executed.
  const p = vm.mode() === "user" ? vm.here! : vm.process(0);
  return instructionAt(vm, p.pid, va(at));
}

/** What the present hart executes next; undefined where nothing is mapped. */
export function nextOf({ vm }: Context): CodeLine | undefined {
  return codeAt(vm, vm.register("pc")!);
}

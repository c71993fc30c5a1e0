/** Checks on the whole computer, on processes, and on what actions report. */

import type { FaultCause } from "../../vm/machine/cause.ts";
import { counted } from "../../vm/machine/counted.ts";
import { hex } from "../../vm/machine/address.ts";
import type { VmEvent } from "../../vm/events.ts";
import type { Process } from "../../vm/process.ts";
import type { AccessReport, Finding, RunReport } from "../../vm/reports.ts";
import type { Vm } from "../../vm/vm.ts";
import { Matchers } from "./matchers.ts";

/** What can be expected of a VM, besides what can be of any value. */
export class VmMatchers extends Matchers<Vm> {
  /**
   * Stored counts are the mappings in RAM, no frame is lost, nobody writes what others share, no
   * TLB entry is stale.
   */
  toPassAudit(): void {
    const findings = this.actual.audit();
    const fact = findings.length === 0
      ? "all fits together"
      : `${findings.length} things do not fit:\n${findings.map(findingText).join("\n")}`;
    this.check(findings.length === 0, "memory", "pass the audit", fact);
  }

  /** So many frames are free. */
  toHaveFree(frames: number): void {
    const { free, total } = this.actual.free();
    const lost = frames - free;
    const fact = `${free} of ${total} are: ${lost > 0 ? `${lost} fewer` : `${-lost} more`}`;
    this.check(free === frames, "memory", `have ${frames} free frames`, fact);
  }
}

/** A finding of the audit in a sentence, with the frame's owners. */
function findingText(f: Finding): string {
  const frame = f.pa === undefined ? "" : ` frame ${hex(f.pa)}`;
  const owners = f.owners.map((m) => `pid ${m.pid} at ${hex(m.va)} (PTE ${hex(m.pte)})`);
  return `  ${f.class}:${frame} ${f.detail}${owners.length > 0 ? `; ${owners.join(", ")}` : ""}`;
}

/** What can be expected of a process, besides what can be of any value. */
export class ProcessMatchers extends Matchers<Process> {
  /** It is there and has not exited. */
  toBeAlive(): void {
    const { pid, alive } = this.actual;
    const fact = alive ? "it is alive" : "it has exited or was killed";
    this.check(alive, `pid ${pid}`, "be alive", fact);
  }
}

/**
 * What can be expected of an access report (`process.store`, `process.access`), besides what can be
 * of any value.
 */
export class AccessMatchers extends Matchers<AccessReport> {
  /**
   * It faulted; with a cause, first with this one (13 load, 15 store), and `why` is part of what
   * the kernel did about it.
   */
  toFault(cause?: FaultCause, why = ""): void {
    const fault = this.actual.events.find((e) => e.kind === "fault");
    const ok = fault !== undefined && (cause === undefined || fault.old === cause) &&
      fault.why.includes(why);
    const wanted = [
      "fault",
      cause === undefined ? "" : ` with cause ${cause}`,
      why === "" ? "" : ` and be settled by "${why}"`,
    ].join("");
    this.check(ok, this.#subject, wanted, this.#fact);
  }

  /** It made the kernel copy so many frames. */
  toCopy(frames: number): void {
    const copies = this.actual.events.filter((e) => e.kind === "copy")
      .reduce((sum, e) => sum + e.bytes / 4096, 0);
    this.check(copies === frames, this.#subject, `copy ${counted(frames, "frame")}`, this.#fact);
  }

  /** The kernel killed the process for it; `why` is part of the reason. */
  toKill(why = ""): void {
    const { killed } = this.actual;
    const ok = killed !== undefined && killed.why.includes(why);
    const wanted = `kill the process${why === "" ? "" : ` because "${why}"`}`;
    this.check(ok, this.#subject, wanted, this.#fact);
  }

  get #subject(): string {
    const { pid, store, va } = this.actual;
    return `pid ${pid}'s ${store ? "store to" : "load from"} ${hex(va)}`;
  }

  get #fact(): string {
    const { events, killed } = this.actual;
    const said = events.map(effectText).filter((text) => text !== "");
    if (killed !== undefined) said.push(`it was killed: ${killed.why}`);
    return said.length === 0 ? "it went through without a fault" : said.join(", ");
  }
}

function effectText(e: VmEvent): string {
  if (e.kind === "fault") return `it faulted (cause ${e.old}) and the kernel did: ${e.why}`;
  if (e.kind === "copy") return `frame ${hex(e.old)} was copied to ${hex(e.pa)}`;
  return "";
}

/** What can be expected of a program's run, besides what can be of any value. */
export class RunMatchers extends Matchers<RunReport> {
  /** It ended with status 0. */
  toSucceed(): void {
    this.check(this.actual.status === 0, this.#subject, "succeed", this.#fact);
  }

  /** It ended with this status; -1 when it was killed. */
  toExitWith(status: number): void {
    this.check(this.actual.status === status, this.#subject, `exit with ${status}`, this.#fact);
  }

  /** Its console output contains a text or matches a pattern. */
  toPrint(text: string | RegExp): void {
    const { console } = this.actual;
    const ok = typeof text === "string" ? console.includes(text) : text.test(console);
    const wanted = `print ${typeof text === "string" ? `"${text}"` : text}`;
    this.check(ok, this.#subject, wanted, `it printed:\n${console}`);
  }

  get #subject(): string {
    return `${this.actual.name} (pid ${this.actual.pid})`;
  }

  get #fact(): string {
    const { status, killedBy, stop, console } = this.actual;
    const end = status === undefined
      ? `it has not ended (${stop.kind})`
      : `its status is ${status}${killedBy === "" ? "" : `: killed, ${killedBy}`}`;
    return `${end}; it printed:\n${console}`;
  }
}

/**
 * An audit at each system call, trap or switch of a guest while it runs: its machine stops at the
 * first moment at which its kernel is not in order.
 */

import { counted } from "./machine/counted.ts";
import { Copies, type WritableCode, type WrongCopy } from "./guest/copies.ts";
import { type Endless, Faults } from "./guest/faults.ts";
import { Judge, type Settled } from "./guest/judge.ts";
import { Locks } from "./guest/locks.ts";
import type { SharedWrite } from "./guest/shared_writes.ts";
import { type Unlocked, watchUnlocked } from "./guest/unlocked.ts";
import type { TrailPlaces } from "./guest/trail.ts";
import type { GuestView } from "./guest/view.ts";
import { Words } from "./guest/words.ts";
import type { FrameStep } from "./store.ts";
import { type Finding, finding } from "./inspect/finding.ts";
import { mappingsTo } from "./inspect/mappings.ts";
import { anyStale } from "./inspect/tlb_check.ts";
import { CAUSE } from "./machine/cause.ts";
import type { Hart } from "./machine/hart/hart.ts";
import { hex, pa, PAGE_SIZE, type PaNum, type Va } from "./machine/address.ts";
import type { TrapSeen } from "./machine/probes.ts";
import { walk } from "./machine/sv39.ts";
import type { GuestParts } from "./parts.ts";

/** When it is looked: whenever user mode is left by a call; for any reason; by another process. */
export type Each = "syscall" | "trap" | "switch";
/** All of these. */
export const EACH: readonly Each[] = ["syscall", "trap", "switch"];

/** What an audit at each moment has seen so far. */
export interface EachReport {
  /** Moments that were judged. */
  readonly looks: number;
  /** Moments at which a frame did not fit while somebody was inside the kernel: it waits. */
  readonly skipped: number;
  /** Instructions retired at the last judged moment before the present one; undefined: none. */
  readonly fine: number | undefined;
  /** What is not in order, when the machine has stopped for that. */
  readonly findings: readonly Finding[];
}

/** What is asked about the computer that it looks at. */
interface Asks {
  /** What is wrong, in full; while the kernel is not at rest, only what `holds` all the same. */
  audit(holds: (one: Finding) => boolean): Finding[];
  /** Whether a process's program says that it may write at an address; undefined: it says nothing. */
  mayWrite(pid: number, va: number): boolean | undefined;
  /** The last stores to some places, where anything is recorded. */
  trail(places: TrailPlaces): FrameStep[];
}

const NOTHING: Settled = { frames: new Set(), inside: new Set() };

/** Looks on while a guest runs. */
export class GuestEach implements EachReport {
  looks = 0;
  skipped = 0;
  fine: number | undefined;
  findings: Finding[] = [];
  readonly #parts: GuestParts;
  readonly #view: GuestView;
  readonly #asks: Asks;
  readonly #each: Each;
  #judge: Judge;
  readonly #removes: (() => void)[];
  #unwatch: (() => void) | undefined;
  readonly #copies: Copies;
  readonly #faults = new Faults();
  #locks: Locks;
  readonly #roots = new Map<number, number>();
  #broken = false;
  /** What can be judged, when it stops while somebody is inside the kernel. */
  #settled: Settled | undefined;
  /** What was seen to happen, which nothing tells of afterwards. */
  #seen: (() => Finding | undefined) | undefined;
  /** Programs may write their own code. */
  #codeIsData = false;

  /** From now on until {@link GuestEach.close}. */
  constructor(parts: GuestParts, view: GuestView, each: Each, asks: Asks) {
    this.#asks = asks;
    const { machine } = parts;
    this.#parts = parts;
    this.#view = view;
    this.#each = each;
    this.#locks = new Locks(new Words(machine.ram), view.known);
    this.#judge = this.#newJudge();
    this.#copies = new Copies(machine.ram);
    this.#removes = [
      machine.probes.look({
        trap: (trap) => this.#trap(trap),
        returned: (hart, level) => level === 1 && hart.mode === 0 && this.#returned(hart),
      }),
    ];
    this.#unwatch = this.#watchCounts();
  }

  #newJudge(): Judge {
    const { learner, now, cowBit = 0 } = this.#view;
    const { stands, watched: { counts } } = learner;
    const { machine } = this.#parts;
    const written = (one: SharedWrite) => this.#stop(() => this.#written(one));
    return new Judge(machine, now, counts.value ?? undefined, stands, cowBit, written);
  }

  /** One hart alone does one thing after the other. */
  #watchCounts(): (() => void) | undefined {
    const { machine } = this.#parts;
    const { learner: { watched: { counts: { value } } }, known } = this.#view;
    if (machine.harts.length === 1 || !value) return undefined;
    return watchUnlocked(machine, known, value, (one) => this.#stop(() => this.#unlocked(one)));
  }

  /** Judges by what is known of the kernel now. */
  anew(): void {
    if (this.#removes.length === 0) return;
    this.#judge.close();
    this.#unwatch?.();
    this.#locks = new Locks(new Words(this.#parts.machine.ram), this.#view.known);
    this.#judge = this.#newJudge();
    this.#unwatch = this.#watchCounts();
  }

  /** Nobody looks any more. */
  close(): void {
    for (const remove of this.#removes.splice(0)) remove();
    this.#unwatch?.();
    this.#judge.close();
  }

  /** The run ends here, for something that was seen. */
  #stop(what?: () => Finding | undefined): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#seen = what;
    this.#parts.machine.probes.halt();
  }

  #returned(hart: Hart): void {
    if (this.#locks.depth(hart.hartid) > 0) return this.#stop(() => this.#kept(hart));
    this.#judge.returned(hart);
    const seen = this.#copies.returned(hart);
    if (seen === undefined) return;
    if ("from" in seen) this.#stop(() => this.#wrongCopy(seen));
    else if (!this.#codeIsData) this.#stop(() => this.#writableCode(seen));
  }

  /** Code that may be written, if its program's file says that it may not. */
  #writableCode({ root, va, frame }: WritableCode): Finding | undefined {
    const pid = this.#pidOf(root);
    const may = pid === undefined ? undefined : this.#asks.mayWrite(pid, va);
    // Up to 2021 xv6's programs are linked so that all of them may be written.
    if (may === true) this.#codeIsData = true;
    if (may !== false) return undefined;
    const owners = mappingsTo(this.#view, this.#parts.machine.ram, frame);
    const what = "a store to the program's code has made it writable; its file says that it is not";
    return finding("flag gained", { frame, address: va, pid, owners }, what);
  }

  #wrongCopy({ root, va, from, to, offset }: WrongCopy): Finding {
    const pid = this.#pidOf(root);
    const what = `stands in place of ${hex(from)} after a page fault, and is no copy of it: byte ${
      hex(offset)
    } differs`;
    const owners = mappingsTo(this.#view, this.#parts.machine.ram, to);
    return finding("wrong copy", { frame: to, address: va, pid, owners }, what);
  }

  /** Who goes back to user mode holds no spinlock: nobody would let go of it. */
  #kept({ hartid }: Hart): Finding {
    const { history } = this.#parts;
    // Whoever looks into the past is not looked at.
    this.close();
    const held = this.#locks.held(hartid);
    const names = held.map(({ name, at }) => {
      if (history.span === undefined) return name;
      const count = { pa: pa(at), size: 4 };
      const frame = (at - at % PAGE_SIZE) as PaNum;
      const steps = this.#asks.trail({ frame, count, ptes: [], content: false });
      const taken = steps.findLast(({ what, after }) => what === "count" && after === 1n);
      const callers = taken?.callers.map((ra) => this.#place(ra - 1n)) ?? [];
      return callers.length === 0 ? name : `${name}, taken by ${callers.join(" < ")}`;
    });
    const depth = this.#locks.depth(hartid);
    const what = names.length === 0
      ? `and none of the kernel's variables is a lock that it holds: noff is ${depth}`
      : names.join("; ");
    return finding(
      "lock kept",
      { pid: this.#view.pidOn(this.#parts.machine.harts[hartid]) },
      `hart ${hartid} goes back to user mode with ${counted(depth, "spinlock")} held: ${what}`,
    );
  }

  /** The process that a root table is of; undefined: of none. */
  #pidOf(root: PaNum): number | undefined {
    return this.#view.roots().find((one) => one.root === root)?.pid;
  }

  /** The kernel's function at an address. */
  #nameAt(pc: bigint): string {
    return this.#view.symbols.at(0, pc)?.name ?? hex(pc);
  }

  /** `kalloc (kalloc.c:71)`. */
  #place(pc: bigint): string {
    const name = this.#nameAt(pc);
    const line = this.#view.symbols.source(0, pc);
    if (line === undefined) return name;
    const { file: { path } } = line;
    return `${name} (${path.slice(path.lastIndexOf("/") + 1)}:${line.line})`;
  }

  #endless({ root, va, epc, times }: Endless): Finding {
    const { ram } = this.#parts.machine;
    const pid = this.#pidOf(root);
    const { leaf } = walk(ram, root, va as Va);
    const frame = leaf && ((leaf.pa - leaf.pa % PAGE_SIZE) as PaNum);
    const place = pid === undefined ? undefined : this.#view.symbols.at(pid, epc);
    const where = place === undefined ? hex(epc) : `${hex(epc)} in ${place.name}`;
    const what = `the instruction at ${where} faults there for the ${times}th time: the kernel ` +
      "lets it go on and has changed nothing";
    const owners = frame === undefined ? [] : mappingsTo(this.#view, ram, frame);
    return finding("fault for ever", { frame, address: Number(va), pid, owners }, what);
  }

  #unlocked({ frame, before, after, hart, pc }: Unlocked): Finding {
    const where = this.#nameAt(pc);
    const what = `hart ${hart} changed its count from ${before} to ${after} in ${where} without ` +
      "holding a lock: another hart that does so, too, undoes it";
    const owners = mappingsTo(this.#view, this.#parts.machine.ram, frame);
    const stored = this.#view.frames.stored(frame);
    return finding("count unlocked", { frame, stored, counted: owners.length, owners }, what);
  }

  #trap(trap: TrapSeen): void {
    const { from } = trap;
    if (from !== 0 || this.#broken) return;
    this.#copies.trap(trap);
    const endless = this.#faults.trap(trap);
    if (endless !== undefined) return this.#stop(() => this.#endless(endless));
    const { hart, cause, interrupt } = trap;
    const calls = !interrupt && cause === CAUSE.ecallU;
    if (this.#each === "syscall" && !calls) return;
    if (this.#each === "switch") {
      const { root } = hart.mmu;
      if (this.#roots.get(hart.hartid) === root) return;
      this.#roots.set(hart.hartid, root);
    }
    const verdict = this.#judge.look(calls && this.#each !== "switch" ? hart : undefined);
    if (verdict.kind === "unrest") this.skipped++;
    else this.looks++;
    if (verdict.kind === "broken") {
      this.#settled = verdict.settled;
      this.#stop();
    } else if (anyStale(this.#parts.machine.ram, hart.mmu)) {
      // Before the kernel has fenced: what user mode has just gone by.
      this.#settled = NOTHING;
      this.#stop();
    } else if (verdict.kind === "fine") this.fine = this.#parts.machine.instret;
  }

  /** A page that nobody may write is changed. */
  #written({ frame, hart, pc }: SharedWrite): Finding {
    const { ram } = this.#parts.machine;
    const owners = mappingsTo(this.#view, ram, frame);
    const where = this.#nameAt(pc);
    const what = `hart ${hart} writes it in ${where}, by the kernel's own map, though its ${
      counted(owners.length, "owner")
    } may only read it`;
    const stored = this.#view.frames.stored(frame);
    return finding(
      "shared page written",
      { frame, owners, stored, counted: owners.length },
      what,
    );
  }

  /** Whether the machine has stopped because something is not in order, and what that is. */
  stopped(): boolean {
    if (!this.#broken) return false;
    this.#broken = false;
    const what = this.#seen;
    this.#seen = undefined;
    const seen = what?.();
    // It was nothing.
    if (what !== undefined && seen === undefined) return false;
    const settled = this.#settled ?? NOTHING;
    this.#settled = undefined;
    this.findings = this.#asks.audit(({ class: rule, pa, pid }) =>
      rule === "flag gained"
        ? pid !== undefined && !settled.inside.has(pid)
        : pa !== undefined && settled.frames.has(Number(pa) as PaNum)
    );
    if (seen !== undefined) this.findings.unshift(seen);
    if (this.findings.length === 0) return false;
    // Whoever looks into the past now is not looked at.
    this.close();
    return true;
  }
}

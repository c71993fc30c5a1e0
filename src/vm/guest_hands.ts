/**
 * What is done by hand on a guest, by its own kernel: a small program of ours, which the guest has
 * found on its disk, stands in user mode; its registers are set, it runs until it stands there
 * again. Nothing of the kernel is patched.
 */

import type { AccessSize } from "./access.ts";
import type { BytesReport } from "./actions.ts";
import type { Acts } from "./acts.ts";
import type { DebugTarget } from "./debug.ts";
import type { Guest } from "./guest.ts";
import type { GuestCalls } from "./guest_calls.ts";
import type { GuestChanges } from "./guest_changes.ts";
import { GuestAccess, GuestCall, GuestFork } from "./guest_reports.ts";
import { notAtPrompt, readerOf } from "./guest_reader.ts";
import type { GuestStop } from "./guest_traps.ts";
import { HAND_AT, HAND_CODE, handAccess } from "./guest/hand_program.ts";
import { CLOCK } from "./guest/proc_table.ts";
import { type GuestView, rootOn } from "./guest/view.ts";
import { entriesNow, type Seen, type Witness } from "./guest_witness.ts";
import type { CallName } from "./kernel/abi.ts";
import { KernelError } from "./kernel/manual.ts";
import type { KernelStop } from "./kernel/run.ts";
import { hex, PAGE_SIZE, type Va, va, vaNum } from "./machine/address.ts";
import { isPageFault } from "./machine/cause.ts";
import type { Hart } from "./machine/hart/hart.ts";
import type { Machine } from "./machine/machine.ts";
import { walk } from "./machine/sv39.ts";
import type { AccessKind } from "./machine/user_access.ts";
import { refusal } from "./refusals.ts";
import type { AccessReport, CallReport, ForkReport, RunReport } from "./reports.ts";
import { GuestRun } from "./guest_run.ts";
import type { Vm } from "./vm.ts";

/** How a process came back from what it was told. */
type Came =
  /** It stands, on this hart. */
  | { readonly kind: "stands"; readonly hart: Hart }
  /** It has exited, or its kernel has killed it. */
  | { readonly kind: "gone" }
  /** It sleeps, and nobody is there who could wake it. */
  | { readonly kind: "blocked"; readonly on: string }
  /** A breakpoint or watchpoint of a person, in the kernel on its behalf or elsewhere. */
  | { readonly kind: "stopped"; readonly stop: KernelStop | GuestStop }
  | { readonly kind: "budget" };

/** Instructions between two looks at the process; they become longer. */
const FIRST_LOOK = 20_000, LONGEST_LOOK = 1_000_000;
/** Most instructions of one act: some seconds. */
const MOST = 2_000_000_000;
/** Most instructions of a program, unless it is given a budget. */
const MOST_RUN = Number.MAX_SAFE_INTEGER;
/** The end of what is typed. */
const CTRL_D = "\x04";
/** Ticks of mtime in which nobody did anything: a disk answers within fewer. */
const LONG = 20_000_000;
/** The same fault again and again: nobody does anything about it. */
const MOST_FAULTS = 8;

/** What hands work on. */
export interface HandParts {
  readonly guest: Guest;
  readonly machine: Machine;
  readonly changes: GuestChanges;
  readonly view: () => GuestView;
  readonly calls: GuestCalls;
  readonly witness: Witness;
  /** What the program is called on the guest's disk; undefined: it is not there. */
  readonly hand: string | undefined;
}

/** The hands of one guest. */
export class GuestHands implements Acts {
  readonly #parts: HandParts;

  /** Nothing is done yet. */
  constructor(parts: HandParts) {
    this.#parts = parts;
  }

  get #view(): GuestView {
    return this.#parts.view();
  }

  get #debug(): DebugTarget {
    return this.#parts.guest.debug;
  }

  /** @inheritdoc */
  isManual(pid: number): boolean {
    const { ram } = this.#parts.machine;
    const root = pid > 0 ? this.#view.process(pid)?.root : undefined;
    const leaf = root && walk(ram, root, vaNum(0)).leaf;
    if (!leaf || !ram.contains(leaf.pa, HAND_CODE.length)) return false;
    const there = ram.bytes(leaf.pa, HAND_CODE.length);
    return HAND_CODE.every((byte, i) => byte === there[i]);
  }

  /** @inheritdoc */
  spawn(): number {
    const { hand, guest } = this.#parts;
    if (hand === undefined) throw refusal("spawn");
    this.#atPrompt("spawn");
    // Counts and the COW bit are learned at the prompt, and this is the last time that it is there.
    void this.#view.learner.watched;
    const before = new Set(this.#view.processes().map(({ pid }) => pid));
    guest.type(new TextEncoder().encode(`${hand} &\n`));
    const made = () =>
      this.#view.processes().find(({ pid }) => !before.has(pid) && this.isManual(pid))?.pid;
    this.#runTo(() => made() !== undefined && this.#reader === "sh", "spawn");
    // What its sh has said of it, the line and the next prompt, is no news.
    guest.take();
    const pid = made()!;
    this.#stand(pid);
    return pid;
  }

  /** The name of who reads the console; undefined: nobody does now. */
  get #reader(): string | undefined {
    return readerOf(this.#parts.guest, this.#view)?.name;
  }

  /** Throws a KernelError unless a sh reads the console. */
  #atPrompt(what: string): void {
    if (this.#reader !== "sh") throw new KernelError(notAtPrompt(what, this.#reader));
  }

  /** Runs until something is so. Throws a KernelError when that does not come. */
  #runTo(isSo: () => boolean, what: string): void {
    const end = this.#debug.instret + MOST;
    for (let length = FIRST_LOOK; this.#debug.instret < end;) {
      const stop = this.#parts.changes.slice(length);
      if (stop !== undefined) throw stopped(what, stop);
      if (this.#view.panicked) throw panicked(what);
      if (isSo()) return;
      this.#parts.changes.ask();
      length = Math.min(LONGEST_LOOK, 2 * length);
    }
    throw new KernelError(`${what}: the guest did not do it within ${MOST} instructions`);
  }

  /** Has a process stand in user mode; the hart that it stands on. */
  #stand(pid: number): Hart {
    const standing = this.#on(pid, HAND_AT.stand);
    if (standing !== undefined) return standing;
    if (!this.isManual(pid)) {
      if (pid <= 0) {
        throw new KernelError("nobody stands here: spawn makes a process that does what is typed");
      }
      if (this.#view.process(pid) === undefined) throw new KernelError(`no process ${pid}`);
      throw new KernelError(
        `pid ${pid} ${this.#view.process(pid)!.name} runs a program of its own: ` +
          "spawn makes a process that does what is typed",
      );
    }
    const came = this.#go(pid, [HAND_AT.stand]);
    if (came.kind === "stands") return came.hart;
    throw this.#complaint(pid, "it", came);
  }

  /** The hart that a process is on, in user mode at that instruction. */
  #on(pid: number, at: bigint): Hart | undefined {
    const root = this.#view.process(pid)?.root;
    return this.#parts.machine.harts.find((hart) =>
      hart.mode === 0 && hart.pc === at && root !== undefined && rootOn(hart) === root
    );
  }

  /** Runs until a process is in user mode at one of these instructions, or never will be. */
  #go(pid: number, places: readonly bigint[]): Came {
    const { changes } = this.#parts;
    const debug = this.#debug;
    const own = places.filter((at) => !changes.breaksAt(at));
    for (const at of places) debug.addBreak(at);
    try {
      return this.#follow(pid, places);
    } finally {
      for (const at of own) debug.removeBreak(at);
    }
  }

  #follow(pid: number, places: readonly bigint[]): Came {
    const { changes, machine } = this.#parts;
    const end = this.#debug.instret + MOST;
    let still: number | undefined;
    for (let length = FIRST_LOOK; this.#debug.instret < end;) {
      const stop = changes.slice(length);
      const hart = places.map((at) => this.#on(pid, at)).find((one) => one !== undefined);
      if (hart !== undefined) return { kind: "stands", hart };
      if (stop !== undefined) return { kind: "stopped", stop };
      if (this.#view.panicked) throw panicked(`pid ${pid}`);
      if (this.#isGone(pid)) {
        this.#settle();
        return { kind: "gone" };
      }
      const on = this.#waitsInVain(pid);
      const { time } = machine.clock;
      still = on === undefined ? undefined : still ?? time;
      if (on !== undefined && time - still! > LONG) return { kind: "blocked", on };
      changes.ask();
      length = Math.min(LONGEST_LOOK, 2 * length);
    }
    return { kind: "budget" };
  }

  /** Lets whoever is woken by an end do what there is to do. */
  #settle(): void {
    const { guest, changes } = this.#parts;
    const { paced } = guest;
    guest.paced = true;
    const end = guest.instret + LONGEST_LOOK;
    while (guest.instret < end && changes.slice(end - guest.instret) === undefined) {
      if (guest.idle !== undefined) break;
    }
    guest.paced = paced;
  }

  #isGone(pid: number): boolean {
    const process = this.#view.process(pid);
    return process === undefined || process.state === "zombie";
  }

  /** What a process sleeps for, where everybody else sleeps as well, and not for the clock. */
  #waitsInVain(pid: number): string | undefined {
    const all = this.#view.processes();
    const mine = all.find((one) => one.pid === pid);
    if (mine?.state !== "sleeping" || mine.waits === CLOCK) return undefined;
    const others = all.every(({ pid, state, waits }) =>
      state === "zombie" || (state === "sleeping" && waits !== CLOCK) || this.isManual(pid)
    );
    return others ? mine.waits ?? "unknown" : undefined;
  }

  /** Why an act did not end as it should, in one line. */
  #complaint(pid: number, what: string, came: Exclude<Came, { kind: "stands" }>): KernelError {
    switch (came.kind) {
      case "gone":
        return new KernelError(`pid ${pid} was killed by its kernel${this.#lastWords()}`);
      case "blocked":
        return new KernelError(`pid ${pid}: ${what} waits for ${came.on}, and nobody will wake it`);
      case "stopped":
        return stopped(`pid ${pid}`, came.stop);
      case "budget":
        return new KernelError(
          `pid ${pid}: ${what} did not come back within ${MOST} instructions; undo takes it back`,
        );
    }
  }

  /** What the guest has just said of it, on its console. */
  #lastWords(): string {
    const text = this.#parts.changes.peekOutput().trim();
    const line = text.split("\n").map((one) => one.trim()).filter((one) => one !== "").at(0);
    return line === undefined ? "" : `: ${line}`;
  }

  /** Sets registers of a hart, and where it goes on. */
  #set(hart: Hart, pc: bigint, values: Readonly<Record<string, bigint>>): void {
    const set = (name: string, value: bigint) =>
      void this.#debug.setRegister(hart.hartid, name, value);
    for (const [name, value] of Object.entries(values)) set(name, value);
    set("pc", pc);
  }

  /** @inheritdoc */
  call(pid: number, name: CallName, args: readonly (bigint | number)[]): CallReport {
    const number = this.#parts.calls.numberOf(name);
    const values = Object.fromEntries(
      args.map((value, i) => [`a${i}`, BigInt.asUintN(64, BigInt(value))]),
    );
    return this.#act(pid, (hart, seen) => {
      this.#set(hart, HAND_AT.syscall, { ...values, a7: BigInt(number) });
      const came = this.#go(pid, [HAND_AT.stand]);
      const done = came.kind === "stands"
        ? { result: BigInt.asIntN(64, came.hart.x(10)) }
        : came.kind === "gone"
        ? { exited: true }
        : came.kind === "blocked"
        ? { blocked: came.on }
        : undefined;
      // What would wait for ever is taken back.
      if (came.kind === "blocked") this.#parts.witness.putBack(seen);
      if (done === undefined) {
        throw this.#complaint(pid, name, came as Exclude<Came, { kind: "stands" }>);
      }
      return new GuestCall(this.#parts.witness, seen, { pid, name, ...done });
    });
  }

  /** An act of a process that stands, with what there was before. */
  #act<T>(pid: number, body: (hart: Hart, seen: Seen) => T): T {
    const hart = this.#stand(pid);
    return body(hart, this.#parts.witness.now());
  }

  /** @inheritdoc */
  fork(pid: number): ForkReport {
    const report = this.call(pid, "fork", []) as GuestCall;
    const { result } = report;
    if (result === undefined || result < 0n) {
      throw new KernelError(`fork of pid ${pid} failed: its kernel returned ${result}`);
    }
    return new GuestFork(report, pid, Number(result));
  }

  /** @inheritdoc */
  access(pid: number, at: Va, size: AccessSize, value?: bigint): AccessReport {
    const kind = value === undefined ? "load" : "store";
    return this.#act(pid, (hart, seen) => {
      const pages = pagesOf(at, size).map((one) => entriesNow(this.#view, this.#ram, pid, one));
      const old = value === undefined ? undefined : this.#peek(pid, at, size);
      const place = handAccess(kind, size);
      this.#set(hart, place, { a0: at, a1: value ?? 0n });
      const faults = this.#tries(pid, place);
      const gone = this.#isGone(pid);
      const loaded = gone ? undefined : this.#on(pid, HAND_AT.stand)?.x(11);
      const last = faults.at(-1);
      return new GuestAccess(this.#parts.witness, seen, pages, faults, {
        pid,
        va: at,
        size,
        store: value !== undefined,
        value: BigInt.asUintN(8 * size, value ?? loaded ?? 0n),
        old,
        killed: gone
          ? {
            cause: last?.cause ?? 0,
            stval: last?.va ?? at,
            why: `by its kernel${this.#lastWords()}`,
          }
          : undefined,
      });
    });
  }

  get #ram() {
    return this.#parts.machine.ram;
  }

  /** Runs one access until it is done, or its process gone; the page faults that it took. */
  #tries(pid: number, place: bigint): Fault[] {
    const faults: Fault[] = [];
    for (;;) {
      const hart = this.#on(pid, place);
      if (hart === undefined) return faults;
      const stop = this.#debug.step(hart.hartid, FIRST_LOOK);
      if (stop !== undefined && stop.kind !== "step") {
        const met = this.#parts.changes.told(stop);
        if (met !== undefined && hart.mode !== 0) throw stopped(`pid ${pid}`, met);
      }
      const fault = faultOf(hart, place);
      if (fault !== undefined) faults.push(fault);
      if (faults.length > MOST_FAULTS) {
        throw new KernelError(
          `pid ${pid} faults again and again at ${hex(fault!.va)}: ` +
            "its kernel goes back to the instruction and has changed nothing that helps",
        );
      }
      const came = this.#go(pid, [place, HAND_AT.stand]);
      if (came.kind === "gone") return faults;
      if (came.kind !== "stands") throw this.#complaint(pid, "the access", came);
    }
  }

  /** The bytes at a mapped address; undefined across the end of the page, or where none is. */
  #peek(pid: number, at: Va, size: number): bigint | undefined {
    const root = this.#view.process(pid)?.root;
    const leaf = root && walk(this.#ram, root, at).leaf;
    if (!leaf || leaf.pa % PAGE_SIZE + size > PAGE_SIZE) return undefined;
    return this.#ram.readNumber(leaf.pa, size as 1 | 2 | 4 | 8);
  }

  /** @inheritdoc */
  bytes(
    pid: number,
    kind: AccessKind,
    start: Va,
    length: number,
    bytesAt: (done: number) => Uint8Array,
  ): BytesReport {
    return this.#act(pid, (_hart, seen) => {
      if (length === 0) return { faults: 0, watched: [] };
      if (kind === "load") {
        this.#each(pid, HAND_AT.touch, start, length, 0n);
        this.#copyOut(pid, start, length, bytesAt);
      } else this.#storeAll(pid, start, length, bytesAt);
      const { witness } = this.#parts;
      const faults = witness.between(seen, witness.now()).filter(({ kind }) => kind === "fault");
      return { faults: faults.length, watched: [] };
    });
  }

  /** Has the process access each byte of a range; throws a KernelError when it is killed for one. */
  #each(pid: number, place: bigint, start: Va, length: number, byte: bigint): void {
    const end = BigInt.asUintN(64, start + BigInt(length));
    this.#set(this.#stand(pid), place, { a0: start, a1: byte, a2: end });
    const came = this.#go(pid, [HAND_AT.stand]);
    if (came.kind !== "stands") throw this.#complaint(pid, "the access", came);
  }

  /** Equal bytes by a loop, others eight at a time. */
  #storeAll(pid: number, start: Va, length: number, bytesAt: (done: number) => Uint8Array): void {
    for (let done = 0; done < length;) {
      const bytes = bytesAt(done);
      const at = va(start + BigInt(done));
      const other = bytes.findIndex((byte) => byte !== bytes[0]);
      const same = other < 0 ? bytes.length : other;
      if (same > 8) {
        this.#each(pid, HAND_AT.fill, at, same, BigInt(bytes[0]));
        done += same;
        continue;
      }
      const size = ([8, 4, 2, 1] as const).find((one) => one <= bytes.length)!;
      const word = bytes.subarray(0, size).reduceRight((all, byte) => all << 8n | BigInt(byte), 0n);
      this.#set(this.#stand(pid), handAccess("store", size), { a0: at, a1: word });
      const came = this.#go(pid, [HAND_AT.stand]);
      if (came.kind !== "stands") throw this.#complaint(pid, "the access", came);
      done += size;
    }
  }

  /** The bytes of a range that has just been read. */
  #copyOut(pid: number, start: Va, length: number, bytesAt: (done: number) => Uint8Array): void {
    const root = this.#view.process(pid)!.root!;
    for (let done = 0; done < length;) {
      const at = va(start + BigInt(done));
      const part = Math.min(length - done, PAGE_SIZE - Number(at % BigInt(PAGE_SIZE)));
      const { leaf } = walk(this.#ram, root, at);
      bytesAt(done).set(this.#ram.bytes(leaf!.pa, part));
      done += part;
    }
  }

  /** @inheritdoc */
  readonly run = (
    vm: Vm,
    words: readonly string[],
    { input, budget = MOST_RUN }: { input: string | undefined; budget: number | undefined },
  ): RunReport => {
    const { guest, changes, view } = this.#parts;
    const running = new GuestRun({ vm, guest, changes, view }, words);
    const end = guest.instret + budget;
    for (let given = false; running.slice(Math.max(1, end - guest.instret));) {
      if (running.ended || !running.waitsForConsole()) break;
      // Whoever reads behind the end of its input is told so, as often as it asks.
      vm.type(given || input === undefined ? CTRL_D : input);
      given = true;
    }
    return running.report();
  };

  /** @inheritdoc */
  kill(pid: number): void {
    if (this.#view.process(pid) === undefined) {
      throw new KernelError(`no process ${pid}: it is gone`);
    }
    const killer = this.#killerOf(pid);
    if (killer === undefined) {
      throw new KernelError(
        "kill: spawn makes a process that can call it; or type it at the console",
      );
    }
    const { result, exited } = this.call(killer, "kill", [pid]);
    if (exited || result === 0n) return;
    throw new KernelError(`kill of pid ${pid} failed: its kernel returned ${result}`);
  }

  /** A manual process that calls kill: another one if there is, the one to be killed at last. */
  #killerOf(pid: number): number | undefined {
    const manual = this.#view.processes().map((one) => one.pid).filter((one) => this.isManual(one));
    return manual.find((one) => one !== pid) ?? manual.at(0);
  }
}

/** A page fault as the hardware has told its kernel. */
export interface Fault {
  readonly cause: number;
  /** stval. */
  readonly va: bigint;
}

/** The page fault that a hart has just taken at an instruction of user mode. */
function faultOf(hart: Hart, place: bigint): Fault | undefined {
  const cause = Number(BigInt.asIntN(53, hart.readCsr("scause")));
  if (hart.mode !== 1 || !isPageFault(cause) || hart.readCsr("sepc") !== place) return undefined;
  return { cause, va: hart.readCsr("stval") };
}

/** Where an access begins, and where its second page does when it crosses into one. */
function pagesOf(address: Va, size: AccessSize): Va[] {
  const inPage = 4096n - address % 4096n;
  return inPage >= BigInt(size) ? [address] : [address, va(BigInt.asUintN(64, address + inPage))];
}

function stopped(who: string, stop: KernelStop | GuestStop): KernelError {
  const where = stop.kind === "stopped"
    ? stop.stop.kind === "watch" ? `watchpoint ${stop.point?.n}` : `breakpoint ${stop.point?.n}`
    : stop.kind === "off"
    ? "the guest has turned the machine off"
    : `a machine that is ${stop.kind}`;
  return new KernelError(
    `${who} was stopped on the way by ${where}; continue goes on, undo takes it back`,
  );
}

function panicked(who: string): KernelError {
  return new KernelError(`${who}: the guest's kernel has panicked`);
}

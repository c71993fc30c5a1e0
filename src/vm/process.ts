/** A live handle on one process: what it does now, and what it is now. Results are snapshots. */

import { findProc } from "./kernel/process/table.ts";
import { integer, isText, onlyNames, whole } from "./checks.ts";
import { counted } from "./machine/counted.ts";
import { PAGE_SIZE, paNum, toVaNum, type Va, va } from "./machine/address.ts";
import { walk } from "./machine/sv39.ts";
import type { AccessSize } from "./access.ts";
import type { Acts } from "./acts.ts";
import { type BytesReport, killedBy } from "./actions.ts";
import type { AccessKind } from "./machine/user_access.ts";
import type { CallName } from "./kernel/abi.ts";
import type { Kernel } from "./kernel/kernel.ts";
import type { Proc } from "./kernel/process/proc.ts";
import { KernelError } from "./kernel/manual.ts";
import type { Frame } from "./inspect/frame.ts";
import { type Mapping, mappingsOf } from "./inspect/mappings.ts";
import { type AreaView, vmmap } from "./inspect/vmmap.ts";
import type { Translation } from "./inspect/translation.ts";
import type { ProcessState, ProcessView, RootView, SpaceUsage } from "./inspect/view.ts";
import type { AccessReport, CallReport, ForkReport } from "./reports.ts";
import { bytesOf, type Size } from "./size.ts";
import type { Vm } from "./vm.ts";
import { changesOf, type Computer, kernelOf, openDoor, partsOf } from "./parts.ts";
import { Registers } from "./registers.ts";

/** A place in a process, for `toBeMappedBy`. */
export interface Place {
  /** The process. */
  readonly pid: number;
  /** An address of it. */
  readonly va: Va;
}

/** What a clone shares; see {@link Process.clone}. */
export interface CloneOptions {
  /** The memory. */
  vm?: boolean;
  /** It is a thread of the same process, in the same memory. */
  thread?: boolean;
  /** The table of descriptors. */
  files?: boolean;
  /** The current directory. */
  fs?: boolean;
  /** Where its stack grows down from; its maker's stack pointer unless given. */
  stack?: bigint | number;
}

/** How mmap is asked; see {@link Process.mmap}. */
export interface MmapOptions {
  /** Letters out of `rwx`; `rw` unless given. */
  prot?: string;
  /** MAP_SHARED in place of MAP_PRIVATE. */
  shared?: boolean;
  /** Exactly here (MAP_FIXED); page-aligned. */
  at?: bigint | number;
  /** An open descriptor of the process; anonymous memory unless given. */
  fd?: number;
  /** Byte in the file, page-aligned. */
  offset?: number;
}

/**
 * A process of a {@link Vm}, live. What is done in its name goes through the real MMU, the kernel's
 * fault path and the real system calls, as if the process had executed it.
 *
 * @example Loads, stores, and what they caused
 * ```ts
 * import { boot, expect, hex } from "@cowsh/cowsh";
 *
 * const p = boot().spawn();
 * const lazy = p.sbrk("1G", "lazy");
 * const report = p.store(lazy + 0x123_4000n, 7n);
 * expect(report).toFault(15, "zero fill");
 * expect(hex(report.va)).toBe("0x1237000");
 * expect(p.load(lazy + 0x123_4000n, 1)).toBe(7n);
 * expect(() => p.load(p.break)).toThrow("was killed");
 * ```
 *
 * @example A file, mapped
 * ```ts
 * import { boot, expect } from "@cowsh/cowsh";
 *
 * const p = boot().spawn();
 * const map = p.mmap(4096, { fd: p.open("README"), prot: "r" });
 * expect(new TextDecoder().decode(p.bytes(map, 9))).toBe("This disk");
 * ```
 */
export class Process {
  /** Its process id. */
  readonly pid: number;
  readonly #vm: Vm;

  /** For {@link Vm.process}; scripts get handles from the VM. */
  constructor(vm: Vm, pid: number) {
    this.#vm = vm;
    this.pid = pid;
  }

  static {
    openDoor("process", (p) => p.#record);
  }

  get #k(): Kernel {
    return kernelOf(this.#vm);
  }

  get #computer(): Computer {
    return partsOf(this.#vm);
  }

  get #record(): Proc {
    return findProc(this.#k, this.pid) ?? this.#gone();
  }

  #gone(): never {
    throw new KernelError(`no process ${this.pid}: it is gone`);
  }

  get #view(): ProcessView {
    return this.#computer.view.process(this.pid) ?? this.#gone();
  }

  /** Its page table; undefined: a hart that translates nothing, its addresses are physical. */
  get #root(): RootView | undefined {
    const { view, machine: { hart } } = this.#computer;
    const root = view.rootOf(this.pid);
    if (root !== undefined) return root;
    if (this.pid !== 0) throw new KernelError(`pid ${this.pid} ${this.name} has no page table now`);
    if (hart.mode !== 0) return undefined;
    throw new KernelError("the kernel's own page table is unknown");
  }

  /** Whether it is still there and has not exited. */
  get alive(): boolean {
    const p = this.#computer.view.process(this.pid);
    return p !== undefined && p.state !== "zombie";
  }

  /** Its name, as `ps` shows it. */
  get name(): string {
    return this.#view.name;
  }

  /** The end of its heap, what sbrk(0) returns. Throws KernelError where that is unknown. */
  get break(): Va {
    const { size } = this;
    if (size === undefined) throw new KernelError(`the end of pid ${this.pid}'s heap is unknown`);
    return va(size);
  }

  /** Bytes from address 0 to the end of its heap (xv6's `p->sz`); undefined: unknown. */
  get size(): number | undefined {
    return this.#view.size;
  }

  /**
   * What it does: `running` on a hart, `runnable`, `sleeping` in a system call, `held` (it has a
   * program and runs when it is stepped or continued), `manual` (it has none and does what a person
   * types), `zombie`, `made` (a guest's, which cannot run yet), or `unknown`.
   */
  get state(): ProcessState | "unknown" {
    const { state } = this.#view;
    if (this.#computer.guest && state !== "zombie" && this.manual) return "manual";
    return state ?? "unknown";
  }

  /** What it sleeps for, in words; empty when it does not sleep; or `unknown`. */
  get waits(): string {
    if (this.state === "manual") return "";
    return this.#view.waits ?? "unknown";
  }

  /** Whether it has no program: it stands still and does what a person types. */
  get manual(): boolean {
    return this.#computer.acts.isManual(this.#view.pid);
  }

  /** Whether it has a program and runs only when it is stepped or continued. */
  get held(): boolean {
    return !this.#computer.guest && this.#record.held;
  }

  /** The number of the hart that it has; undefined while it has none. */
  get hart(): number | undefined {
    return this.#view.hart;
  }

  /** The pid of its parent; 0 for init; undefined: unknown. */
  get parent(): number | undefined {
    return this.#view.parent;
  }

  /** The pid of the program to whose run it belongs: its own, or that of who made it. */
  get run(): number {
    return this.#computer.guest ? this.pid : this.#record.run;
  }

  /** Its registers as it will run on. */
  get registers(): Registers {
    return new Registers(this.#vm, this);
  }

  /** Whether it has a page table; false, too, where that is unknown. */
  get mapped(): boolean {
    return this.#computer.view.rootOf(this.pid) !== undefined;
  }

  /** Its pages of 4 KiB now: in memory, its own and shared ones, swapped out; page tables. */
  usage(): SpaceUsage {
    return this.#computer.usage(this.#view.pid);
  }

  /** A place in it, to compare owners with. */
  at(address: bigint | number): Place {
    return { pid: this.pid, va: va(address) };
  }

  /** A child by fork(). Throws KernelError when it fails. */
  fork(): Process {
    return this.#vm.process(this.forkReport().child);
  }

  /** fork(), with what was shared, copied and changed. */
  forkReport(): ForkReport {
    return this.#does("fork", [], (acts) => acts.fork(this.pid));
  }

  /** Stores `size` bytes (8 unless given). Throws KernelError when the process is killed for it. */
  store(address: bigint | number, value: bigint | number, size: AccessSize = 8): AccessReport {
    return this.#survive(this.access(address, size, integer("value", value)));
  }

  /** Loads `size` bytes (8 unless given), zero-extended. Throws as {@link store}. */
  load(address: bigint | number, size: AccessSize = 8): bigint {
    return this.#survive(this.access(address, size)).value;
  }

  /** A load, or with a value a store; the report says if the process was killed. */
  access(address: bigint | number, size: AccessSize = 8, value?: bigint): AccessReport {
    checkAccess(address, size, value);
    const at = va(address);
    const shown = [address, value, size === 8 ? undefined : size];
    const what = value === undefined ? "load" : "store";
    return this.#does(what, shown, (acts) => acts.access(this.pid, at, size, value));
  }

  /** Everything done in its name that may change the computer goes through here. */
  #does<T>(what: string, args: readonly unknown[], body: (acts: Acts) => T): T {
    void this.#view; // Whoever is gone does nothing.
    const again = () => body(this.#computer.acts);
    return changesOf(this.#vm).call(`p${this.pid}.${what}`, args, again);
  }

  #survive(report: AccessReport): AccessReport {
    if (report.killed === undefined) return report;
    const kind = report.store ? "store" : "load";
    throw killedBy(this, kind, report.va, report.killed.why);
  }

  /** Stores a byte into each of `length` bytes. The number of faults. Throws as {@link store}. */
  fill(address: bigint | number, length: Size, byte: number): number {
    return this.fillReport(address, length, byte).faults;
  }

  /** {@link fill}, with the watchpoints that it hit. */
  fillReport(address: bigint | number, length: Size, byte: number): BytesReport {
    const bytes = bytesOf(length);
    checkAccess(address, 1, integer("byte", byte));
    if (bytes < 0) throw new RangeError(`a range of ${length} bytes`);
    const page = new Uint8Array(Math.min(bytes, PAGE_SIZE)).fill(byte & 0xff);
    const bytesAt = (done: number) => page.subarray(0, bytes - done);
    const fill = (acts: Acts) => acts.bytes(this.pid, "store", va(address), bytes, bytesAt);
    return this.#does("fill", [address, length, byte], fill);
  }

  /** Loads bytes of its memory: pages are touched and may fault. Throws as {@link load}. */
  bytes(address: bigint | number, length: number): Uint8Array {
    whole("length", length, 0);
    return this.#bytes("load", "bytes", address, new Uint8Array(length));
  }

  /** Stores bytes, or a text in UTF-8. Throws as {@link store}. */
  put(address: bigint | number, bytes: Uint8Array | string): void {
    const list = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes.slice();
    this.#bytes("store", "put", address, list);
  }

  /** The bytes, which a load has filled. */
  #bytes(kind: AccessKind, what: string, address: bigint | number, bytes: Uint8Array): Uint8Array {
    const shown = [address, kind === "load" ? BigInt(bytes.length) : bytes];
    const bytesAt = (done: number) => bytes.subarray(done);
    const all = (acts: Acts) => acts.bytes(this.pid, kind, va(address), bytes.length, bytesAt);
    this.#does(what, shown, all);
    return bytes;
  }

  /** A system call by name, as if the process executed the ecall. */
  call(name: CallName, ...args: (bigint | number)[]): CallReport {
    const values = args.map((arg) => integer(`${name}: argument`, arg));
    return this.#does("call", [name, ...args], (acts) => acts.call(this.pid, name, values));
  }

  /** sbrk: moves the heap's end; the old end. Throws KernelError when there is no memory. */
  sbrk(size: Size, how: "eager" | "lazy" = "eager"): Va {
    const bytes = bytesOf(size);
    if (bytes !== (bytes | 0)) {
      throw new KernelError(`sbrk(${size}): its argument is an int, -2^31 to 2^31-1 bytes`);
    }
    const report = this.call("sbrk", bytes, how === "lazy" ? 2 : 1);
    return this.#address(report, `sbrk(${size})`);
  }

  /** mmap: the address; anonymous private memory by default. Throws KernelError if it fails. */
  mmap(length: Size, options: MmapOptions = {}): Va {
    onlyNames("mmap", options, ["prot", "shared", "at", "fd", "offset"]);
    const { prot = "rw", shared = false, at, fd, offset = 0 } = options;
    const flags = (shared ? 1 : 2) | (at === undefined ? 0 : 0x10) | (fd === undefined ? 0x20 : 0);
    const bytes = bytesOf(length);
    const report = this.call("mmap", at ?? 0, bytes, permBits(prot), flags, fd ?? -1, offset);
    return this.#address(report, `mmap(${length})`);
  }

  /** munmap. Throws KernelError when it fails. */
  munmap(address: bigint | number, length: Size): void {
    this.#address(this.call("munmap", address, bytesOf(length)), "munmap");
  }

  /** mprotect with letters out of `rwx`. Throws KernelError when it fails. */
  mprotect(address: bigint | number, length: Size, prot: string): void {
    this.#address(this.call("mprotect", address, bytesOf(length), permBits(prot)), "mprotect");
  }

  #address(report: CallReport, what: string): Va {
    if (report.result === undefined || report.result === -1n) {
      const reason = report.why === undefined ? "" : `: ${report.why}`;
      throw new KernelError(`${what} of pid ${this.pid} failed${reason}`);
    }
    return va(report.result);
  }

  /**
   * open: a descriptor. The path is put below the process's stack pointer, as a program's would be;
   * `mode` is made of `r`, `w`, `+` (create) and `0` (truncate). Throws KernelError when it fails.
   */
  open(path: string, mode = "r"): number {
    isText("path", path);
    if (!/^[rw+0]+$/.test(mode)) {
      throw new RangeError(
        `open mode "${mode}": want letters out of rw, + to create, 0 to truncate`,
      );
    }
    const bytes = new TextEncoder().encode(`${path}\0`);
    if (bytes.length > 256) {
      throw new RangeError(`a path of ${bytes.length - 1} bytes: 255 at most`);
    }
    const access = mode.includes("w") ? (mode.includes("r") ? 2 : 1) : 0;
    const flags = access | (mode.includes("+") ? 0x200 : 0) | (mode.includes("0") ? 0x400 : 0);
    return this.#does("open", [path, mode], () => {
      const at = va(this.registers.get("sp")! - 256n);
      this.put(at, bytes);
      return Number(this.#address(this.call("open", at, flags), `open("${path}")`));
    });
  }

  /** pipe: both descriptors, which the kernel writes to `at`. Throws KernelError when it fails. */
  pipe(at: bigint | number): [read: number, write: number] {
    return this.#does("pipe", [at], () => {
      this.#address(this.call("pipe", at), "pipe");
      return [Number(this.load(at, 4)), Number(this.load(va(BigInt(at) + 4n), 4))];
    });
  }

  /** read: how many bytes the kernel stored at `at`. Throws KernelError when it fails. */
  read(fd: number, at: bigint | number, length: number): number {
    return Number(this.#address(this.call("read", fd, at, length), `read(${fd})`));
  }

  /** write: how many bytes the kernel loaded from `at`. Throws KernelError when it fails. */
  write(fd: number, at: bigint | number, length: number): number {
    return Number(this.#address(this.call("write", fd, at, length), `write(${fd})`));
  }

  /**
   * clone: with `vm`, a thread that shares this process's memory and runs on the stack that grows
   * down from `stack` (its own, copied, where that is 0); without, a fork. Throws KernelError when
   * it fails.
   */
  clone(options: CloneOptions = {}): Process {
    onlyNames("clone", options, ["vm", "thread", "files", "fs", "stack"]);
    const { vm, thread, files, fs } = options;
    // CLONE_VM, FS, FILES; a thread is CLONE_THREAD with what Linux wants beside it.
    const flags = (vm ? 0x100 : 0) | (fs ? 0x200 : 0) | (files ? 0x400 : 0) |
      (thread ? 0x1_0900 : 0);
    const child = this.#address(this.call("clone", flags, options.stack ?? 0), "clone");
    return this.#vm.process(Number(child));
  }

  /** exit(status). Throws KernelError when it is inside a call, or gone. */
  exit(status = 0): void {
    whole("exit status", status, -(2 ** 31), 2 ** 31 - 1);
    this.call("exit", status);
  }

  /** Waits for a child that has exited: its pid, or undefined when it has none or none exits. */
  wait(): number | undefined {
    const { result } = this.call("wait", 0);
    return result === undefined || result < 0n ? undefined : Number(result);
  }

  /** Kills it: at once when it stands still, else when it next enters or leaves the kernel. */
  kill(): void {
    this.#does("kill", [], (acts) => acts.kill(this.pid));
  }

  /** How an address is translated now. */
  pte(address: bigint | number): Translation {
    void this.#root; // Whoever has none says so.
    return this.#computer.translate(this.pid, va(address));
  }

  /** Bytes of its memory, past rights and faults, changing nothing; undefined unless all mapped. */
  peek(address: bigint | number, length: number): Uint8Array | undefined {
    whole("length", length, 0);
    const { ram } = this.#computer.machine;
    const root = this.#root;
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const at = va(BigInt(address) + BigInt(done));
      const pa = root === undefined ? toVaNum(at) : walk(ram, root.root, at).leaf?.pa;
      const part = Math.min(length - done, PAGE_SIZE - Number(at % BigInt(PAGE_SIZE)));
      if (pa === undefined || !ram.contains(paNum(pa), part)) return undefined;
      bytes.set(ram.bytes(paNum(pa), part), done);
      done += part;
    }
    return bytes;
  }

  /** Whether an address is mapped; false, too, where that is unknown. */
  maps(address: bigint | number): boolean {
    const { view, machine: { hart, mmu, bus, ram } } = this.#computer;
    const root = view.rootOf(this.pid);
    if (root !== undefined) return walk(ram, root.root, va(address)).leaf !== undefined;
    // A hart that translates nothing: what is there.
    const frame = Number(va(address) >> 12n);
    return this.pid === 0 && hart.mode !== 0 && (mmu.isRam(frame) || bus.hasPage(frame));
  }

  /** Every leaf of its page table, by address. */
  mappings(): Mapping[] {
    const root = this.#root;
    return root === undefined ? [] : mappingsOf(this.#computer.machine.ram, root);
  }

  /** The frame that an address is in now, a live handle; undefined when it is not mapped. */
  frame(address: bigint | number): Frame | undefined {
    return this.pte(address).frame;
  }

  /** Its areas. */
  vmmap(): AreaView[] {
    const { view, machine } = this.#computer;
    const root = this.#root;
    return root === undefined ? [] : vmmap(view, machine.ram, root);
  }

  /** close(fd). Throws KernelError when it is no open descriptor. */
  close(fd: number): void {
    const { result } = this.call("close", fd);
    if (result !== 0n) throw new KernelError(`pid ${this.pid} has no descriptor ${fd}`);
  }
}

/** Letters out of `rwx` as PROT_READ, PROT_WRITE, PROT_EXEC. Throws a RangeError for others. */
function permBits(letters: string): number {
  if (!/^[rwx]*$/.test(letters)) {
    throw new RangeError(`rights "${letters}": want letters out of rwx`);
  }
  return [...letters].reduce((bits, c) => bits | (1 << "rwx".indexOf(c)), 0);
}

/** Throws a RangeError for an access that no instruction could make: nothing is cut off. */
function checkAccess(address: bigint | number, size: number, value: bigint | undefined): void {
  va(address);
  if (![1, 2, 4, 8].includes(size)) {
    throw new RangeError(`an access has 1, 2, 4 or 8 bytes, not ${size}`);
  }
  if (BigInt(address) >= 1n << 64n || BigInt(address) < -(1n << 63n)) {
    throw new RangeError(`address ${address} does not fit in 64 bits`);
  }
  if (value === undefined) return;
  const bits = 8 * size;
  if (BigInt.asUintN(bits, value) !== value && BigInt.asIntN(bits, value) !== value) {
    throw new RangeError(`${value} does not fit in ${counted(size, "byte")}`);
  }
}

/**
 * A small kernel of our own in the manner of xv6, to ask a guest's questions of: M-mode, then a program in U-mode that
 * counts and makes system calls, which the kernel counts in `ticks`. Its process table, page tables, trapframes and
 * free list are planted into RAM, in the layout of 2022.
 *
 * @module
 */

import { Guest, type GuestOptions } from "../../src/vm/guest.ts";
import { PAGE_SIZE, type PaNum } from "../../src/vm/machine/address.ts";
import type { Machine } from "../../src/vm/machine/machine.ts";
import {
  makePte,
  makeSatp,
  PTE_A,
  PTE_D,
  PTE_R,
  PTE_U,
  PTE_V,
  PTE_W,
  PTE_X,
} from "../../src/vm/machine/sv39.ts";
import { guestMachineOf, guestPartsOf } from "../../src/vm/parts.ts";
import { elf, li, type TestSymbol } from "../machine/bare_lab.ts";
import { Assembler } from "../machine/engine_lab.ts";

export const BASE = 0x8000_0000;
export const TRAMPOLINE = 0x3f_ffff_f000;
export const TRAPFRAME = TRAMPOLINE - PAGE_SIZE;
/** Where the pages stand that the kernel has allocated, and behind them those that are free. */
const PAGES = BASE + 0x10_0000;
const FREE = BASE + 0x20_0000;
/** Pages on the free list. */
export const FREE_PAGES = 20;

const TEXT = PTE_V | PTE_R | PTE_X | PTE_U | PTE_A;
const DATA = PTE_V | PTE_R | PTE_W | PTE_U | PTE_A | PTE_D;
const SHARED = PTE_V | PTE_R | PTE_U | PTE_A | 0x100;
const KERNEL = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D;

/** Offsets in `struct proc`, and its size. */
const PROC = {
  state: 24,
  chan: 32,
  pid: 48,
  parent: 56,
  kstack: 64,
  sz: 72,
  pagetable: 80,
  trapframe: 88,
  context: 96,
  name: 344,
  size: 360,
} as const;
const SLOTS = 4;
/** Pages of the image: kernel text, trampoline, data, stack. */
const IMAGE = 0x5000;

/** Variables in the page at 0x80002000 and behind, with their sizes. */
const VARIABLES: Readonly<Record<string, number>> = {
  kernel_pagetable: 8,
  kernel_satp: 8,
  initproc: 8,
  nextpid: 4,
  ticks: 4,
  user_satp: 8,
  userret_va: 8,
  procname: 8,
  cpus: 8 * 128,
  cons: 176,
  kmem: 32,
  proc: SLOTS * PROC.size,
};

/** Addresses of the variables. */
export const AT: Readonly<Record<string, number>> = (() => {
  let at = BASE + 0x2000;
  const places: Record<string, number> = {};
  for (const [name, size] of Object.entries(VARIABLES)) {
    places[name] = at;
    at = Math.ceil((at + size) / 16) * 16;
  }
  return places;
})();

const CSR = { satp: 0x180, sepc: 0x141, stvec: 0x105, sscratch: 0x140, sstatus: 0x100 };
const MACHINE = { mepc: 0x341, mstatus: 0x300, medeleg: 0x302, pmpcfg0: 0x3a0, pmpaddr0: 0x3b0 };
const X = { ra: 1, sp: 2, t0: 5, t1: 6, t2: 7, s1: 9, a0: 10, a1: 11, a5: 15, a7: 17 };
/** The registers that the kernel uses, and where the trapframe has them. */
const SAVED: readonly [number, number][] = [[X.sp, 48], [X.t0, 72], [X.t1, 80], [X.t2, 88], [
  X.a7,
  168,
]];

const csrw = (a: Assembler, csr: number, rs1: number) => a.put("csrrw", { rd: 0, rs1, imm: csr });
const load = (a: Assembler, rd: number, name: string) =>
  li(a, rd, AT[name]).put("ld", { rd, rs1: rd, imm: 0 });
/** The address of the trapframe, as xv6 makes it. */
const trapframe = (a: Assembler, rd: number) =>
  a.put("lui", { rd, imm: 0x200_0000 }).put("addiw", { rd, rs1: rd, imm: -1 }).put("slli", {
    rd,
    rs1: rd,
    imm: 13,
  });

interface Image {
  readonly bytes: Uint8Array;
  readonly symbols: TestSymbol[];
}

/** The kernel's text, its trampoline and its symbols. */
function image(): Image {
  const symbols: TestSymbol[] = Object.entries(AT)
    .map(([name, at]) => ({ name, value: BigInt(at), size: VARIABLES[name] }));
  const bytes = new Uint8Array(IMAGE);
  let at = 0;
  const place = (name: string, make: (a: Assembler) => void) => {
    const a = new Assembler();
    make(a);
    bytes.set(a.bytes(), at);
    symbols.push({ name, value: BigInt(BASE + at), size: a.size, kind: "function" });
    const here = BASE + at;
    at += a.size;
    return here;
  };
  at = 0x200;
  place(
    "sys_getpid",
    (a) =>
      a.put("lw", { rd: X.a0, rs1: X.a0, imm: PROC.pid }).put("jalr", { rd: 0, rs1: X.ra, imm: 0 }),
  );
  place(
    "yield",
    (a) => a.put("addi", { rd: X.a5, imm: 3 }).put("sw", { rs1: X.s1, rs2: X.a5, imm: PROC.state }),
  );
  place(
    "sleep",
    (a) =>
      a.put("sd", { rs1: X.s1, rs2: X.a0, imm: PROC.chan }).put("sd", {
        rs1: X.s1,
        rs2: 0,
        imm: PROC.chan,
      }),
  );
  const clear = place("uvmclear", (a) => a.put("jalr", { rd: 0, rs1: X.ra, imm: 0 }));
  // uvmclear(pagetable, sz - 2 * PGSIZE): a guard page, and one of stack.
  place("exec", (a) => {
    a.put("lui", { rd: X.a1, imm: -0x2000 }).put("add", { rd: X.a1, rs1: X.a1, rs2: X.a0 });
    a.put("jal", { rd: X.ra, imm: clear - (BASE + at + a.size) });
    a.put("jalr", { rd: 0, rs1: X.ra, imm: 0 });
  });
  place(
    "push_off",
    (a) => a.put("lw", { rd: X.a5, rs1: X.a0, imm: 120 }).put("jalr", { rd: 0, rs1: X.ra, imm: 0 }),
  );
  place("kerneltrap", (a) => a.put("jalr", { rd: 0, rs1: X.ra, imm: 0 }));
  place("usertrap", (a) => {
    const record = AT.proc + PROC.size;
    li(a, X.t1, record + PROC.trapframe).put("ld", { rd: X.t1, rs1: X.t1, imm: 0 });
    a.put("csrrs", { rd: X.t0, rs1: 0, imm: CSR.sepc }).put("addi", {
      rd: X.t0,
      rs1: X.t0,
      imm: 4,
    });
    a.put("sd", { rs1: X.t1, rs2: X.t0, imm: 24 });
    csrw(a, CSR.sepc, X.t0);
    li(a, X.t0, AT.ticks).put("lw", { rd: X.t2, rs1: X.t0, imm: 0 });
    a.put("addi", { rd: X.t2, rs1: X.t2, imm: 1 }).put("sw", { rs1: X.t0, rs2: X.t2, imm: 0 });
    load(a, X.t2, "user_satp");
    load(a, X.t0, "userret_va").put("jalr", { rd: 0, rs1: X.t0, imm: 0 });
  });
  const smain = place("main", (a) => {
    load(a, X.t0, "kernel_satp");
    csrw(a, CSR.satp, X.t0).put("sfence.vma", { rs1: 0, rs2: 0 });
    // The way to user mode is the last thing that the trampoline's page does.
    load(a, X.t0, "userret_va").put("srli", { rd: X.t1, rs1: X.t0, imm: 12 });
    a.put("slli", { rd: X.t1, rs1: X.t1, imm: 12 });
    csrw(a, CSR.stvec, X.t1);
    csrw(a, CSR.sepc, 0);
    li(a, X.t1, 0x120).put("csrrc", { rd: 0, rs1: X.t1, imm: CSR.sstatus });
    load(a, X.t2, "user_satp");
    a.put("jalr", { rd: 0, rs1: X.t0, imm: 0 });
  });
  at = 0x1000;
  place("uservec", (a) => {
    csrw(a, CSR.sscratch, X.a0);
    trapframe(a, X.a0);
    for (const [x, offset] of SAVED) a.put("sd", { rs1: X.a0, rs2: x, imm: offset });
    a.put("csrrs", { rd: X.t0, rs1: 0, imm: CSR.sscratch }).put("sd", {
      rs1: X.a0,
      rs2: X.t0,
      imm: 112,
    });
    a.put("ld", { rd: X.t0, rs1: X.a0, imm: 0 }).put("ld", { rd: X.sp, rs1: X.a0, imm: 8 });
    a.put("ld", { rd: X.t1, rs1: X.a0, imm: 16 });
    csrw(a, CSR.satp, X.t0).put("sfence.vma", { rs1: 0, rs2: 0 }).put("jalr", {
      rd: 0,
      rs1: X.t1,
      imm: 0,
    });
  });
  place("userret", (a) => {
    csrw(a, CSR.satp, X.t2).put("sfence.vma", { rs1: 0, rs2: 0 });
    trapframe(a, X.a0);
    for (const [x, offset] of SAVED) a.put("ld", { rd: x, rs1: X.a0, imm: offset });
    a.put("ld", { rd: X.a0, rs1: X.a0, imm: 112 }).put("sret");
  });
  symbols.push({ name: "trampoline", value: BigInt(BASE + 0x1000) });
  at = 0;
  place("_entry", (a) => {
    li(a, X.t0, 0xffff_ffff);
    csrw(a, MACHINE.pmpaddr0, X.t0);
    a.put("addi", { rd: X.t0, imm: 0x1f });
    csrw(a, MACHINE.pmpcfg0, X.t0);
    li(a, X.t0, 0xb1ff);
    csrw(a, MACHINE.medeleg, X.t0);
    li(a, X.t0, 0x800);
    csrw(a, MACHINE.mstatus, X.t0);
    li(a, X.t0, smain);
    csrw(a, MACHINE.mepc, X.t0).put("mret");
  });
  bytes.set(new TextEncoder().encode("proc\0"), AT.procname - BASE);
  return { bytes, symbols };
}

/** The program of pid 2: it counts in a0, stores the count on its stack, and makes a system call. */
function program(): Uint8Array {
  const a = new Assembler();
  a.label("loop").put("addi", { rd: X.a0, rs1: X.a0, imm: 1 }).put("sd", {
    rs1: X.sp,
    rs2: X.a0,
    imm: -8,
  });
  a.put("addi", { rd: X.a7, imm: 11 }).put("ecall").put("jal", { rd: 0 }, "loop");
  return a.bytes();
}

/** The small kernel's guest, and what was planted into it. */
export class LabGuest {
  readonly guest: Guest;
  readonly machine: Machine;
  /** Root tables by pid; 0: the kernel's. */
  readonly roots: number[];
  /** The page that pids 2 and 3 share at 0x4000, their text at 0, and the free pages. */
  readonly shared: number;
  readonly text: number;
  readonly free: number[] = [];
  #next = PAGES;

  /** @param options `names`: what the file calls some of its variables instead. */
  constructor(
    options: GuestOptions & {
      readonly symbols?: boolean;
      readonly names?: Readonly<Record<string, string>>;
    } = {},
  ) {
    const { symbols = true, names = {}, ...rest } = options;
    const made = image();
    const called = made.symbols.map((one) => ({ ...one, name: names[one.name] ?? one.name }));
    this.guest = new Guest(elf(made.bytes, symbols ? { symbols: called } : {}), {
      memBytes: 16 * 1024 * 1024,
      ...rest,
    });
    this.machine = guestMachineOf(this.guest);
    this.shared = this.page();
    this.text = this.page();
    this.machine.ram.write(this.text as PaNum, program());
    this.roots = [0, 1, 2, 3].map(() => this.page());
    const kernel = this.roots[0];
    // RAM by 2 MiB leaves but for the trampoline's page, which has its second place.
    for (let at = 0; at < this.machine.ram.size; at += 0x20_0000) {
      this.#map(kernel, BASE + at, BASE + at, KERNEL, 1);
    }
    this.#map(kernel, TRAMPOLINE, BASE + 0x1000, PTE_V | PTE_R | PTE_X | PTE_A);
    this.#variables(made);
    this.#process(0, 1, "init", 2, AT.proc, 0);
    this.#process(1, 2, "sh", 4, 0, AT.proc);
    this.#process(2, 3, "cow", 2, AT.ticks, AT.proc + PROC.size);
    this.#freeList();
  }

  /** A page of zeros that is nobody's yet. */
  page(): number {
    const at = this.#next;
    this.#next += PAGE_SIZE;
    return at;
  }

  write64(at: number, value: number | bigint): void {
    guestPartsOf(this.guest).history.change();
    this.machine.ram.write64(at as PaNum, BigInt(value));
  }

  write32(at: number, value: number): void {
    guestPartsOf(this.guest).history.change();
    this.machine.ram.write32(at as PaNum, value);
  }

  /** Maps a page, or at level 1 a superpage; where its PTE stands. */
  map(pid: number, va: number, pa: number, flags: number): number {
    return this.#map(this.roots[pid], va, pa, flags);
  }

  #map(root: number, va: number, pa: number, flags: number, leaf = 0): number {
    let table = root;
    for (let level = 2; level > leaf; level--) {
      const at = table + 8 * (Math.floor(va / 2 ** (12 + 9 * level)) % 512);
      let pte = this.machine.ram.readPte(at as PaNum);
      if (pte === 0) this.write64(at, pte = makePte(this.page() as PaNum, PTE_V));
      table = (pte >>> 10) * PAGE_SIZE;
    }
    const at = table + 8 * (Math.floor(va / 2 ** (12 + 9 * leaf)) % 512);
    this.write64(at, makePte(pa as PaNum, flags));
    return at;
  }

  #variables({ symbols }: Image): void {
    const userret = Number(symbols.find(({ name }) => name === "userret")!.value);
    this.write64(AT.kernel_pagetable, this.roots[0]);
    this.write64(AT.kernel_satp, makeSatp(this.roots[0] as PaNum));
    this.write64(AT.user_satp, makeSatp(this.roots[2] as PaNum));
    this.write64(AT.userret_va, TRAMPOLINE + userret - BASE - 0x1000);
    this.write64(AT.initproc, AT.proc);
    this.write32(AT.nextpid, 4);
    this.write64(AT.cpus, AT.proc + PROC.size);
    for (let i = 0; i < SLOTS; i++) {
      this.write64(AT.proc + i * PROC.size + 8, AT.procname);
      this.write64(AT.proc + i * PROC.size + PROC.kstack, TRAMPOLINE - (i + 1) * 2 * PAGE_SIZE);
    }
  }

  #process(
    slot: number,
    pid: number,
    name: string,
    state: number,
    chan: number,
    parent: number,
  ): void {
    const at = AT.proc + slot * PROC.size;
    const trapframe = this.page();
    this.write32(at + PROC.state, state);
    this.write64(at + PROC.chan, chan);
    this.write32(at + PROC.pid, pid);
    this.write64(at + PROC.parent, parent);
    this.write64(at + PROC.sz, 0x5000);
    this.write64(at + PROC.pagetable, this.roots[pid]);
    this.write64(at + PROC.trapframe, trapframe);
    this.machine.ram.write((at + PROC.name) as PaNum, new TextEncoder().encode(name));
    this.map(pid, TRAMPOLINE, BASE + 0x1000, PTE_V | PTE_R | PTE_X | PTE_A);
    this.map(pid, TRAPFRAME, trapframe, PTE_V | PTE_R | PTE_W | PTE_A | PTE_D);
    this.map(pid, 0, pid === 1 ? this.page() : this.text, TEXT);
    this.map(pid, 0x1000, this.page(), DATA);
    this.map(pid, 0x2000, this.page(), DATA & ~PTE_U);
    this.map(pid, 0x3000, this.page(), DATA);
    this.map(pid, 0x4000, pid === 1 ? this.page() : this.shared, pid === 1 ? DATA : SHARED);
    const kstack = this.page();
    this.#map(this.roots[0], TRAMPOLINE - (slot + 1) * 2 * PAGE_SIZE, kstack, KERNEL & ~PTE_X);
    this.write64(trapframe, makeSatp(this.roots[0] as PaNum));
    this.write64(trapframe + 8, TRAMPOLINE - (slot + 1) * 2 * PAGE_SIZE + PAGE_SIZE);
    this.write64(trapframe + 16, BASE + this.#offset("usertrap"));
    this.write64(trapframe + 48, 0x4000);
    this.write64(trapframe + 112, 100 * pid);
  }

  #offset(name: string): number {
    return Number(image().symbols.find((one) => one.name === name)!.value) - BASE;
  }

  #freeList(): void {
    let next = 0;
    for (let i = 0; i < FREE_PAGES; i++) {
      const at = FREE + i * PAGE_SIZE;
      this.machine.ram.fill(at as PaNum, PAGE_SIZE, 1);
      this.write64(at, next);
      this.free.push(next = at);
    }
    this.write64(AT.kmem + 24, next);
  }

  /** Runs so many instructions. */
  run(instructions: number): void {
    guestPartsOf(this.guest).history.run(instructions);
  }

  /** Runs until the hart is in a mode: 0 user, 1 supervisor, 3 machine. */
  runToMode(mode: number): void {
    for (let i = 0; this.machine.hart.mode !== mode; i++) {
      if (i > 1000) throw new Error(`mode ${mode} was not reached`);
      this.run(1);
    }
  }
}

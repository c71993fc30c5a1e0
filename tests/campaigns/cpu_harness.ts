/**
 * The fixed part of the programs of `campaign cpu`: it runs blocks of random code in their modes, takes every trap, and
 * folds the whole state into one number as often as it can.
 *
 *     0x8000_0000  this code
 *     0x8001_0000  CONTROL: registers saved by the handlers, variables, the table of blocks
 *     0x8002_0000  page tables
 *     0x8003_0000  DATA: four frames that loads and stores work on
 *     0x8003_f000  POOL: instructions that blocks write over their own
 *     0x8010_0000  BLOCKS
 *
 * A fold multiplies the number by an odd constant and adds the next value, so that nothing that differed once is
 * ever equal again but by a chance of 2^-64. It takes x1…x31 and the CSRs of traps: at each trap, in M or in S, and at
 * the end of each round of a block; after the last round also DATA and the last-level page table, and the number is
 * printed.
 *
 * @module
 */

/** Where things stand, as above. */
export const CONTROL = 0x8001_0000, ROOT = 0x8002_0000, DATA = 0x8003_0000, POOL = 0x8003_f000;
/** The first block. */
export const BLOCKS = 0x8010_0000;
/** Bytes of DATA. */
export const DATA_SIZE = 0x4000;
/** The last-level page table, and how much of it is used. */
export const LEAVES = ROOT + 0x2000, LEAVES_SIZE = 16 * 8;
/** U-mode sees RAM this much higher, S-mode where it is. */
export const U_ALIAS = 0x8000_0000;
/** Virtual pages of 4 KiB, and a leaf of 2 MiB behind them. */
export const PAGES = 0x4000_0000, MEGA = 0x4020_0000;
/** Where there is no memory. */
export const HOLE = 0x1800_0000;
/** Where the table of blocks begins in CONTROL, and the bytes of an entry (see {@link BlockEntry}). */
export const TABLE = CONTROL + 0x1000, ENTRY = 64;

/** One block as the table names it: 64-bit values in this order. */
export interface BlockEntry {
  /** Virtual addresses of its first instruction and of the ebreak that ends it. */
  entry: bigint;
  end: bigint;
  satp: bigint;
  /** mstatus.MPP for its mode. */
  mpp: bigint;
  medeleg: bigint;
  rounds: bigint;
  /** Three pages in a row that may be read and written, and eight of which anything may be true. */
  good: bigint;
  other: bigint;
}

/** Variables of CONTROL, as distances from it: the number, its factor, the fold at which all is printed (0: none). */
export const HASH = 0x400, FACTOR = 0x408, STOP = 0x418;
const FOLDS = 0x410, END = 0x420, ROUNDS = 0x428;
const BLOCK = 0x430, CSRS = 0x480, S_SAVED = 0x200;
const UART = 0x1000_0000, FINISHER = 0x10_0000;
/** mstatus: MPP, SPP, MPRV, SUM, MXR, TVM. */
const MODE_BITS = 0x1e_1900;

const registers = (first: number, line: (i: number) => string) =>
  Array.from({ length: 32 - first }, (_, i) => line(first + i)).join("\n");
const save = registers(3, (i) => `sd x${i}, ${8 * i}(sp)`);
const load = `ld x1, 8(sp)\n${registers(3, (i) => `ld x${i}, ${8 * i}(sp)`)}\nld sp, 16(sp)`;

/** Folds the registers that are saved at sp, then CSRs; `to` is the distance of CONTROL. Changes x5…x8. */
function fold(csrs: readonly string[], to: number): string {
  const add = (source: string) => `${source}\nmul x5, x5, x6\nadd x5, x5, x7`;
  return `
    ld x5, ${HASH - to}(sp)
    ld x6, ${FACTOR - to}(sp)
    ${registers(1, (i) => add(`ld x7, ${8 * i}(sp)`))}
    ${
    csrs.map((csr, i) => add(`csrrs x7, ${csr}, zero\nsd x7, ${CSRS - to + 8 * i}(sp)`)).join("\n")
  }
    sd x5, ${HASH - to}(sp)
    ld x7, ${FOLDS - to}(sp)
    addi x7, x7, 1
    sd x7, ${FOLDS - to}(sp)
    ld x8, ${STOP - to}(sp)`;
}

/** The CSRs that a handler folds. */
const S_CSRS = ["scause", "sepc", "stval", "sstatus"];
const M_CSRS = ["mcause", "mepc", "mtval", "mstatus", ...S_CSRS.slice(0, 3), "sscratch", "medeleg"];

/** Lines of a dump: CONTROL up to the CSRs. */
export const DUMP_LINES = CSRS / 8 + M_CSRS.length;

/** The trap value of an ebreak is open, 0 or its address: make it 0. */
const untold = (csr: "m" | "s") => `
    csrrs x5, ${csr}cause, zero
    addi x6, zero, 3
    bne x5, x6, ${csr}_told
    csrrw zero, ${csr}tval, zero
  ${csr}_told:`;

/** A trap's way on: past the instruction, or, when it could not be fetched, to the block's end. */
const goOn = (csr: "m" | "s", to: number) => `
    csrrs x5, ${csr}epc, zero
    csrrs x6, ${csr}cause, zero
    addi x7, zero, 1
    beq x6, x7, ${csr}_end
    addi x7, zero, 12
    beq x6, x7, ${csr}_end
    slli x7, x5, 34
    srli x7, x7, 34
    addi x8, zero, 1
    slli x8, x8, 31
    or x7, x7, x8
    lhu x7, 0(x7)
    andi x7, x7, 3
    addi x8, zero, 3
    addi x5, x5, 2
    bne x7, x8, ${csr}_leave
    addi x5, x5, 2
    jal zero, ${csr}_leave
  ${csr}_end:
    ld x5, ${END - to}(sp)
  ${csr}_leave:
    csrrw zero, ${csr}epc, x5
    ${load}
    ${csr}ret`;

/** The code, for address 0x8000_0000. */
export const HARNESS = `
    csrrs x5, mhartid, zero
    beq x5, zero, only
  others:
    wfi
    jal zero, others
  only:
    la x5, trap_m
    csrrw zero, mtvec, x5
    la x5, trap_s
    csrrw zero, stvec, x5
    csrrw zero, mie, zero
    csrrw zero, mideleg, zero
    addi x5, zero, -1
    srli x5, x5, 10
    csrrw zero, pmpaddr0, x5
    addi x5, zero, 15
    csrrw zero, pmpcfg0, x5
    li sp, ${CONTROL}
    csrrw zero, mscratch, sp
    addi x5, sp, ${S_SAVED}
    csrrw zero, sscratch, x5
    li x5, ${TABLE}
    sd x5, ${BLOCK}(sp)

  next_block:
    ld x5, ${BLOCK}(sp)
    ld x6, 0(x5)
    beq x6, zero, finish
    ld x6, 8(x5)
    sd x6, ${END}(sp)
    ld x6, 16(x5)
    csrrw zero, satp, x6
    sfence.vma zero, zero
    ld x6, 32(x5)
    csrrw zero, medeleg, x6
    ld x6, 40(x5)
    sd x6, ${ROUNDS}(sp)

  next_round:
    ld x5, ${BLOCK}(sp)
    ld x6, 0(x5)
    csrrw zero, mepc, x6
    li x6, ${MODE_BITS}
    csrrc zero, mstatus, x6
    ld x6, 24(x5)
    csrrs zero, mstatus, x6
    # x8, x15 and x2 somewhere in the good pages, x9 in the middle of another one
    ld x6, 48(x5)
    li x7, 0x800
    add x6, x6, x7
    ld x8, ${HASH}(sp)
    ${
  [[8, 0], [15, 10], [2, 20]].map(([register, shift]) => `
    slli x9, x8, ${shift}
    srli x9, x9, 54
    slli x9, x9, 3
    add x9, x9, x6
    sd x9, ${8 * register!}(sp)`).join("")
}
    ld x6, 56(x5)
    add x6, x6, x7
    slli x9, x8, 30
    srli x9, x9, 61
    slli x9, x9, 12
    add x6, x6, x9
    slli x9, x8, 33
    srli x9, x9, 57
    slli x9, x9, 3
    add x6, x6, x9
    sd x6, 72(sp)
    # no reservation
    sc.d x5, x5, (x5)
    ${load}
    mret

  trap_m:
    csrrw sp, mscratch, sp
    sd x1, 8(sp)
    ${save}
    csrrs x1, mscratch, zero
    sd x1, 16(sp)
    csrrw zero, mscratch, sp
    csrrs x5, mepc, zero
    la x6, s_stop
    beq x5, x6, dump
    la x6, s_over
    beq x5, x6, round_over
    ${untold("m")}
    ${fold(M_CSRS, 0)}
    beq x7, x8, dump
    csrrs x5, mepc, zero
    ld x6, ${END}(sp)
    beq x5, x6, round_over
    ${goOn("m", 0)}

  trap_s:
    csrrw sp, sscratch, sp
    sd x1, 8(sp)
    ${save}
    csrrs x1, sscratch, zero
    sd x1, 16(sp)
    csrrw zero, sscratch, sp
    ${untold("s")}
    ${fold(S_CSRS, S_SAVED)}
    bne x7, x8, s_no_stop
  s_stop:
    ecall
  s_no_stop:
    csrrs x5, sepc, zero
    ld x6, ${END - S_SAVED}(sp)
    bne x5, x6, s_trap
  s_over:
    ecall
  s_trap:
    ${goOn("s", S_SAVED)}

  round_over:
    ld x5, ${ROUNDS}(sp)
    addi x5, x5, -1
    sd x5, ${ROUNDS}(sp)
    bne x5, zero, next_round
    ld x5, ${HASH}(sp)
    ld x6, ${FACTOR}(sp)
    ${
  [[DATA, DATA_SIZE], [LEAVES, LEAVES_SIZE]].map(([start, size], i) => `
    li x8, ${start}
    li x9, ${start! + size!}
  memory${i}:
    ld x7, 0(x8)
    mul x5, x5, x6
    add x5, x5, x7
    addi x8, x8, 8
    bne x8, x9, memory${i}`).join("")
}
    sd x5, ${HASH}(sp)
    addi x10, x5, 0
    jal x1, print
    ld x5, ${BLOCK}(sp)
    addi x5, x5, ${ENTRY}
    sd x5, ${BLOCK}(sp)
    jal zero, next_block

  # x10 in hexadecimal, on a line of its own
  print:
    li x11, ${UART}
    addi x12, zero, 60
  digit:
    srl x13, x10, x12
    andi x13, x13, 15
    addi x14, zero, 10
    blt x13, x14, decimal
    addi x13, x13, 39
  decimal:
    addi x13, x13, 48
    sb x13, 0(x11)
    addi x12, x12, -4
    bge x12, zero, digit
    addi x13, zero, 10
    sb x13, 0(x11)
    jalr zero, 0(x1)

  # CONTROL as it is, and the number of folds once more
  dump:
    addi x5, sp, 0
    addi x6, sp, ${8 * DUMP_LINES}
  dump_one:
    ld x10, 0(x5)
    jal x1, print
    addi x5, x5, 8
    bne x5, x6, dump_one
  finish:
    ld x10, ${FOLDS}(sp)
    jal x1, print
    li x5, ${FINISHER}
    li x6, 0x5555
    sw x6, 0(x5)
  done:
    jal zero, done
`;

/** What a dump prints, line by line. */
export function nameOfDumped(line: number): string {
  const at = 8 * line;
  if (at < S_SAVED) return `M-mode's x${line}`;
  if (at < HASH) return `S-mode's x${line - S_SAVED / 8}`;
  const csr = (at - CSRS) / 8;
  return csr >= 0 ? `${M_CSRS[csr]} (or ${S_CSRS[csr]})` : `control ${at.toString(16)}`;
}

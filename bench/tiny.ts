/**
 * Programs of a few instructions, put together here: each does one thing many times, so that what
 * is measured is that thing and not a C library.
 *
 * @module
 */

/** Numbers of the calls that they make (xv6's). */
const CALL = { fork: 1, exit: 2, wait: 3, getpid: 11, sbrk: 12 } as const;
const X0 = 0, T0 = 5, T1 = 6, A0 = 10, A1 = 11, A7 = 17, S0 = 8;
const ECALL = 0x73;
const PAGE = 4096;

const addi = (rd: number, rs: number, imm: number) =>
  ((imm << 20) | (rs << 15) | (rd << 7) | 0x13) >>> 0;
const lui = (rd: number, value: number) => ((value & 0xfffff000) | (rd << 7) | 0x37) >>> 0;
const add = (rd: number, a: number, b: number) => (b << 20) | (a << 15) | (rd << 7) | 0x33;
const load = (rd: number, at: number) => (at << 15) | (3 << 12) | (rd << 7) | 0x03;
const store = (value: number, at: number) => (value << 20) | (at << 15) | (3 << 12) | 0x23;
/** Loads a constant below 2^31. */
const li = (rd: number, value: number) => [
  lui(rd, value + 0x800),
  addi(rd, rd, (value << 20) >> 20),
];
const syscall = (number: number) => [addi(A7, X0, number), ECALL];
const exit = [addi(A0, X0, 0), ...syscall(CALL.exit)];

/** Branch on a register by some instructions: `funct3` 0 when it is 0, 1 when it is not. */
function branch(funct3: 0 | 1, rs: number, instructions: number): number {
  const by = instructions * 4;
  const imm = ((by >> 12) & 1) << 31 | ((by >> 5) & 0x3f) << 25 | ((by >> 1) & 0xf) << 8 |
    ((by >> 11) & 1) << 7;
  return (imm | (rs << 15) | (funct3 << 12) | 0x63) >>> 0;
}

/** The body so many times; `counter` is the register that counts. */
function repeat(times: number, counter: number, body: number[]): number[] {
  const turn = [...body, addi(counter, counter, -1)];
  return [...li(counter, times), ...turn, branch(1, counter, -turn.length)];
}

/** The address of new heap into t0. */
function sbrk(bytes: number, how: 1 | 2): number[] {
  return [...li(A0, bytes), addi(A1, X0, how), ...syscall(CALL.sbrk), addi(T0, A0, 0)];
}

/** One load or store in each page from s0 on, which stays as it is. */
function touch(pages: number, access: (at: number) => number): number[] {
  const step = [access(T1), ...li(A1, PAGE), add(T1, T1, A1)];
  return [addi(T1, S0, 0), ...repeat(pages, A0, step)];
}

/** getpid() so many times. */
export function calls(times: number): Uint8Array {
  return program([...repeat(times, S0, syscall(CALL.getpid)), ...exit]);
}

/** fork(), the child exits, wait(), so many times. */
export function forks(times: number): Uint8Array {
  const body = [
    ...syscall(CALL.fork),
    branch(1, A0, 1 + exit.length),
    ...exit,
    addi(A0, X0, 0),
    ...syscall(CALL.wait),
  ];
  return program([...repeat(times, S0, body), ...exit]);
}

/** A store to each page of a lazy heap. */
export function fills(pages: number): Uint8Array {
  return program([
    ...sbrk(pages * PAGE, 2),
    addi(S0, T0, 0),
    ...touch(pages, (at) => store(X0, at)),
    ...exit,
  ]);
}

/** A load from each page of a heap that no TLB holds, so many times. */
export function loads(pages: number, times: number): Uint8Array {
  return program([
    ...sbrk(pages * PAGE, 1),
    addi(S0, T0, 0),
    ...repeat(times, T0, touch(pages, (at) => load(A1, at))),
    ...exit,
  ]);
}

/** fork() with a heap of so many pages; the child stores to each if `writes`. */
export function copies(pages: number, writes: boolean): Uint8Array {
  const child = [...(writes ? touch(pages, (at) => store(X0, at)) : []), ...exit];
  return program([
    ...sbrk(pages * PAGE, 1),
    addi(S0, T0, 0),
    ...syscall(CALL.fork),
    branch(1, A0, 1 + child.length),
    ...child,
    addi(A0, X0, 0),
    ...syscall(CALL.wait),
    ...exit,
  ]);
}

/** An ELF file with one segment at 0. */
function program(words: number[]): Uint8Array {
  const bytes = new Uint8Array(120 + words.length * 4);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint32(16, 2 | (243 << 16), true);
  view.setUint32(20, 1, true);
  view.setUint32(32, 64, true); // program headers
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true); // PT_LOAD
  view.setUint32(68, 5, true); // readable, executable
  view.setUint32(72, 120, true);
  view.setUint32(96, words.length * 4, true);
  view.setUint32(104, words.length * 4, true);
  words.forEach((word, i) => view.setUint32(120 + 4 * i, word, true));
  return bytes;
}

/**
 * What each instruction computes, written a second time and plainly, in BigInt arithmetic from the
 * manual's sentences: the oracle for the engine.
 */

export const u64 = (x: bigint): bigint => BigInt.asUintN(64, x);
export const s64 = (x: bigint): bigint => BigInt.asIntN(64, x);
const u32 = (x: bigint) => BigInt.asUintN(32, x);
/** The low 32 bits as a signed number. */
export const s32 = (x: bigint): bigint => BigInt.asIntN(32, x);
const flag = (condition: boolean) => condition ? 1n : 0n;

/** Results in rd from two sources (u64); the second is rs2 or the extended immediate. */
export const COMPUTE: Record<string, (a: bigint, b: bigint) => bigint> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  sll: (a, b) => a << (b & 63n),
  slt: (a, b) => flag(s64(a) < s64(b)),
  sltu: (a, b) => flag(a < b),
  xor: (a, b) => a ^ b,
  srl: (a, b) => a >> (b & 63n),
  sra: (a, b) => s64(a) >> (b & 63n),
  or: (a, b) => a | b,
  and: (a, b) => a & b,
  addw: (a, b) => s32(a + b),
  subw: (a, b) => s32(a - b),
  sllw: (a, b) => s32(a << (b & 31n)),
  srlw: (a, b) => s32(u32(a) >> (b & 31n)),
  sraw: (a, b) => s32(a) >> (b & 31n),
  mul: (a, b) => a * b,
  mulh: (a, b) => (s64(a) * s64(b)) >> 64n,
  mulhsu: (a, b) => (s64(a) * b) >> 64n,
  mulhu: (a, b) => (a * b) >> 64n,
  // BigInt division truncates towards zero, as the manual asks; the overflow case wraps by itself.
  div: (a, b) => b === 0n ? -1n : s64(a) / s64(b),
  divu: (a, b) => b === 0n ? -1n : a / b,
  rem: (a, b) => b === 0n ? a : s64(a) % s64(b),
  remu: (a, b) => b === 0n ? a : a % b,
  mulw: (a, b) => s32(a * b),
  divw: (a, b) => s32(b) === 0n ? -1n : s32(s32(a) / s32(b)),
  divuw: (a, b) => u32(b) === 0n ? -1n : s32(u32(a) / u32(b)),
  remw: (a, b) => s32(b) === 0n ? s32(a) : s32(a) % s32(b),
  remuw: (a, b) => u32(b) === 0n ? s32(a) : s32(u32(a) % u32(b)),
};

/** Immediate forms by the register form they follow. */
export const IMMEDIATE: Record<string, string> = {
  addi: "add",
  slti: "slt",
  sltiu: "sltu",
  xori: "xor",
  ori: "or",
  andi: "and",
  slli: "sll",
  srli: "srl",
  srai: "sra",
  addiw: "addw",
  slliw: "sllw",
  srliw: "srlw",
  sraiw: "sraw",
};

/** Whether a branch is taken. */
export const BRANCH: Record<string, (a: bigint, b: bigint) => boolean> = {
  beq: (a, b) => a === b,
  bne: (a, b) => a !== b,
  blt: (a, b) => s64(a) < s64(b),
  bge: (a, b) => s64(a) >= s64(b),
  bltu: (a, b) => a < b,
  bgeu: (a, b) => a >= b,
};

/** Loads and stores: bytes and, for loads, whether they sign-extend. */
export const LOAD: Record<string, [size: number, signed: boolean]> = {
  lb: [1, true],
  lh: [2, true],
  lw: [4, true],
  ld: [8, true],
  lbu: [1, false],
  lhu: [2, false],
  lwu: [4, false],
};
export const STORE: Record<string, number> = { sb: 1, sh: 2, sw: 4, sd: 8 };

/** What an AMO stores, from the old value and the source, both sign-extended from its size to u64. */
export const AMO: Record<string, (old: bigint, source: bigint) => bigint> = {
  amoswap: (_, b) => b,
  amoadd: (a, b) => a + b,
  amoxor: (a, b) => a ^ b,
  amoand: (a, b) => a & b,
  amoor: (a, b) => a | b,
  amomin: (a, b) => s64(a) < s64(b) ? a : b,
  amomax: (a, b) => s64(a) > s64(b) ? a : b,
  amominu: (a, b) => a < b ? a : b,
  amomaxu: (a, b) => a > b ? a : b,
};

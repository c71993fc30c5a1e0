/**
 * Names of the integer registers.
 *
 * @module
 */

/** ABI names of x0…x31 (RISC-V calling convention). */
export const REGISTER_NAMES: readonly string[] = [
  ...["zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1"],
  ...["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7"],
  ...["s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11"],
  ...["t3", "t4", "t5", "t6"],
];

const numbers = new Map<string, number>([
  ...REGISTER_NAMES.map((name, i) => [name, i] as const),
  ...REGISTER_NAMES.map((_, i) => [`x${i}`, i] as const),
  ["fp", 8],
]);

/** The number of a register given as `a0`, `x10` or `fp`. */
export function registerNumber(name: string): number | undefined {
  return numbers.get(name);
}

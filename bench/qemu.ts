/**
 * QEMU beside us: the same bare-metal ELF file on `qemu-system-riscv64`.
 *
 * @module
 */

import { encodePattern, type Operands } from "../src/vm/machine/isa/pattern.ts";
import { rowNamed } from "../src/vm/machine/isa/rows.ts";
import { median } from "./report.ts";

/** QEMU, looked for in PATH. */
export const QEMU = "qemu-system-riscv64";
/** Tries of a program that only exits. */
const STARTS = 5;

/** QEMU's version line, or undefined where it is not installed. */
export async function qemuVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command(QEMU, { args: ["--version"] }).output();
    return new TextDecoder().decode(stdout).split("\n")[0];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Seconds that QEMU takes from start to exit for a bare-metal program. */
export async function qemuSeconds(elf: string): Promise<number> {
  const args = ["-machine", "virt", "-bios", "none", "-nographic", "-monitor", "none"];
  const command = new Deno.Command(QEMU, {
    args: [...args, "-kernel", elf],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  });
  const start = performance.now();
  const { code } = await command.output();
  if (code !== 0) throw new Error(`${elf} ended with ${code} on QEMU`);
  return (performance.now() - start) / 1000;
}

/**
 * Seconds that `run` takes for a program that does nothing but exit, which are to be taken off from
 * those of others: the middle of several tries.
 */
export async function startSeconds(run: (elf: string) => Promise<number>): Promise<number> {
  const file = await Deno.makeTempFile({ suffix: ".elf" });
  try {
    await Deno.writeFile(file, exitingElf());
    const tries: number[] = [];
    for (let i = 0; i < STARTS; i++) tries.push(await run(file));
    return median(tries);
  } finally {
    await Deno.remove(file);
  }
}

/** An ELF file whose program stores 0x5555 to the test finisher. */
function exitingElf(): Uint8Array {
  const BASE = 0x8000_0000n;
  const HEADER = 64, SEGMENT = 56;
  const put = (name: string, operands: Partial<Operands>) =>
    encodePattern(rowNamed(name).pattern, operands);
  const code = [
    put("lui", { rd: 10, imm: 0x10_0000 }),
    put("lui", { rd: 11, imm: 0x5000 }),
    put("addi", { rd: 11, rs1: 11, imm: 0x555 }),
    put("sw", { rs1: 10, rs2: 11 }),
    put("jal", { imm: 0 }),
  ];
  const start = HEADER + SEGMENT;
  const bytes = new Uint8Array(start + 4 * code.length);
  const view = new DataView(bytes.buffer);
  const wide = (at: number, value: bigint) => view.setBigUint64(at, value, true);
  const half = (at: number, value: number) => view.setUint16(at, value, true);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // magic, 64 bits, little-endian, version
  half(16, 2); // executable
  half(18, 243); // RISC-V
  view.setUint32(20, 1, true);
  wide(24, BASE); // entry
  wide(32, BigInt(HEADER)); // program headers
  half(52, HEADER);
  half(54, SEGMENT);
  half(56, 1);
  view.setUint32(HEADER, 1, true); // PT_LOAD
  view.setUint32(HEADER + 4, 5, true); // R-X
  wide(HEADER + 8, BigInt(start));
  wide(HEADER + 16, BASE);
  wide(HEADER + 24, BASE);
  wide(HEADER + 32, BigInt(4 * code.length));
  wide(HEADER + 40, BigInt(4 * code.length));
  wide(HEADER + 48, 4n);
  code.forEach((word, i) => view.setUint32(start + 4 * i, word, true));
  return bytes;
}

/**
 * The registers as gdb numbers and names them, and the description in XML that says so (GDB manual,
 * "Target Descriptions", "RISC-V Features"). The numbers are those of QEMU: 0 to 32 x0 to x31 and
 * pc, 33 to 64 f0 to f31, 65 the privilege mode, 66 + n the CSR of number n.
 */

import { CSR_NUMBERS } from "../vm/machine/isa/csr_names.ts";
import { REGISTER_NAMES } from "../vm/machine/isa/register_names.ts";
import type { DebugTarget } from "../vm/debug.ts";

/** A register, as gdb knows it. */
export interface GdbRegister {
  /** gdb's number. */
  readonly number: number;
  /** Its name, of the description and of {@linkcode DebugTarget.register}. */
  readonly name: string;
  /** The last part of its feature's name. */
  readonly feature: "cpu" | "fpu" | "virtual" | "csr";
  /** What gdb shows it as. */
  readonly type: "int" | "code_ptr" | "data_ptr" | "ieee_double";
}

const FIRST_FLOAT = 33;
const PRIV = 65;
const FIRST_CSR = 66;

/** How many registers a `g` packet has: x0 to x31 and pc. */
export const GENERAL = 33;

const POINTERS: Record<string, GdbRegister["type"]> = {
  ...{ ra: "code_ptr", pc: "code_ptr", sp: "data_ptr", gp: "data_ptr", tp: "data_ptr" },
  ...{ sepc: "code_ptr", mepc: "code_ptr", stvec: "code_ptr", mtvec: "code_ptr" },
};

const FLOATS = [
  ...["ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0", "fs1"],
  ...["fa0", "fa1", "fa2", "fa3", "fa4", "fa5", "fa6", "fa7"],
  ...["fs2", "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9", "fs10", "fs11"],
  ...["ft8", "ft9", "ft10", "ft11"],
];

/**
 * The registers that a computer has, by gdb's numbers; and those for floating point, which it need
 * not have: xv6 is compiled for a calling convention that uses them, and gdb refuses a file that
 * needs what the description lacks.
 */
export function registersOf(target: DebugTarget): ReadonlyMap<number, GdbRegister> {
  const found = new Map<number, GdbRegister>();
  const add = (feature: GdbRegister["feature"], number: number, name: string) => {
    if (target.register(0, name) === undefined) return;
    found.set(number, { feature, number, name, type: POINTERS[name] ?? "int" });
  };
  [...REGISTER_NAMES, "pc"].forEach((name, i) => add("cpu", i, name));
  FLOATS.forEach((name, i) => {
    const number = FIRST_FLOAT + i;
    found.set(number, { feature: "fpu", number, name, type: "ieee_double" });
  });
  add("virtual", PRIV, "priv");
  for (const [name, number] of CSR_NUMBERS) add("csr", FIRST_CSR + number, name);
  return found;
}

/**
 * The description. Without the line about the operating system gdb takes the program for one of
 * Linux and steps by breakpoints of its own behind the instruction, which an ecall, an sret or an
 * interrupt never comes to.
 */
export function targetXml(registers: ReadonlyMap<number, GdbRegister>): string {
  const feature = (name: GdbRegister["feature"]) => {
    const lines = [...registers.values()].filter((r) => r.feature === name).map((r) =>
      `<reg name="${r.name}" bitsize="64" regnum="${r.number}" type="${r.type}"/>\n`
    );
    return `<feature name="org.gnu.gdb.riscv.${name}">\n${lines.join("")}</feature>\n`;
  };
  return `<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0">
<architecture>riscv:rv64</architecture>
<osabi>none</osabi>
${feature("cpu")}${feature("fpu")}${feature("virtual")}${feature("csr")}</target>
`;
}

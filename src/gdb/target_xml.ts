/**
 * The registers as gdb numbers and names them, and the description in XML that says so (GDB manual,
 * "Target Descriptions", "RISC-V Features"). The numbers are those of QEMU: 0 to 32 x0 to x31 and
 * pc, 65 the privilege mode, 66 + n the CSR of number n.
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
  readonly feature: "cpu" | "virtual" | "csr";
  /** What gdb shows it as. */
  readonly type: "int" | "code_ptr" | "data_ptr";
}

const PRIV = 65;
const FIRST_CSR = 66;

/** How many registers a `g` packet has: x0 to x31 and pc. */
export const GENERAL = 33;

const POINTERS: Record<string, GdbRegister["type"]> = {
  ...{ ra: "code_ptr", pc: "code_ptr", sp: "data_ptr", gp: "data_ptr", tp: "data_ptr" },
  ...{ sepc: "code_ptr", mepc: "code_ptr", stvec: "code_ptr", mtvec: "code_ptr" },
};

/** The registers that a computer has, by gdb's numbers. */
export function registersOf(target: DebugTarget): ReadonlyMap<number, GdbRegister> {
  const found = new Map<number, GdbRegister>();
  const add = (feature: GdbRegister["feature"], number: number, name: string) => {
    if (target.register(0, name) === undefined) return;
    found.set(number, { feature, number, name, type: POINTERS[name] ?? "int" });
  };
  [...REGISTER_NAMES, "pc"].forEach((name, i) => add("cpu", i, name));
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
${feature("cpu")}${feature("virtual")}${feature("csr")}</target>
`;
}

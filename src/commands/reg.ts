/** `reg`: a process's registers, or one of them. */

import { REGISTER_NAMES } from "../vm/machine/isa/register_names.ts";
import { type Cell, pairs, result, table } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { hex } from "../vm/machine/address.ts";
import { didYouMean } from "../vm/nearest.ts";
import { readNamed } from "../session/names.ts";
import { processFor } from "../session/target.ts";

export default command({
  name: "reg",
  aliases: ["regs"],
  group: "machine",
  summary: "registers of a process as it will run on; one register or CSR, or set one",
  args: [
    { name: "register", kind: "register", optional: true },
    { name: "value", kind: "expr", optional: true, doc: "set it to this" },
  ],
  flags: [{ name: "pid", short: "p", kind: "pid", doc: "of this process" }],
  examples: [
    { say: "one", lines: ["spawn", "reg sp"], shows: ["sp 0x3000"] },
    { say: "all", lines: ["spawn", "reg"], shows: ["pc", "satp", "a0"] },
  ],
  run(ctx, { register, value, pid }) {
    const p = processFor(ctx, pid);
    if (register !== undefined && value !== undefined) {
      const n = REGISTER_NAMES.indexOf(register);
      if (n < 1) throw new CommandError(`${register} cannot be set: ra, sp, gp, tp, t0 … a0 …`);
      p.registers.set(register, value);
    }
    if (register !== undefined) {
      const read = readNamed(ctx.vm, register, p.pid);
      if (read === undefined) {
        throw new CommandError(
          `no register ${register}${didYouMean(register, [...REGISTER_NAMES, "pc", "satp"])}`,
        );
      }
      return result([pairs([register, read, "hex"])], {
        json: { pid: p.pid, [register]: hex(read) },
        value: read,
      });
    }
    const { pc, satp } = p.registers;
    const values = p.registers.values().map((v, n): [string, bigint] => [REGISTER_NAMES[n], v]);
    const rows: Cell[][] = [];
    // Three side by side fit a terminal of 80 columns.
    for (let row = 0; row < 11; row++) {
      rows.push([0, 11, 22].flatMap((from): Cell[] => [...values[from + row] ?? ["", ""]]));
    }
    return result([
      pairs(["pid", p.pid, "pid"], ["pc", pc, "hex"], ["satp", satp, "hex"]),
      table(
        [0, 1, 2].flatMap((i) => [
          { name: "REG", key: `reg${i}` },
          { name: "VALUE", kind: "hex" as const, key: `value${i}` },
        ]),
        rows,
      ),
    ], {
      json: {
        pid: p.pid,
        pc: hex(pc),
        satp: hex(satp),
        ...Object.fromEntries(values.map(([name, v]) => [name, hex(v)])),
      },
    });
  },
});

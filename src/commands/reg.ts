/** `reg`: a process's registers, or one of them; of a guest, a hart's. */

import { CSR_NAMES } from "../vm/registers.ts";
import { REGISTER_NAMES } from "../vm/machine/isa/register_names.ts";
import { type Cell, pairs, type Result, result, table } from "../framework/result.ts";
import { command, type Context } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { hex } from "../vm/machine/address.ts";
import { didYouMean } from "../vm/nearest.ts";
import { readNamed } from "../session/names.ts";
import { processFor, refusing } from "../session/target.ts";

export default command({
  name: "reg",
  aliases: ["regs"],
  group: "machine",
  summary: "registers of a process as it will run on; one register or CSR, or set one",
  details:
    "On a guest's kernel, without a process, those of the hart that runs, or of another one; a " +
    "process that is inside the kernel has them in its trapframe.",
  args: [
    { name: "register", kind: "register", optional: true },
    { name: "value", kind: "expr", optional: true, doc: "set it to this" },
  ],
  flags: [
    { name: "pid", short: "p", kind: "pid", doc: "of this process" },
    { name: "hart", kind: "count", doc: "of this hart of a guest" },
  ],
  examples: [
    { say: "one", lines: ["spawn", "reg sp"], shows: ["sp 0x3000"] },
    { say: "all", lines: ["spawn", "reg"], shows: ["pc", "satp", "a0"] },
  ],
  run(ctx, { register, value, pid, hart }) {
    if (hart !== undefined || (ctx.vm.guest && (pid ?? ctx.session.pid) === 0)) {
      if (pid !== undefined) throw new CommandError("reg: -p and --hart name two things");
      return ofHart(ctx, hart ?? ctx.vm.hart, register, value);
    }
    const p = processFor(ctx, pid);
    if (register !== undefined && value !== undefined) {
      const n = REGISTER_NAMES.indexOf(register);
      if (n < 1) throw new CommandError(`${register} cannot be set: ra, sp, gp, tp, t0 … a0 …`);
      p.registers.set(register, value);
    }
    if (register !== undefined) {
      const read = readNamed(ctx.vm, register, p.pid) ?? noRegister(register);
      return one(register, read, { pid: p.pid });
    }
    const { pc, satp } = p.registers;
    return all(p.registers.values(), ["pid", p.pid, "pid"], pc, satp, { pid: p.pid });
  },
});

function ofHart(
  ctx: Context,
  hart: number,
  register: string | undefined,
  value: bigint | undefined,
): Result {
  const { vm } = ctx;
  if (!vm.guest) {
    throw new CommandError("reg --hart: only a guest's kernel has harts to choose from");
  }
  if (hart >= vm.harts) {
    throw new CommandError(`no hart ${hart}: there are ${vm.harts}, from 0`);
  }
  const read = (name: string) => vm.register(name, hart) ?? noRegister(name);
  if (register !== undefined && value !== undefined) {
    read(register);
    refusing(() => vm.setRegister(register, value, hart));
  }
  if (register !== undefined) return one(register, read(register), { hart });
  const values = REGISTER_NAMES.map((name) => read(name));
  const mode = vm.mode(hart);
  return all(values, ["hart", hart, "number"], read("pc"), read("satp"), { hart, mode }, mode);
}

function noRegister(name: string): never {
  const hint = didYouMean(name, [...REGISTER_NAMES, "pc", "satp", ...CSR_NAMES]);
  throw new CommandError(`no register ${name}${hint}`);
}

function one(name: string, value: bigint, whose: Record<string, number>): Result {
  return result([pairs([name, value, "hex"])], {
    json: { ...whose, [name]: hex(value) },
    value,
  });
}

/** All of them, three side by side: they fit a terminal of 80 columns. */
function all(
  list: readonly bigint[],
  whose: [string, number, "pid" | "number"],
  pc: bigint,
  satp: bigint,
  json: Record<string, number | string>,
  mode?: string,
): Result {
  const values = list.map((v, n): [string, bigint] => [REGISTER_NAMES[n], v]);
  const rows: Cell[][] = [];
  for (let row = 0; row < 11; row++) {
    rows.push([0, 11, 22].flatMap((from): Cell[] => [...values[from + row] ?? ["", ""]]));
  }
  return result([
    pairs(
      whose,
      ...(mode === undefined ? [] : [["mode", mode] as [string, string]]),
      ["pc", pc, "hex"],
      ["satp", satp, "hex"],
    ),
    table(
      [0, 1, 2].flatMap((i) => [
        { name: "REG", key: `reg${i}` },
        { name: "VALUE", kind: "hex" as const, key: `value${i}` },
      ]),
      rows,
    ),
  ], {
    json: {
      ...json,
      pc: hex(pc),
      satp: hex(satp),
      ...Object.fromEntries(values.map(([name, v]) => [name, hex(v)])),
    },
  });
}

/** `decode`: the fields of a raw PTE. */

import { atPa, type Cell, note, pairs, result, table } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { hex } from "../vm/machine/address.ts";

const BITS: readonly [string, string][] = [
  ["V", "valid"],
  ["R", "readable"],
  ["W", "writable"],
  ["X", "executable"],
  ["U", "user mode may use it"],
  ["G", "global: in every address space"],
  ["A", "accessed since last cleared"],
  ["D", "dirty: written since last cleared"],
  ["RSW0", "software: the COW lab's mark (bit 8)"],
  ["RSW1", "software (bit 9)"],
];

export default command({
  name: "decode",
  group: "inspect",
  summary: "the fields of a raw Sv39 page-table entry",
  args: [{ name: "pte", kind: "expr", doc: "the 64-bit entry" }],
  examples: [{ say: "an entry", lines: ["decode 0x21fcf553"], shows: ["0x87f3d000", "readable"] }],
  run(ctx, args) {
    const pte = BigInt.asUintN(64, args.pte);
    const pa = ((pte >> 10n) & 0xfff_ffff_ffffn) << 12n;
    const rows = BITS.map(([name, meaning], i): Cell[] => [
      i,
      name,
      Number((pte >> BigInt(i)) & 1n),
      meaning,
    ]);
    return result([
      pairs(["PTE", pte, "pte"], ["PA", pa, "pa"], ["FLAGS", ctx.vm.flags(pte)]),
      table([{ name: "BIT", kind: "number" }, { name: "NAME" }, { name: "VALUE", kind: "number" }, {
        name: "MEANING",
      }], rows),
      note(kindOf(pte)),
    ], {
      json: {
        pte: hex(pte),
        pa: hex(pa),
        ppn: hex(pa >> 12n),
        reserved: hex(pte >> 54n),
        kind: kindOf(pte),
        flags: Object.fromEntries(
          BITS.map(([name], i) => [name, ((pte >> BigInt(i)) & 1n) === 1n]),
        ),
      },
      place: atPa(pa),
    });
  },
});

function kindOf(pte: bigint): string {
  if ((pte & 1n) === 0n) return "not valid: every access faults";
  if ((pte >> 54n) !== 0n) return "bits 63–54 are not zero: reserved, every access faults";
  if ((pte & 6n) === 4n) return "writable but not readable: reserved, every access faults";
  if ((pte & 14n) !== 0n) return "a leaf: maps a page";
  return (pte & 0xd0n) === 0n
    ? "a pointer to the next level's table"
    : "a pointer with A, D or U set: reserved, every access faults";
}

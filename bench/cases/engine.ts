/**
 * Guest instructions a second on bare-metal loops, beside QEMU on the same files.
 *
 * @module
 */

import { runBare } from "../../tests/machine/bare_lab.ts";
import { qemuSeconds, qemuStartSeconds, qemuVersion } from "../qemu.ts";
import { best, type Cell, seconds, table, times } from "../report.ts";

const BIN = new URL("../guest/bin/", import.meta.url);
const LOOPS = ["integer", "loadstore", "calls", "compressed", "sieve", "sort", "memset"];
const TRIES = 3;

/** Prints the table. */
export async function engine(): Promise<void> {
  const qemu = await qemuVersion();
  const idle = qemu === undefined ? 0 : await qemuStartSeconds();
  const rows: Cell[][] = [];
  for (const name of LOOPS) {
    const file = new URL(`${name}.elf`, BIN);
    const elf = await Deno.readFile(file);
    const ours = await best(TRIES, () => {
      const result = runBare(elf);
      if (result.end !== "exit" || result.code !== 0) {
        throw new Error(`${name}: ${result.end} ${result.code}`);
      }
      return result.instret;
    });
    const instructions = ours.result;
    const row: Cell[] = [
      name,
      `${(instructions / 1e6).toFixed(0)} M`,
      seconds(ours.seconds),
      (instructions / ours.seconds / 1e6).toFixed(0),
    ];
    if (qemu !== undefined) {
      const theirs = Math.max(1e-3, await qemuSeconds(file.pathname, TRIES) - idle);
      row.push(
        seconds(theirs),
        (instructions / theirs / 1e6).toFixed(0),
        times(ours.seconds / theirs),
      );
    }
    rows.push(row);
  }
  const columns = ["LOOP", "INSTRUCTIONS", "TIME", "MIPS"];
  if (qemu !== undefined) columns.push("QEMU", "QEMU-MIPS", "TIME/QEMU");
  table("engine: bare-metal loops, interpreter (tier 0)", columns, rows);
  console.log(
    qemu === undefined
      ? "  no qemu-system-riscv64 here to compare with"
      : `  ${qemu}; its start-up of ${seconds(idle)} is taken off`,
  );
}

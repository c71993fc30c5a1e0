/**
 * `run cowtest` from start to end: inside a booted VM, and as a person's command with everything in
 * it.
 *
 * @module
 */

import { best, type Cell, seconds, table } from "../report.ts";
import { shellSeconds } from "../shell.ts";
import { bootedVm } from "../vm.ts";

/** Prints the table. */
export async function cowtest(): Promise<void> {
  const rows: Cell[][] = [];
  const inside = await best(3, () => {
    const report = bootedVm("cow", "128M").run("cowtest");
    if (report.status !== 0) throw new Error(`cowtest ended with ${report.status}`);
    return report;
  });
  const { instructions, framesCopied, forks } = inside.result;
  rows.push(["boot and run", seconds(inside.seconds)]);
  rows.push(["as a command", seconds(await shellSeconds(["-c", "run cowtest"], 3))]);
  table("cowtest under cow", ["", "TIME"], rows);
  console.log(`  ${instructions} instructions, ${forks} forks, ${framesCopied} frames copied`);
}

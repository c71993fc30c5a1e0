/**
 * From start to exit: the shell with one command beside a Deno that does nothing.
 *
 * @module
 */

import { best, seconds, table, times } from "../report.ts";
import { shellSeconds } from "../shell.ts";

const TRIES = 7;

/** Prints the table. */
export async function start(): Promise<void> {
  const nothing = (await best(TRIES, async () => {
    const command = new Deno.Command(Deno.execPath(), { args: ["eval", "0"] });
    if (!(await command.output()).success) throw new Error("deno eval failed");
  })).seconds;
  const shell = await shellSeconds(["-c", "ps"], TRIES);
  table("start to exit", ["", "TIME", "RATIO"], [
    ["deno eval 0", seconds(nothing), times(1)],
    ["cowsh -c ps", seconds(shell), times(shell / nothing)],
  ]);
}

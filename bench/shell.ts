/**
 * The shell as a process of its own.
 *
 * @module
 */

import { best } from "./report.ts";

const MAIN = new URL("../main.ts", import.meta.url).pathname;

/** Seconds from start to exit of the shell with these arguments, the best of some tries. */
export async function shellSeconds(args: string[], tries: number): Promise<number> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-read", "--allow-write", MAIN, ...args],
    stdin: "null",
  });
  return (await best(tries, async () => {
    const { code, stderr } = await command.output();
    if (code !== 0) throw new Error(`cowsh ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  })).seconds;
}

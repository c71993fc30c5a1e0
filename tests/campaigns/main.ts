/**
 * Runs campaigns: long random searches that the suite has no time for.
 *
 *     deno task campaign                          what there is
 *     deno task campaign memory                   one of them, with its own count
 *     deno task campaign memory --seed 7 --count 100000
 *
 * Exit code 0: nothing wrong; 1: a wrong answer, printed with its seed; 2: usage; 5: a program it needs is missing.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { alloc } from "./alloc.ts";
import { type Campaign, Random } from "./campaign.ts";
import { casts } from "./casts.ts";
import { memory } from "./memory.ts";
import { code } from "./code.ts";
import { cpu } from "./cpu.ts";
import { elf } from "./elf.ts";
import { files } from "./files.ts";
import { harts } from "./harts.ts";
import { lines } from "./lines.ts";
import { regions } from "./regions.ts";
import { tiers } from "./tiers.ts";

/** All of them, in the order of docs/reliability.md. */
const CAMPAIGNS: readonly Campaign[] = [
  code,
  cpu,
  regions,
  tiers,
  harts,
  elf,
  files,
  casts,
  lines,
  memory,
  alloc,
];

/** Runs what the words ask for; the exit code. */
async function main(words: readonly string[]): Promise<number> {
  const flags = parseArgs([...words], { string: ["seed", "count"] });
  const [name, ...more] = flags._.map(String);
  if (name === undefined) {
    for (const c of CAMPAIGNS) {
      console.log(`${c.name.padEnd(12)} ${c.about} (${c.count} ${c.unit})`);
    }
    return 0;
  }
  const campaign = CAMPAIGNS.find((c) => c.name === name);
  if (campaign === undefined || more.length > 0) {
    const names = CAMPAIGNS.map((c) => c.name).join(", ");
    console.error(`no campaign "${[name, ...more].join(" ")}": there are ${names}`);
    return 2;
  }
  const seed = wholeNumber("seed", flags.seed, 1810);
  const count = wholeNumber("count", flags.count, campaign.count);
  for (const program of campaign.needs ?? []) {
    if (await found(program)) continue;
    console.error(`${name} needs ${program}, which is not in PATH`);
    return 5;
  }
  return await runOne(campaign, seed, count);
}

async function runOne(campaign: Campaign, seed: number, count: number): Promise<number> {
  const { name, unit } = campaign;
  const again = `deno task campaign ${name} --seed ${seed} --count ${count}`;
  const began = Date.now();
  let units = 0, drawn = began;
  const seconds = () => `${Math.round((Date.now() - began) / 1000)} s`;
  const done = (more: number) => {
    units += more;
    // On a terminal a line that changes, elsewhere a new one now and then.
    const terminal = Deno.stderr.isTerminal();
    if (Date.now() - drawn < (terminal ? 1000 : 60_000)) return;
    drawn = Date.now();
    const line = `${name}: ${units} of ${count} ${unit}, ${seconds()}`;
    Deno.stderr.writeSync(new TextEncoder().encode(terminal ? `\r\x1b[K${line}` : `${line}\n`));
  };
  try {
    await campaign.run({ seed, count, random: new Random(seed), done });
  } catch (error) {
    console.error(`${name}: wrong after ${units} ${unit}; again with: ${again}`);
    console.error(error instanceof Error ? error.stack : error);
    return 1;
  }
  if (Deno.stderr.isTerminal()) Deno.stderr.writeSync(new TextEncoder().encode("\r\x1b[K"));
  console.log(`${name}: ${units} ${unit}, nothing wrong, ${seconds()} (${again})`);
  return 0;
}

function wholeNumber(flag: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text.replace(/^10\^(\d+)$/, "1e$1"));
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${flag} ${text}: a whole number, or 10^N, would be right`);
  Deno.exit(2);
}

async function found(program: string): Promise<boolean> {
  try {
    await new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" })
      .output();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));

/**
 * `compare`: one workload under several designs, side by side.
 *
 * @module
 */

import { type Cell, command, type Context, EXIT, FORCE } from "../framework/command.ts";
import { type Json, note, result, table } from "../framework/result.ts";
import { barChart } from "../format/chart.ts";
import { measure, type Measured, startTrial, timeForks, WORKLOADS } from "../session/designs.ts";
import { loadProgram } from "../session/program.ts";
import type { Run } from "../vm/run.ts";
import { refusing } from "../session/target.ts";

const DESIGNS = ["eager", "cow", "share-readonly"];

export default command({
  name: "compare",
  group: "inspect",
  summary: "run one workload under several memory designs and set the costs side by side",
  details:
    "Each design gets a freshly booted computer with this session's RAM, swap, quantum, seed, calls and disk. A design " +
    "is exactly what its name says, a fork policy with mechanisms behind +: cow+superpages, cow+whole (2 MiB pages copied " +
    "whole), eager+demand, cow+lazy. Workloads that come with the shell: " +
    `${
      Object.keys(WORKLOADS).join(", ")
    }; or any program. The kernel is no guest code, so fork itself retires no instructions: --time says what it costs the host.`,
  args: [
    { name: "workload", kind: "program", doc: "a workload or a program" },
    { name: "args", kind: "text", rest: true, verbatim: true, doc: "the program's arguments" },
  ],
  flags: [
    {
      name: "policies",
      kind: "text",
      many: true,
      doc: `designs; ${DESIGNS.join(",")} unless given`,
    },
    { name: "svg", kind: "file", doc: "also write a bar chart" },
    FORCE,
    {
      name: "time",
      doc: "also the host's milliseconds, in fork and in all: they differ from run to run",
    },
  ],
  examples: [{
    say: "what fork costs under each policy",
    lines: ["compare fork-exec"],
    shows: ["eager", "cow", "share-readonly", "FORK-PTES"],
  }, {
    say: "superpages: split them, or copy them whole",
    lines: ["compare --policies cow,cow+superpages,cow+whole forkwrite 4"],
    shows: ["cow+superpages", "cow+whole"],
  }],
  async run(ctx, { workload, args, policies, svg, time, force }) {
    // Before the work, not after it.
    if (svg !== undefined) ctx.files.check(svg, force === true);
    const known = args.length === 0 ? WORKLOADS[workload] : undefined;
    const loaded = known === undefined
      ? await loadProgram(ctx, workload, Object.keys(WORKLOADS))
      : undefined;
    const line = known?.line ?? [loaded!.name, ...args];
    const designs = policies ?? DESIGNS;
    const rows: Measured[] = [];
    const cut: string[] = [];
    const times: { ms: number; forkMs: number }[] = [];
    for (const design of designs) {
      ctx.progress(`${design}: ${line.join(" ")} …`);
      const trial = refusing(
        () => startTrial(design, ctx.vm, line, known?.input, loaded?.bytes),
        EXIT.load,
      );
      if (time) timeForks(trial);
      const before = performance.now();
      const ending = await finish(ctx, trial.run);
      times.push({ ms: performance.now() - before, forkMs: trial.fork.ms });
      ctx.progress("");
      if (ending === "interrupted") {
        return result([note("interrupted", "warn")], { status: EXIT.interrupted });
      }
      if (ending === "budget") cut.push(design);
      rows.push(measure(trial));
    }
    const title = line.join(" ");
    if (svg !== undefined) {
      const text = barChart(title, designs, measures(rows));
      ctx.files.write(svg, new TextEncoder().encode(text), force === true);
    }
    const failed = rows.filter((r) => r.status !== 0).map((r) => r.design);
    const ran = failed.filter((design) => !cut.includes(design));
    return result([
      note(title, "strong"),
      table(
        [...COLUMNS, ...(time ? TIMES : [])],
        rows.map((
          r,
          i,
        ) => [...cells(r), ...(time ? [times[i].forkMs.toFixed(2), times[i].ms.toFixed(0)] : [])]),
        "designs",
      ),
      ...(ran.length === 0 ? [] : [note(`did not end with status 0: ${ran.join(", ")}`, "warn")]),
      ...(cut.length === 0
        ? []
        : [note(`cut off, the instruction budget is used up: ${cut.join(", ")}`, "warn")]),
      ...(svg === undefined ? [] : [note(`${svg} written`, "dim")]),
    ], {
      json: {
        workload: title,
        designs: rows.map((r, i): Json => ({
          ...r,
          faults: { ...r.faults },
          ...(time ? times[i] : {}),
        })),
      },
      status: cut.length === 0 ? EXIT.ok : EXIT.budget,
    });
  },
});

const TIMES = [
  { name: "FORK-MS", align: "right" as const },
  { name: "MS", align: "right" as const },
];
const COLUMNS = [
  { name: "DESIGN" },
  { name: "STATUS", kind: "number" as const },
  { name: "FETCH", kind: "number" as const },
  { name: "LOAD", kind: "number" as const },
  { name: "STORE", kind: "number" as const },
  { name: "COPIED", kind: "number" as const },
  { name: "BYTES", kind: "size" as const },
  { name: "FORKS", kind: "number" as const },
  { name: "FORK-PTES", kind: "number" as const },
  { name: "TABLES", kind: "number" as const },
  { name: "PEAK", kind: "number" as const },
  { name: "INSTRUCTIONS", kind: "number" as const },
  { name: "TLB-MISSES", kind: "number" as const },
  { name: "SWAP-IN", kind: "number" as const },
  { name: "SWAP-OUT", kind: "number" as const },
];

function cells(r: Measured): Cell[] {
  return [
    r.design,
    r.status,
    r.faults.fetch,
    r.faults.load,
    r.faults.store,
    r.framesCopied,
    r.bytesCopied,
    r.forks,
    r.forkPtes,
    r.forkTables,
    r.peakFrames,
    r.instructions,
    r.tlbMisses,
    r.swappedIn,
    r.swappedOut,
  ];
}

function measures(rows: readonly Measured[]) {
  const pick = (name: string, of: (r: Measured) => number) => ({ name, values: rows.map(of) });
  return [
    pick("store faults", (r) => r.faults.store),
    pick("frames copied", (r) => r.framesCopied),
    pick("PTEs written at fork", (r) => r.forkPtes),
    pick("table pages at fork", (r) => r.forkTables),
    pick("peak frames", (r) => r.peakFrames),
    pick("TLB misses", (r) => r.tlbMisses),
    pick("instructions", (r) => r.instructions),
  ];
}

/** Runs to the end in slices, or until the budget of instructions is used up. */
async function finish(ctx: Context, run: Run): Promise<"over" | "budget" | "interrupted"> {
  const { budget } = ctx.session.settings;
  let left = budget === undefined ? Number.MAX_SAFE_INTEGER : Number(budget);
  return await ctx.inSlices((n) => {
    const part = Math.min(n, left);
    left -= part;
    return run.slice(part) ? "over" : left <= 0 ? "budget" : undefined;
  });
}

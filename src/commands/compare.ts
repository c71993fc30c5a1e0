/** `compare`: one workload under several designs, side by side. */

import { command, type Context, FORCE } from "../framework/command.ts";
import { EXIT } from "../framework/errors.ts";
import { type ColumnOf, note, result, tableOf } from "../framework/result.ts";
import { barChart } from "../format/chart.ts";
import { asJson } from "../format/json.ts";
import { POLICY_NAMES } from "../vm/boot_options.ts";
import { measure, type Measured, startTrial, timeForks, WORKLOADS } from "../session/designs.ts";
import { loadProgram } from "../session/program.ts";
import type { Run } from "../vm/run.ts";
import { refusing } from "../session/target.ts";

/** Every fork policy, xv6's own first: the others are held against it. */
const DESIGNS = ["eager", ...POLICY_NAMES.filter((name) => name !== "eager")];

export default command({
  name: "compare",
  group: "inspect",
  summary: "run one workload under several memory designs and set the costs side by side",
  details:
    "Each design gets a freshly booted computer with this session's RAM, swap, quantum, seed, " +
    "calls and disk. A design is exactly what its name says, a fork policy with mechanisms " +
    "behind +: cow+superpages, cow+whole (2 MiB pages copied whole), eager+demand, cow+lazy. " +
    `Workloads that come with the shell: ${Object.keys(WORKLOADS).join(", ")}; or any program. ` +
    "The kernel is no guest code, so fork itself retires no instructions: --time says what it " +
    "costs the host.",
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
    const rows: Priced[] = [];
    const cut: string[] = [];
    for (const design of designs) {
      ctx.progress(`${design}: ${line.join(" ")} …`);
      const trial = refusing(
        () => startTrial(design, ctx.vm, line, known?.input, loaded?.bytes),
        EXIT.load,
      );
      if (time) timeForks(trial);
      const before = performance.now();
      const ending = await finish(ctx, trial.run);
      const times = { ms: performance.now() - before, forkMs: trial.fork.ms };
      ctx.progress("");
      if (ending === "interrupted") {
        return result([note("interrupted", "warn")], { status: EXIT.interrupted });
      }
      if (ending === "budget") cut.push(design);
      rows.push({ ...measure(trial), ...(time ? times : {}) });
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
      tableOf(rows, "designs", [...COLUMNS, ...(time ? TIMES : [])]),
      ...(ran.length === 0 ? [] : [note(`did not end with status 0: ${ran.join(", ")}`, "warn")]),
      ...(cut.length === 0
        ? []
        : [note(`cut off, the instruction budget is used up: ${cut.join(", ")}`, "warn")]),
      ...(svg === undefined ? [] : [note(`${svg} written`, "dim")]),
    ], {
      json: {
        workload: title,
        designs: asJson(rows),
      },
      status: cut.length === 0 ? EXIT.ok : EXIT.budget,
    });
  },
});

/** What a design cost, with --time the host's milliseconds in all and in fork as well. */
type Priced = Measured & { readonly ms?: number; readonly forkMs?: number };

const TIMES: readonly ColumnOf<Priced>[] = [
  ["FORK-MS", "number", ({ forkMs }) => forkMs?.toFixed(2)],
  ["MS", "number", ({ ms }) => ms?.toFixed(0)],
];
const COLUMNS: readonly ColumnOf<Priced>[] = [
  ["DESIGN", "text", (r) => r.design],
  ["STATUS", "number", (r) => r.status],
  ["FETCH", "number", (r) => r.faults.fetch],
  ["LOAD", "number", (r) => r.faults.load],
  ["STORE", "number", (r) => r.faults.store],
  ["COPIED", "number", (r) => r.framesCopied],
  ["BYTES", "size", (r) => r.bytesCopied],
  ["FORKS", "number", (r) => r.forks],
  ["FORK-PTES", "number", (r) => r.forkPtes],
  ["TABLES", "number", (r) => r.forkTables],
  ["PEAK", "number", (r) => r.peakFrames],
  ["INSTRUCTIONS", "number", (r) => r.instructions],
  ["TLB-MISSES", "number", (r) => r.tlbMisses],
  ["SWAP-IN", "number", (r) => r.swappedIn],
  ["SWAP-OUT", "number", (r) => r.swappedOut],
];

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

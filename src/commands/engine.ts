/** `engine`: what executes the guest's instructions, and the code that was translated for it. */

import { type CodeOwner, codeOwners } from "../vm/code_owner.ts";
import { hex } from "../vm/machine/address.ts";
import { counted } from "../vm/machine/counted.ts";
import type { RegionReport } from "../vm/reports.ts";
import { command, type Context } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import { note, pairs, type Result, result, type Section, tableOf } from "../framework/result.ts";
import {
  type OwnedRegion,
  regionJson,
  regionSections,
  regionsTable,
  share,
} from "../format/regions.ts";

export default command({
  name: "engine",
  group: "machine",
  summary: "what executes instructions: interpreter and translated regions, why each was left",
  details:
    "What runs often is translated to WebAssembly, a region of guest code at a time; the rest is " +
    "interpreted. regions lists those that are translated now, the busiest first: CODE guest " +
    "instructions, WASM bytes, BOUND the places in memory where its code stands now; and how its " +
    "runs ended: ELSEWHERE where another page is looked up, OUTSIDE in code of the page that is " +
    "not in it, HOST with an instruction that the interpreter has to execute, BUDGET as the " +
    "engine was to run no further. show has the code of those in which a function or address " +
    "stands, DEPTH calls deep in the region, and its WebAssembly. What is run again for the past " +
    "counts, too. docs/engine.md says how regions are made.",
  args: [
    { name: "what", kind: "text", optional: true, choices: ["regions", "show"] },
    { name: "where", kind: "symbol", optional: true, doc: "show: a function, or an address in it" },
  ],
  flags: [
    {
      name: "most",
      short: "n",
      kind: "count",
      doc: "so many regions at most; regions: all unless given, show: one",
    },
    { name: "guest", short: "g", doc: "show: the guest's code, without the WebAssembly" },
  ],
  examples: [{
    say: "after a program that runs long enough",
    lines: ["run usertests mem", "engine"],
    shows: ["interpreter", "regions", "samples"],
  }],
  run(ctx, { what, where, most, guest }): Result {
    if (what === undefined) return summary(ctx);
    if (what === "regions") {
      if (where !== undefined) {
        throw new CommandError(`engine regions has no use for ${where}; engine show ${where}`);
      }
      return list(ctx, most);
    }
    if (where === undefined) {
      throw new CommandError("engine show needs WHERE: a function, or an address in it");
    }
    return show(ctx, where, most ?? 1, guest ?? false);
  },
});

/** Why there is no region. */
function nothing(ctx: Context): Section {
  return note(
    ctx.vm.engine.summary().compile === "never"
      ? "nothing is ever translated: this computer was started with --compile never"
      : "nothing is translated yet: what runs often will be",
    "dim",
  );
}

function summary(ctx: Context): Result {
  const { instructions, inside, regions, steps, bytes, ...more } = ctx.vm.engine.summary();
  const tiers = [
    { name: "interpreter", instructions: instructions - inside },
    { name: "regions", instructions: inside, regions, steps, bytes },
  ];
  return result([
    tableOf(tiers, "tiers", [
      ["TIER", "text", ({ name }) => name],
      ["INSTRUCTIONS", "number", (tier) => tier.instructions],
      [
        "SHARE",
        "number",
        (tier) => ({
          value: instructions === 0 ? null : tier.instructions / instructions,
          shown: share(tier.instructions, instructions),
        }),
      ],
      ["REGIONS", "number", (tier) => tier.regions],
      ["CODE", "number", (tier) => tier.steps],
      ["WASM", "number", (tier) => tier.bytes],
    ]),
    ...(regions === 0 ? [nothing(ctx)] : []),
    pairs(
      ["samples", more.samples, "number"],
      ["samples-inside", more.samplesInside, "number"],
      ["translated", more.translated, "number"],
      ["code-changed", more.changed, "number"],
      ["resets", more.resets, "number"],
    ),
  ]);
}

function list(ctx: Context, most = Infinity): Result {
  const all = ctx.vm.engine.regions();
  if (all.length === 0) return result([nothing(ctx)], { json: { regions: [] } });
  const rows = owned(ctx, all.slice(0, most));
  const left = all.length - rows.length;
  return result([
    regionsTable(rows),
    ...(left === 0 ? [] : [note(`… and ${left} more`, "dim")]),
  ]);
}

function owned({ vm }: Context, regions: readonly RegionReport[]): OwnedRegion[] {
  const owner = codeOwners(vm);
  return regions.map((region) => ({ region, owner: owner(region.blocks) }));
}

function show(ctx: Context, where: string, most: number, guest: boolean): Result {
  const all = ctx.vm.engine.regions();
  if (all.length === 0) return result([nothing(ctx)], { json: { regions: [] } });
  const found = holding(ctx, where, owned(ctx, all));
  const shown = found.slice(0, Math.max(1, most));
  const left = found.length - shown.length;
  return result([
    ...shown.flatMap((one) => regionSections(one, guest)),
    ...(left === 0
      ? []
      : [note(`… and ${counted(left, "more region")} with it: -n ${found.length}`, "dim")]),
  ], { json: { regions: shown.map((one) => regionJson(one, guest)) } });
}

/** The regions that have code of a function, or at an address: those that begin there first. */
function holding(ctx: Context, where: string, all: readonly OwnedRegion[]): OwnedRegion[] {
  const isName = /^[A-Za-z_]\w*$/.test(where);
  const at = isName ? 0n : BigInt.asUintN(64, ctx.evaluate(where));
  const has = (owner: CodeOwner, pc: number, bytes: number) =>
    isName ? owner.functionAt(BigInt(pc)) === where : at >= pc && at < pc + bytes;
  const begins: OwnedRegion[] = [], others: OwnedRegion[] = [];
  for (const one of all) {
    const { region: { blocks, root }, owner } = one;
    if (has(owner, root, 1)) begins.push(one);
    else if (blocks.some(({ pc, code }) => has(owner, pc, 2 * code.length))) others.push(one);
  }
  const found = [...begins, ...others];
  if (found.length > 0) return found;
  const meant = isName || where === hex(at) ? where : `${where} (${hex(at)})`;
  throw new CommandError(
    `${meant} is in no region: not translated, or not any more; engine regions lists them`,
    EXIT.failed,
  );
}

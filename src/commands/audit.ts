/** `audit`: everything in memory that does not fit together. */

import { command, type Context } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import {
  consoleText,
  type Json,
  note,
  type Result,
  result,
  type Section,
} from "../framework/result.ts";
import { trailJson, trailSections } from "../format/trail.ts";
import { findingSections, findingsJson } from "../format/findings.ts";
import { type Ending, hartPlace, runGuest, said, STATUS } from "../session/guest_run.ts";
import { refusing } from "../session/target.ts";
import { hex } from "../vm/machine/address.ts";
import { counted } from "../vm/machine/counted.ts";
import type { EventKind } from "../vm/events.ts";
import { EACH, type Each, type Finding } from "../vm/reports.ts";

export default command({
  name: "audit",
  group: "inspect",
  summary: "check counts, page tables, the free list and the TLB against each other",
  details:
    "Names each broken rule with its frame and owners: a leak, a wrong count, a frame free " +
    "while mapped or writable by two, a right or mark lost or gained, a damaged PTE, a dirty " +
    "page unmarked, a table leak, a stale TLB entry … docs/audit.md lists them all. A finding " +
    "makes the command fail. With --each a kernel of your own runs on, and is audited whenever a " +
    "process leaves user mode, by a system call or at all, or another one than before; it stops " +
    "at the first moment that is not in order. LINE is typed at its console first. In the middle " +
    "of a fork counts and page tables need not agree: --next runs on to where they have to.",
  args: [{
    name: "words",
    kind: "text",
    rest: true,
    verbatim: true,
    optional: true,
    doc: "the line that is typed first, with --each",
  }],
  flags: [
    { name: "each", kind: "text", choices: EACH, doc: "run on, and audit at each of these" },
    { name: "for", kind: "expr", doc: "with --each: most instructions" },
    { name: "next", doc: "a kernel of your own runs on first, to where it is at rest" },
  ],
  examples: [{ say: "all is well", lines: ["spawn", "fork", "audit"], shows: ["clean"] }],
  async run(ctx, { each, words, for: most, next }) {
    const line = words.length === 0 ? undefined : words.join(" ");
    if (each !== undefined && next) {
      throw new CommandError("audit --each --next: one of them; --each passes what is not at rest");
    }
    if (each !== undefined) return await auditEach(ctx, each as Each, line, most);
    if (line !== undefined || most !== undefined) {
      throw new CommandError(
        `audit ${line ?? "--for"}: only with --each; audit looks at this moment`,
      );
    }
    const ran = next ? await toRest(ctx) : { sections: [], json: {} };
    const findings = ctx.vm.audit();
    const { free, total } = ctx.vm.census();
    const unjudged = ctx.vm.unjudged();
    const left = unjudged.map((what) => note(`not judged: ${what}`, "dim"));
    const clean = findings.length === 0;
    const trails = trailsOf(ctx, findings);
    const text = `clean: ${total} frames, ${free ?? "an unknown number"} free`;
    const waits = ctx.vm.guest && findings.some((one) => one.class === "not at rest");
    return result([
      ...ran.sections,
      ...(clean ? [note(text, "good")] : findingSections(findings)),
      ...trails.sections,
      ...left,
      ...(waits ? [note("audit --next runs on to where it is at rest")] : []),
    ], {
      json: { ...ran.json, clean, findings: findingsJson(findings), unjudged, ...trails.json },
      api: "expect(vm).toPassAudit();",
      value: BigInt(findings.length),
      ...(clean ? {} : { status: EXIT.failed }),
    });
  },
});

/** Frames whose trails are told: those of the weightiest findings. */
const TRAILS = 2;

/** Findings of frames that something led to before. */
const LOST: readonly Finding["class"][] = ["leak", "table leak"];

/** How the frames of a guest's findings came to that, where its past is recorded. */
function trailsOf({ vm }: Context, findings: readonly Finding[], fine?: number): {
  sections: Section[];
  json: { trails?: { [key: string]: Json } };
} {
  if (!vm.guest || !vm.history.recording) return { sections: [], json: {} };
  const frames = findings.filter(({ pa }, i) =>
    pa !== undefined && findings.findIndex((one) => one.pa === pa) === i
  ).slice(0, TRAILS);
  const trails = frames.map((finding) => {
    const content = finding.class === "shared page written";
    const since = LOST.includes(finding.class) ? fine : undefined;
    return { finding, steps: vm.trail(finding.pa!, { content, since }) };
  });
  if (trails.length === 0) return { sections: [], json: {} };
  return {
    sections: trails.flatMap(({ finding, steps }) => trailSections(vm, finding, steps)),
    json: {
      trails: Object.fromEntries(
        trails.map(({ finding, steps }) => [hex(finding.pa!), trailJson(vm, steps)]),
      ),
    },
  };
}

/** How a process comes into its kernel, and back: there a kernel is at rest, if at all. */
const BORDERS: readonly EventKind[] = ["fault", "syscall", "trap", "return"];

/** A guest runs on to where its kernel is at rest, unless it is. */
async function toRest(
  ctx: Context,
): Promise<{ sections: Section[]; json: { [key: string]: Json } }> {
  const { vm } = ctx;
  if (!vm.guest) {
    throw new CommandError("audit --next: the built-in kernel is at rest at every prompt");
  }
  const since = vm.instret;
  let console = "";
  let ending: Ending | undefined;
  while (vm.unrest() !== undefined) {
    const ran = await runGuest(ctx, { until: { kinds: BORDERS } });
    console += ran.console;
    ending = ran.ending;
    if (ending.kind !== "trapped" && ending.kind !== "event") break;
  }
  if (ending === undefined) return { sections: [], json: {} };
  return {
    sections: [consoleText(console), ...said(ctx, ending), ...hartPlace(ctx)],
    json: { since, instret: vm.instret, stop: ending.kind, console },
  };
}

/** Lets a guest run, and audits at each moment of a kind. */
async function auditEach(
  ctx: Context,
  each: Each,
  line: string | undefined,
  most: bigint | undefined,
): Promise<Result> {
  const { vm } = ctx;
  if (most !== undefined && most < 1n) {
    throw new CommandError(`audit --for ${most}: want at least one instruction`);
  }
  const report = refusing(() => vm.auditEach(each), EXIT.failed)!;
  // What led to a finding is looked up in the record.
  vm.history.start();
  const from = vm.instret;
  try {
    if (line !== undefined) vm.type(`${line}\n`);
    const budget = most === undefined ? undefined : Number(most);
    // Once the line has been done, nobody types any more.
    const going = { budget, ...(line === undefined ? {} : { typed: false }) };
    const { ending, console } = await runGuest(ctx, going);
    const { looks, skipped, fine, findings } = report;
    const broken = ending.kind === "broken";
    const trails = trailsOf(ctx, findings, fine);
    const moments = `${
      counted(
        looks,
        each === "switch" ? "switch" : each,
        each === "switch" ? "switches" : undefined,
      )
    }`;
    const rest = skipped === 0 ? "" : `; ${skipped} were not judged: the kernel was not at rest`;
    const sections: Section[] = broken
      ? [
        note(
          `not in order at instruction ${vm.instret}` +
            (fine === undefined ? "" : `; in order at ${fine}`) + `, after ${moments}${rest}`,
          "bad",
        ),
        ...findingSections(findings),
        ...trails.sections,
        ...hartPlace(ctx),
      ]
      : [
        ...(ending.kind === "budget" && most !== undefined ? [] : said(ctx, ending)),
        ending.kind === "panic"
          ? note(`in order at the ${moments} before${rest}`, "dim")
          : note(`clean at ${moments}${rest}`, "good"),
      ];
    return result([consoleText(console), ...sections], {
      json: {
        clean: !broken,
        findings: findingsJson(findings),
        looks,
        skipped,
        fine: fine ?? null,
        since: from,
        instret: vm.instret,
        stop: ending.kind,
        console,
        ...trails.json,
      },
      value: BigInt(findings.length),
      status: broken ? EXIT.failed : STATUS[ending.kind] ?? EXIT.ok,
    });
  } finally {
    vm.auditEach(undefined);
  }
}

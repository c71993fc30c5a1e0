/** `audit`: everything in memory that does not fit together. */

import { command } from "../framework/command.ts";
import { EXIT } from "../framework/errors.ts";
import { hex } from "../vm/machine/address.ts";
import { type Json, note, result, tableOf } from "../framework/result.ts";
import { membersJson } from "../format/json.ts";
import { mappingJson } from "../format/views.ts";

export default command({
  name: "audit",
  group: "inspect",
  summary: "check counts, page tables, the free list and the TLB against each other",
  details:
    "Names each broken rule with its frame and owners: a leak, a wrong count, a frame free " +
    "while mapped or writable by two, a right or mark lost or gained, a damaged PTE, a dirty " +
    "page unmarked, a table leak, a stale TLB entry … docs/audit.md lists them all. A finding " +
    "makes the command fail.",
  examples: [{ say: "all is well", lines: ["spawn", "fork", "audit"], shows: ["clean"] }],
  run(ctx) {
    const findings = ctx.vm.audit();
    const { free, total } = ctx.vm.census();
    const unjudged = ctx.vm.unjudged();
    const left = unjudged.map((what) => note(`not judged: ${what}`, "dim"));
    if (findings.length === 0) {
      const text = `clean: ${total} frames, ${free ?? "an unknown number"} free`;
      return result([note(text, "good"), ...left], {
        json: { clean: true, findings: [], unjudged },
        api: "expect(vm).toPassAudit();",
        value: 0n,
      });
    }
    return result([
      tableOf(findings, "findings", [
        ["CLASS", "text", (f) => ({ value: f.class, tone: "bad" })],
        ["PA", "pa", (f) => f.pa],
        ["VA", "va", (f) => f.va],
        ["PID", "pid", (f) => f.pid],
        ["STORED", "number", (f) => f.stored],
        ["COUNTED", "number", (f) => f.counted],
        ["OWNERS", "text", (f) => f.owners.map((m) => `${m.pid}:${hex(m.va)}`).join(" ")],
        ["DETAIL", "text", (f) => f.detail],
      ]),
      ...left,
    ], {
      json: {
        clean: false,
        unjudged,
        findings: findings.map((f): Json => ({
          ...membersJson(f),
          owners: f.owners.map(mappingJson),
        })),
      },
      status: EXIT.failed,
      value: BigInt(findings.length),
      api: "expect(vm).toPassAudit();",
    });
  },
});

/** What an audit has found, as rows and in JSON. */

import { type Json, note, type Section, tableOf } from "../framework/result.ts";
import { counted } from "../vm/machine/counted.ts";
import { hex } from "../vm/machine/address.ts";
import type { Finding } from "../vm/reports.ts";
import { membersJson } from "./json.ts";
import { mappingJson } from "./views.ts";

/** More of one kind are counted, and not shown; JSON has them all. */
const SHOWN = 12;

/** The findings as a table, the weightiest first. */
export function findingSections(findings: readonly Finding[]): Section[] {
  const seen = new Map<string, number>();
  const shown = findings.filter(({ class: rule }) => {
    const n = (seen.get(rule) ?? 0) + 1;
    seen.set(rule, n);
    return n <= SHOWN;
  });
  const more = [...seen].filter(([, n]) => n > SHOWN)
    .map(([rule, n]) => note(`and ${counted(n - SHOWN, "more finding")} of ${rule}`, "dim"));
  return [
    tableOf(shown, "findings", [
      ["CLASS", "text", (f) => ({ value: f.class, tone: "bad" })],
      ["PA", "pa", (f) => f.pa],
      ["VA", "va", (f) => f.va],
      ["PID", "pid", (f) => f.pid],
      ["STORED", "number", (f) => f.stored],
      ["COUNTED", "number", (f) => f.counted],
      ["OWNERS", "text", (f) => f.owners.map((m) => `${m.pid}:${hex(m.va)}`).join(" ")],
      ["DETAIL", "text", (f) => f.detail],
    ]),
    ...more,
  ];
}

/** The same in JSON, all of them. */
export function findingsJson(findings: readonly Finding[]): Json[] {
  return findings.map((f) => ({ ...membersJson(f), owners: f.owners.map(mappingJson) }));
}

/** What `pte` says an access would do is what it does: every kind of page, every policy. */

import { reclaim } from "../../src/vm/kernel/memory/reclaim/reclaim.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Process } from "../../src/vm/process.ts";
import { POLICIES } from "../../src/vm/kernel/fork/policies.ts";
import type { AccessReport } from "../../src/vm/reports.ts";
import type { BootOptions, Vm } from "../../src/vm/vm.ts";
import type { Verdict } from "../../src/vm/inspect/hardware_verdict.ts";
import { assertAudit, boot } from "../vm/lab.ts";
import { kernelOf } from "../../src/vm/parts.ts";

const PAGE = 4096;

/** A family whose pages are in every state there is, and the addresses worth asking about. */
function zoo(vm: Vm): { processes: Process[]; addresses: bigint[] } {
  const p = vm.spawn();
  p.sbrk(8 * PAGE);
  p.sbrk(4 * PAGE, "lazy");
  const put = (text: string) =>
    [...text].forEach((c, i) => p.store(0x3000 + i, c.charCodeAt(0), 1));
  put("README\0");
  const fd = Number(p.call("open", 0x3000, 0).result);
  put("new\0");
  const rw = Number(p.call("open", 0x3000, 0x202).result);
  p.call("write", rw, 0x3000, 3 * PAGE);
  const maps = [
    p.mmap(2 * PAGE),
    p.mmap(2 * PAGE, { prot: "r" }),
    p.mmap(2 * PAGE, { shared: true }),
    p.mmap(2 * PAGE, { prot: "" }),
    p.mmap(2 * PAGE, { prot: "rx" }),
    p.mmap(2 * PAGE, { prot: "w" }),
    p.mmap(2 * PAGE, { prot: "r", fd }),
    p.mmap(2 * PAGE, { prot: "rw", fd }),
    p.mmap(3 * PAGE, { shared: true, fd: rw }),
  ].map(BigInt);
  for (const at of [maps[0], maps[2], maps[5], maps[7], maps[8]]) p.store(at, 5n);
  for (const at of [maps[1], maps[6]]) p.load(at);
  p.mprotect(0x4000, PAGE, "r");
  p.mprotect(0x5000, PAGE, "");
  const child = p.fork();
  const grandchild = child.fork();
  child.store(0x6000, 1n);
  p.store(0x7000, 1n);
  p.mprotect(0x8000, PAGE, "r");
  p.mprotect(0x8000, PAGE, "rw");
  grandchild.exit(0);
  child.wait();
  const heap = Array.from({ length: 14 }, (_, i) => BigInt(0x3000 + i * PAGE));
  const edges = [0n, 0x1000n, 0x2000n, 0x2ff8n, 1n << 31n, 0x3f_ffff_d000n, 0x3f_ffff_e000n];
  const beyond = [0x3f_ffff_f000n, 1n << 38n, 1n << 39n, 0xffff_ffff_ffff_f000n, 1n << 63n];
  const mapped = maps.flatMap((at) => [at, at + BigInt(PAGE), at + BigInt(2 * PAGE)]);
  return { processes: [p, child], addresses: [...heap, ...edges, ...beyond, ...mapped] };
}

/** Holds a verdict against what really happened. */
function check(verdict: Verdict, report: AccessReport, where: string): void {
  const faults = report.events.filter((e) => e.kind === "fault");
  const copied = report.events.filter((e) => e.kind === "copy").reduce((n, e) => n + e.bytes, 0);
  assertEquals(verdict.allowed, faults.length === 0 && report.killed === undefined, where);
  assertEquals(verdict.survives, report.killed === undefined, where);
  if (report.killed !== undefined) {
    assertEquals(verdict.text, `killed: ${report.killed.why}`, where);
    assertEquals(verdict.cause, report.killed.cause, where);
    return;
  }
  if (verdict.allowed) return assertEquals([verdict.cause, verdict.text], [undefined, "ok"], where);
  assertEquals(verdict.cause, faults[0].old, where);
  const { text } = verdict;
  const happened = (kind: string) => report.events.some((e) => e.kind === kind);
  const bytes = /COW copy of 2M/.test(text) ? 512 * PAGE : /COW copy of 4K/.test(text) ? PAGE : 0;
  // The first store to a page of a file that others have in memory copies it from there.
  if (text !== "demand fill from the file") assertEquals(copied, bytes, `${where}: ${text}`);
  assertEquals(happened("swap-in"), text.startsWith("swap in"), `${where}: ${text}`);
  assertEquals(happened("demote"), text.startsWith("split"), `${where}: ${text}`);
  if (text.startsWith("demand fill with zeros")) assert(happened("alloc"), `${where}: ${text}`);
  if (text === "map the shared page") assert(!happened("alloc"), `${where}: ${text}`);
  if (verdict.text.startsWith("last owner")) assertEquals(faults[0].why, "cow reuse", where);
}

const SETTINGS: [string, BootOptions, (vm: Vm) => void][] = [
  ...POLICIES.map(({ name }): [string, BootOptions, (vm: Vm) => void] => [
    name,
    { policy: name },
    () => {},
  ]),
  ["swapped out", { swap: "4M" }, (vm) => {
    for (let i = 0; i < 8; i++) reclaim(kernelOf(vm), 64);
  }],
  ["demand paging and lazy sbrk", { lazy: true, exec: "demand" }, () => {}],
];

for (const [name, options, prepare] of SETTINGS) {
  Deno.test(`verdicts come true: ${name}`, () => {
    const vm = boot(options);
    const { processes, addresses } = zoo(vm);
    prepare(vm);
    assertAudit(vm);
    const saved = vm.save();
    const seen = new Set<string>();
    for (const { pid } of processes) {
      for (const address of addresses) {
        for (const value of [undefined, 77n]) {
          const p = vm.process(pid);
          const kind = value === undefined ? 0 : 1;
          const verdict = p.pte(address).verdicts[kind];
          const report = p.access(address, 8, value);
          check(verdict, report, `${name}: ${verdict.access} ${pid}:0x${address.toString(16)}`);
          seen.add(verdict.text.replace(/^killed.*/, "killed"));
          assertAudit(vm);
          vm.restore(saved);
        }
      }
    }
    assert(seen.size >= 4, [...seen].join("; "));
  });
}

Deno.test("verdicts come true on 2 MiB leaves, split and copied whole", () => {
  for (const superpageCow of ["split", "whole"] as const) {
    const vm = boot({ mem: "32M", superpages: true, superpageCow });
    const p = vm.spawn();
    p.sbrk("6M");
    const at = 0x20_0000n;
    p.store(at, 1n);
    assertEquals(p.pte(at).size, 2 ** 21);
    const child = p.fork();
    const saved = vm.save();
    for (const pid of [p.pid, child.pid]) {
      for (const value of [undefined, 3n]) {
        const q = vm.process(pid);
        const verdict = q.pte(at).verdicts[value === undefined ? 0 : 1];
        check(verdict, q.access(at, 8, value), `${superpageCow} ${pid}: ${verdict.text}`);
        if (value !== undefined) {
          assertStringIncludes(verdict.text, superpageCow === "whole" ? "2M" : "4K");
        }
        assertAudit(vm);
        vm.restore(saved);
      }
    }
  }
});

/** Snapshots, their differences, who shares what, and where bytes are. */

import { boot } from "@cowsh/cowsh";
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { CommandError } from "../../src/framework/errors.ts";
import type { Session } from "../../src/framework/command.ts";
import { forgetSnapshots, snapshotsOf, takeSnapshot } from "../../src/session/snapshots.ts";
import { lastOf, typed } from "./typist.ts";

const SMALL = ["--mem", "16M"];
const plain = (text: string) => text.replace(/ +/g, " ");

/** The JSON that the last line answers with `--json`. */
// deno-lint-ignore no-explicit-any
async function jsonOf(lines: string[]): Promise<any> {
  const { text, status } = await lastOf([...lines.slice(0, -1), `${lines.at(-1)} --json`], SMALL);
  assertEquals(status, 0, text);
  return JSON.parse(text);
}

Deno.test("restore undoes everything, again and again", async () => {
  const look = ["ps", "vmmap", "free", "timeline 5", "x 0x3000 16", "tlb", "reg"];
  const said = await typed([
    "spawn",
    "sbrk 8192",
    "store 0x3000 0x41",
    "snap a",
    ...look,
    "fork",
    "store 0x3000 2",
    "store 3:0x3000 3",
    "run echo hi",
    "restore a",
    ...look,
    "exit",
    "restore a",
    ...look,
  ], SMALL);
  const texts = said.map((a) => a.text);
  const first = texts.slice(4, 4 + look.length);
  assertEquals(texts.slice(9 + look.length, 9 + 2 * look.length), first);
  assertEquals(texts.slice(11 + 2 * look.length), first);
});

Deno.test("diff tells PTEs, frames and counts that a COW store changed", async () => {
  const diff = await jsonOf([
    "spawn",
    "sbrk 4096",
    "fork",
    "snap a",
    "store 0x3000 7",
    "diff a",
  ]);
  assertEquals(diff.processes, []);
  assertEquals(diff.ptes.map((p: { pid: number; va: string }) => [p.pid, p.va]), [[2, "0x3000"]]);
  assertEquals(diff.framesTaken, 1);
  const counts = diff.frames.map((
    f: { count: number[]; kind: string[] },
  ) => [...f.kind, ...f.count]);
  assertEquals(counts.filter((c: unknown[]) => c[0] !== "table" && c[0] !== "trapframe").sort(), [
    ["fresh", "user", 0, 1],
    ["user", "user", 2, 1],
  ]);
});

Deno.test("diff of a state with itself, of two snapshots, and backwards", async () => {
  const same = await lastOf(["spawn", "snap a", "diff a"], SMALL);
  assertStringIncludes(same.text, "no process, PTE or frame differs");
  const forth = await jsonOf(["spawn", "snap a", "fork", "snap b", "diff a b"]);
  const back = await jsonOf(["spawn", "snap a", "fork", "snap b", "diff b a"]);
  assertEquals(forth.processes, [{ pid: 3, before: null, after: "demo manual" }]);
  assertEquals(back.processes, [{ pid: 3, before: "demo manual", after: null }]);
  assertEquals([forth.ptes.length, forth.frames.length], [back.ptes.length, back.frames.length]);
  assertEquals(forth.framesTaken, -back.framesTaken);
});

Deno.test("long differences are cut with a count, and --all shows them", async () => {
  const lines = ["spawn", "snap a", "sbrk 400K"];
  const cut = await lastOf([...lines, "diff a"], SMALL);
  assertMatch(cut.text, /… and 76 more ptes; --all shows them/);
  const all = await lastOf([...lines, "diff a --all"], SMALL);
  assert(!all.text.includes("more"));
  assert(all.text.split("\n").length > 200);
});

Deno.test("a snapshot of that name is replaced, and names are suggested", async () => {
  const said = await typed(["snap one", "spawn", "snap two", "snap one", "snap", "diff on"], SMALL);
  assertMatch(plain(said[4].text), /two 0 2 2 \d+ \d+K\none 0 2 2 \d+ 0\n/);
  assertMatch(said[5].text, /no snapshot on; did you mean one\?/);
});

Deno.test("snap says what each costs beyond those before it, and --drop forgets one", async () => {
  const said = await typed([
    "spawn",
    "sbrk 8192",
    "snap a",
    "store 0x3000 1",
    "snap b",
    "snap --json",
    "snap --drop a",
    "restore a",
    "restore b",
    "snap --drop",
    "snap -d c",
  ], SMALL);
  const { snapshots } = JSON.parse(said[5].text);
  assertEquals(snapshots.map((one: { name: string }) => one.name), ["a", "b"]);
  assert(snapshots[0].bytes > 256 * 1024 && snapshots[1].bytes < 32 * 1024, said[5].text);
  assertEquals(said.slice(6).map((a) => a.status), [0, 2, 0, 2, 2]);
  assertMatch(said[7].text, /no snapshot a; did you mean b\?|there are b/);
  assertMatch(said[9].text, /snap --drop needs a name/);
});

Deno.test("snapshots that would take too much together are refused, and those there are stay", () => {
  const vm = boot({ mem: "16M" });
  const p = vm.spawn();
  const heap = p.sbrk("1M");
  const ctx = { vm, session: { vm, pid: p.pid, store: new Map() } as unknown as Session };
  const take = (name: string, byte: number) => {
    // Not the same byte over and over: such frames are kept in a word.
    p.put(heap, Uint8Array.from({ length: 2 ** 20 }, (_, i) => i % 2 === 0 ? byte : i % 251));
    return takeSnapshot(ctx, name, 3_500_000);
  };
  take("a", 1);
  const { state } = take("b", 2);
  assertThrows(() => take("c", 3), CommandError, "snap --drop NAME lets one go");
  assertEquals([...snapshotsOf(ctx.session).keys()], ["a", "b"]);
  vm.restore(state);
  assertEquals(p.load(heap, 1), 2n);
  take("b", 4);
  assertThrows(() => take("c", 5), CommandError, "snap c: with it the snapshots would take");
  // A session that forgets its snapshots has all the room again.
  forgetSnapshots(ctx.session);
  take("a", 6);
  take("b", 7);
  assertEquals([...snapshotsOf(ctx.session).keys()], ["a", "b"]);
  // The first is kept whatever it takes: without one there is no way back at all.
  const alone = { vm, session: { vm, pid: p.pid, store: new Map() } as unknown as Session };
  takeSnapshot(alone, "big", 1000);
  assertEquals([...snapshotsOf(alone.session).keys()], ["big"]);
});

Deno.test("share: matrix and groups follow forks and copies", async () => {
  const json = await jsonOf([
    "spawn",
    "sbrk 4p",
    "fork",
    "fork",
    "use 4",
    "store 0x3000 1",
    "store 0x4000 1",
    "share 2 3 4",
  ]);
  assertEquals(json.matrix, [[1, 7, 5], [7, 1, 5], [5, 5, 3]]);
  const groups = json.groups.map((
    g: { pids: number[]; frames: string[] },
  ) => [g.pids, g.frames.length]);
  assertEquals(groups, [[[2, 3, 4], 5], [[2, 3], 2], [[2], 1], [[3], 1], [[4], 3]]);
});

Deno.test("share --dot is a graph that names every process and group once", async () => {
  const { text } = await lastOf(["spawn", "fork", "share --dot"], SMALL);
  assertEquals(text.match(/^ {2}p\d+ \[/gm)?.length, 3);
  assertMatch(text, /^graph sharing \{\n[\s\S]*\n\}\n$/);
  assertMatch(text, /p2 -- g0;\n {2}p3 -- g0;/);
});

Deno.test("find: text over a page's end, bytes, numbers, all of RAM; and what is not there", async () => {
  const there = ["spawn", "sbrk 8192", "store 0x3ffc 0x646c726f77206f6c", "fork"];
  const text = await lastOf([...there, 'find "lo world"'], SMALL);
  assertMatch(plain(text.text), /0x3ffc 0x80[0-9a-f]{3}ffc heap 6c 6f 20/);
  const bytes = await jsonOf([...there, "find 0x20776f72"]);
  assertEquals(bytes.hits.length, 1);
  const ram = await lastOf([...there, "find --ram 0x646c726f -w 4"], SMALL);
  assertMatch(plain(ram.text), /user 2:0x4000 3:0x4000 .*rld|user 2:0x4001/);
  const none = await lastOf([...there, "find nowhere"], SMALL);
  assertEquals([none.text, none.status], ["not found\n", 1]);
});

Deno.test("find cuts long lists and says how to see all", async () => {
  const { text } = await lastOf(
    ["spawn", "sbrk 8192", "fill 0x3000 8192 0x41", "find AAAA"],
    SMALL,
  );
  assertMatch(text, /… and 8169 more; -n 8189 shows them/);
});

Deno.test("sym: of our programs, of a host file; dis and break use the same", async () => {
  const host = new URL("../../user/bin/echo", import.meta.url).pathname;
  const said = await typed([`spawn ${host} hi`, "sym main", "sym main+4", "dis main 1"], SMALL);
  assertMatch(said[1].text, /0x[0-9a-f]+ +main/);
  assertMatch(said[2].text, /is main\+0x4/);
  assertMatch(said[3].text, /main/);
});

Deno.test("dir: directories, devices, one file, a FAT mount without one", async () => {
  const said = await typed([
    "run mkdir d",
    "run sh -c 'echo x > d/f'",
    "dir d",
    "dir d/f",
    "dir /fat",
  ]);
  assertMatch(plain(said[2].text), /file \d+ 1 2 f\n/);
  assertMatch(plain(said[3].text), /file \d+ 1 2 d\/f\n/);
  assertEquals(said[4].status, 1);
});

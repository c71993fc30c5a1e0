/** Numberings of the system calls: those that come along, and those from a file. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ABIS, parseAbi } from "../../../src/vm/kernel/abi.ts";
import { boot, Guest, R, runGuest } from "../../vm/lab.ts";

const THE_21 = [
  "fork exit wait pipe read kill exec fstat chdir dup getpid sbrk pause uptime open write mknod unlink",
  "link mkdir close",
].join(" ").split(" ");

Deno.test("the 21 calls have xv6's numbers in every numbering", () => {
  for (const abi of ABIS) THE_21.forEach((name, i) => assertEquals(abi.calls[i + 1], name));
  assertEquals([ABIS[0].calls[27], ABIS[0].calls[28]], ["mmap", "munmap"]);
  assertEquals([ABIS[1].calls[22], ABIS[1].calls[23]], ["mmap", "munmap"]);
});

Deno.test("a file's entries lie over the 21; null takes one away", () => {
  const abi = parseAbi(
    '{"name": "mine", "calls": {"22": "mmap", "5": null, "30": "read"}}',
    "x.json",
  );
  assertEquals([abi.name, abi.calls[22], abi.calls[5], abi.calls[30]], [
    "mine",
    "mmap",
    undefined,
    "read",
  ]);
  assertEquals(abi.calls[1], "fork");
  assertEquals(abi.usyscall, false);
  assertEquals(parseAbi('{"calls": {}, "usyscall": true}', "x.json").usyscall, true);
  assertEquals(parseAbi('{"calls": {}}', "x.json").name, "x.json");
});

Deno.test("each thing that is wrong with a file has its line", () => {
  const cases: [string, RegExp][] = [
    ["{", /^x\.json: not JSON \(/],
    ["[]", /wants an object/],
    ["null", /wants an object/],
    ["7", /wants an object/],
    ['{"calls": 5}', /wants an object/],
    ['{"calls": {"zero": "fork"}}', /"zero" is not a whole number from 1 to 1023/],
    ['{"calls": {"0": "fork"}}', /"0" is not/],
    ['{"calls": {"1.5": "fork"}}', /"1.5" is not/],
    ['{"calls": {"1024": "fork"}}', /"1024" is not/],
    ['{"calls": {"22": "mmapp"}}', /no call is named "mmapp"; there are .*munmap/],
    ['{"calls": {"22": 5}}', /no call is named 5/],
    ['{"calls": {"22": "toString"}}', /no call is named "toString"/],
  ];
  for (const [text, says] of cases) {
    const { message } = assertThrows(() => parseAbi(text, "x.json"), Error);
    assertMatch(message, says, text);
    assert(!message.includes("\n"));
  }
});

Deno.test("the kernel obeys the numbering: 22 is mmap for one, unknown for another", () => {
  const guest = () =>
    new Guest().li(R.a0, 0).li(R.a1, 4096).li(R.a2, 3).li(R.a3, 0x22).li(R.a4, -1).li(R.a5, 0)
      .li(R.a7, 22).put("ecall")
      .put("sd", { rs1: R.a0, rs2: R.a0, imm: 0 }).call("exit", 0);
  assertEquals(runGuest(boot({ abi: "xv6-mmap" }), guest()).status, 0);
  const other = runGuest(boot({ abi: parseAbi('{"calls": {}}', "x.json") }), guest());
  assertEquals(other.status, -1);
  assertMatch(other.console, /guest: unknown sys call 22\n/);
});

Deno.test("a numbering that does not exist is refused with those that do", () => {
  assertThrows(
    () => boot({ abi: "linux" }),
    RangeError,
    'abi "linux": want xv6, xv6-mmap, or a table',
  );
});

Deno.test("a call that a numbering lacks cannot be made by name either, and says so", () => {
  const vm = boot({ abi: "xv6-mmap" });
  const p = vm.spawn();
  assertThrows(() => p.call("kpgtbl"), RangeError, "no call number means kpgtbl to pid 2 demo");
  assertEquals(p.call("getpid").result, BigInt(p.pid));
});

Deno.test("ugetpid's page holds the pid where the numbering has it, is read-only, and is each process's own", () => {
  const vm = boot();
  const p = vm.spawn();
  const child = p.fork();
  assertEquals(p.load(0x3f_ffff_d000n, 4), BigInt(p.pid));
  assertEquals(child.load(0x3f_ffff_d000n, 4), BigInt(child.pid));
  assertEquals(child.access(0x3f_ffff_d000n, 4, 1n).killed?.cause, 15);
  const without = boot({ abi: "xv6-mmap" }).spawn();
  assertEquals(without.access(0x3f_ffff_d000n, 4).killed?.why, "no area there");
});

/** The guest programs on the built-in kernel: what they print, and how they end. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { program, programNames } from "../../user/programs.ts";
import { type BootOptions, Vm } from "../../src/vm/vm.ts";

const programs = { get: program, list: () => [...programNames] };

function boot(options: BootOptions = {}): Vm {
  return new Vm({ programs, ...options });
}

function run(line: string, options: BootOptions = {}) {
  const [name, ...args] = line.split(" ");
  return boot(options).run(name, args);
}

/** Runs a line of the guest's own shell in a new VM. */
function sh(line: string) {
  return boot().run("sh", ["-c", line]);
}

Deno.test("cowtest passes line by line under cow, sized for 32 MiB", () => {
  const { console, status } = run("cowtest 32", { mem: "32M", policy: "cow" });
  const lines = "simple: ok\n".repeat(2) + "three: ok\n".repeat(3) + "file: ok\nforkfork: ok\n";
  assertEquals(console, lines + "ALL COW TESTS PASSED\n");
  assertEquals(status, 0);
});

Deno.test("cowtest stops at the first fork under eager", () => {
  const { console, status } = run("cowtest 32", { mem: "32M", policy: "eager" });
  assertEquals([console, status], ["simple: fork() failed\n", -1]);
});

Deno.test("forktest fills the process table and empties it", () => {
  const { console, status } = run("forktest");
  assertEquals([console, status], ["fork test\nfork test OK\n", 0]);
});

const faults: [name: string, cause: string][] = [
  ["faulttext", "0xf"],
  ["faultload", "0xd"],
  ["faultstack", "0xf"],
  ["faultjump", "0xc"],
  ["faultillegal", "0x2"],
  ["faultkernel", "0xd"],
];
for (const [name, cause] of faults) {
  Deno.test(`${name} is killed by trap ${cause}`, () => {
    const { console, status } = run(name);
    assertEquals(status, -1);
    assertMatch(
      console,
      new RegExp(`^${name}: .*\\nusertrap\\(\\): unexpected scause ${cause} pid=`),
    );
    assert(!console.includes("survived"));
  });
}

Deno.test("spin never ends by itself", () => {
  const { stop, status } = boot().run("spin", [], { budget: 1_000_000 });
  assertEquals([stop.kind, status], ["budget", undefined]);
});

const lines: [line: string, console: string][] = [
  ["echo a  b", "a b\n"],
  ["echo one; echo two", "one\ntwo\n"],
  ["echo hello | cat | wc", "1 1 6 \n"],
  ["(echo a; echo b) > f; wc f; cat < f", "2 2 4 f\na\nb\n"],
  ["echo a > f; echo b >> f; echo c >> f; cat f", "a\nb\nc\n"],
  ["> f echo x; cat f", "x\n"],
  ["echo abc > f; grep ^a.*c$ f; grep b*d f; grep ^b f; grep c$ < f", "abc\nabc\n"],
  ["mkdir d; echo x > d/f; ln d/f g; rm d/f; cat g; rm d; cat d/f", "x\ncat: cannot open d/f\n"],
  ["echo x > f; rm f nosuch", "rm: nosuch failed to delete\n"],
  ["mkdir d; rm d; ls d", "ls: cannot open d\n"],
  ["echo abc > f; ls f | grep ^f.*2.*4$ | wc", "1 4 22 \n"],
  ["nosuch", "exec nosuch failed\n"],
  ["cat < nosuch", "open nosuch failed\n"],
  ["echo (", "syntax: (\n"],
  ["(echo a", "syntax: missing )\n"],
  ["echo a | ; echo b", "syntax: nothing beside |\n"],
  ["echo a >", "missing file for redirection\n"],
  ["kill 99", "kill: no process 99\n"],
  ["ln a", "usage: ln OLD NEW\n"],
  ["zombie; echo x", "x\n"],
];
for (const [line, console] of lines) {
  Deno.test(`sh: ${line}`, () => assertEquals(sh(line).console, console));
}

Deno.test("sh passes on the status of the last command", () => {
  assertEquals(sh("grep x README > f; grep nothing-like-it README").status, 1);
  assertEquals(sh("grep nothing-like-it README; echo x").status, 0);
  assertEquals(sh("echo x | grep y").status, 1);
  assertEquals(sh("nosuch").status, 127);
});

Deno.test("sh reads lines, changes directory and finds programs from there", () => {
  const vm = boot();
  const input = "mkdir d\ncd d\necho inside > f\ncat ../d/f\n\n  \ncd nosuch\ncd\ncat d/f\n";
  const { console } = vm.run("sh", [], { input });
  // The console echoes what is typed; between that, in order:
  const said = console.split("\n").filter((l) => /^(\$ )*(inside|cannot cd nosuch)$/.test(l));
  assertEquals(said.map((l) => l.replaceAll("$ ", "")), ["inside", "cannot cd nosuch", "inside"]);
});

Deno.test("a background command does not hold the shell", () => {
  const { console } = boot().run("sh", ["-c", "(sh -c zombie; echo late) & echo early"]);
  assertEquals(console.split("\n")[0], "early");
});

Deno.test("stressfs writes and reads in five processes", () => {
  const { console, status } = run("stressfs");
  assertEquals(status, 0);
  assertEquals(console.match(/write \d/g)?.sort(), [0, 1, 2, 3, 4].map((i) => `write ${i}`));
  assert(!console.includes("failed"));
});

Deno.test("grind ends well after a round", () => {
  const { console, status } = run("grind 1");
  assertEquals([console.slice(2), status], ["\ngrind: OK\n", 0]);
});

const contract = `
  copyin copyout copyinstr1 copyinstr2 copyinstr3 rwsbrk validatetest argptest badwrite
  truncate1 truncate2 truncate3 openiput exitiput iput opentest writetest writebig createtest
  dirtest exectest pipe1 killstatus preempt exitwait reparent twochildren forkfork forkforkfork
  reparent2 forktest mem sbrkbasic sbrkmuch sbrkfail sbrkarg sbrkbugs sbrklast sbrk8000 execout
  sharedfd fourfiles createdelete unlinkread linktest concreate linkunlink subdir rmdot dirfile
  fourteen iref bigwrite bigfile bigdir manywrites diskfull outofinodes kernmem MAXVAplus nowrite
  textwrite stacktest pgbug badarg lazy_alloc lazy_unmap lazy_copy`.trim().split(/\s+/);

Deno.test("usertests, quick and slow, cover the contract and pass", () => {
  const { console, status } = run("usertests");
  const names = [...console.matchAll(/^test (\w+): /gm)].map((match) => match[1]);
  assertEquals(contract.filter((name) => !names.includes(name)), []);
  assertEquals(names.length, new Set(names).size);
  assertStringIncludes(console, "usertests slow tests starting\ntest bigdir: OK\n");
  assert(console.endsWith("\nALL TESTS PASSED\n"), console.slice(-500));
  assertEquals(status, 0);
});

Deno.test("usertests says what it was asked wrongly, and runs one test", () => {
  assertEquals(run("usertests -x").console, "Usage: usertests [-q] [-c] [testname]\n");
  assertEquals(run("usertests nosuch").console, "usertests starting\nNO TESTS EXECUTED\n");
  const one = run("usertests execout").console;
  assertEquals(one, "usertests starting\ntest execout: OK\nALL TESTS PASSED\n");
});

const suites: [name: string, options: BootOptions][] = [
  ["mmaptest", {}],
  ["mmaptest", { exec: "demand", policy: "share-readonly" }],
  ["lazytest", {}],
  ["lazytest", { superpages: true }],
  ["clonetest", {}],
  ["clonetest", { policy: "eager" }],
  ["labtest", {}],
  ["labtest", { quantum: 700, policy: "eager" }],
  ["pgtbltest", {}],
  ["libtest", {}],
  ["superpg", { superpages: true }],
  ["superpg", { superpages: true, superpageCow: "whole" }],
  ["superpg", { superpages: true, policy: "eager" }],
];
for (const [name, options] of suites) {
  Deno.test(`${name}: all tests succeeded, with ${JSON.stringify(options)}`, () => {
    const { console, status } = run(name, options);
    assertStringIncludes(console, `${name}: all tests succeeded\n`);
    assertEquals(status, 0);
  });
}

Deno.test("a test that is not there is named", () => {
  const { console, status } = run("mmaptest hole nosuch");
  assertEquals(console.split("\n").slice(-3), ["mmaptest: no test nosuch", "mmaptest: failed", ""]);
  assertEquals(status, 1);
});

/** The pattern of lib/work.c, written down a second time. */
function* pagePattern(seed: number): Generator<bigint> {
  const u64 = (x: bigint) => BigInt.asUintN(64, x);
  let x = u64(BigInt(seed + 1) * 0x9e3779b97f4a7c15n) | 1n;
  for (let i = 0; i < 512; i++) {
    x = u64(x ^ x << 13n);
    x ^= x >> 7n;
    x = u64(x ^ x << 17n);
    yield x;
  }
}

const times31 = (sum: bigint, term: bigint) => BigInt.asUintN(64, sum * 31n + term);

Deno.test("bigheap prints the sum of what it wrote", () => {
  let sum = 0n;
  for (let page = 0; page < 256; page++) {
    let total = 0n;
    for (const word of pagePattern(page)) total += word;
    sum = times31(sum, total);
  }
  assertEquals(run("bigheap 1").console, `bigheap: 1 MiB, checksum 0x${sum.toString(16)}\n`);
});

Deno.test("swapper prints the sum of what it wrote last", () => {
  let sum = 0n;
  for (let page = 255; page >= 0; page--) {
    const seed = page % 7 === 3 ? 256 + page : page;
    sum = times31(sum, pagePattern(seed).next().value!);
  }
  assertEquals(run("swapper 1").console, `swapper: 1 MiB, checksum 0x${sum.toString(16)}\n`);
});

Deno.test("swapper computes the same with half its memory on the swap disk", () => {
  const { console } = run("swapper 32");
  assertMatch(console, /^swapper: 32 MiB, checksum 0x[0-9a-f]+\n$/);
  assertEquals(run("swapper 32", { mem: "16M", swap: "32M" }).console, console);
});

Deno.test("pipeline prints the sum of what went through", () => {
  let sum = 0n;
  for (let kib = 0; kib < 8; kib += 4) {
    for (const word of pagePattern(kib)) {
      for (let i = 0n; i < 64n; i += 8n) sum = times31(sum, (word >> i & 0xffn) ^ 0x5an);
    }
  }
  assertEquals(run("pipeline 8").console, `pipeline: 8 KiB, checksum 0x${sum.toString(16)}\n`);
});

Deno.test("forkexec and forkwrite say what they did", () => {
  assertEquals(run("forkexec 5").console, "forkexec: 5 rounds\n");
  assertEquals(run("forkwrite 1").console, "forkwrite: 1 MiB, 26 pages written, ok\n");
  assertEquals(run("forkwrite 500").console, "forkwrite: no 500 MiB\n");
  assertEquals(run("forkwrite x").status, 2);
});

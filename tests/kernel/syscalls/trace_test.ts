/** What strace prints: each kind of argument, each kind of result. */

import { assertEquals, assertMatch } from "@std/assert";
import { CALLS } from "../../../src/vm/kernel/syscalls/dispatch.ts";
import { ABIS } from "../../../src/vm/kernel/abi.ts";
import type { Process } from "../../../src/vm/process.ts";
import type { Vm } from "../../../src/vm/vm.ts";
import { boot, Guest, runGuest } from "../../vm/lab.ts";
import { kernelOf } from "../../../src/vm/parts.ts";

function traced(): { vm: Vm; p: Process; lines: () => string[] } {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4096);
  kernelOf(vm).trace = [];
  const lines = () =>
    kernelOf(vm).trace!.splice(0).map((r) =>
      `${r.name}(${r.args.join(", ")}) = ${r.result ?? "?"}`
    );
  return { vm, p, lines };
}

function put(p: Process, address: number, text: string): void {
  [...text].forEach((c, i) => p.store(address + i, c.charCodeAt(0), 1));
}

Deno.test("strings, flags, descriptors and buffers are decoded", () => {
  const { p, lines } = traced();
  put(p, 0x3000, 'a "q"\n\x01\0');
  p.call("open", 0x3000, 0x202);
  p.call("write", 3, 0x3000, 7);
  p.call("write", 3, 0x3000, 100);
  p.close(3);
  p.call("open", 0x3000, 0x401);
  p.call("open", 0x3000, 0);
  p.call("read", 3, 0x3100, 4);
  p.call("open", 0x3000, 0x1800);
  assertEquals(lines(), [
    'open("a \\"q\\"\\n\\x01", O_RDWR|O_CREATE) = 3',
    'write(3, "a \\"q\\"\\n\\x01", 7) = 7',
    `write(3, "a \\"q\\"\\n${"\\x01"}${"\\x00".repeat(25)}"…, 100) = 100`,
    "close(3) = 0",
    'open("a \\"q\\"\\n\\x01", O_WRONLY|O_TRUNC) = 3',
    'open("a \\"q\\"\\n\\x01", O_RDONLY) = 4',
    "read(3, 0x3100, 4) = -1",
    'open("a \\"q\\"\\n\\x01", O_RDONLY|O_NOFOLLOW|0x1000) = 5',
  ]);
});

Deno.test("a buffer that read fills is shown once it is filled", () => {
  const { p, lines } = traced();
  put(p, 0x3000, "README\0");
  p.call("open", 0x3000, 0);
  p.call("read", 3, 0x3100, 9);
  assertEquals(lines().at(-1), 'read(3, "This disk", 9) = 9');
});

Deno.test("addresses in hex, ints in decimal, what is out of reach as its address", () => {
  const { p, lines } = traced();
  p.call("sbrk", 4096, 1);
  p.call("sbrk", -4096, 2);
  p.call("sbrk", 0, 77);
  p.call("mmap", 0, 4096, 7, 0x22, -1, 0);
  p.call("mmap", 0, 4096, 0, 0x21, -1, 0);
  p.call("unlink", 0xdead_0000);
  p.call("open", -1, 0);
  p.call("write", 1, 0xdead_0000, 5);
  p.call("kill", -1);
  p.call("getpid");
  assertEquals(lines(), [
    "sbrk(4096, SBRK_EAGER) = 0x4000",
    "sbrk(-4096, SBRK_LAZY) = 0x5000",
    "sbrk(0, 0x4d) = 0x4000",
    "mmap(0x0, 4096, PROT_READ|PROT_WRITE|PROT_EXEC, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x3fffdff000",
    "mmap(0x0, 4096, PROT_NONE, MAP_SHARED|MAP_ANONYMOUS, -1, 0) = 0x3fffdfe000",
    "unlink(0xdead0000) = -1",
    "open(0xffffffffffffffff, O_RDONLY) = -1",
    "write(1, 0xdead0000, 5) = -1",
    "kill(-1) = -1",
    `getpid() = ${p.pid}`,
  ]);
});

Deno.test("looking at arguments changes nothing: no fault, no A bit", () => {
  const { vm, p, lines } = traced();
  p.sbrk("1 pages", "lazy");
  lines();
  const mark = vm.mark();
  p.call("unlink", 0x4000);
  assertEquals(lines(), ["unlink(0x4000) = -1"]);
  // The call itself touches the page once; tracing touched it no second time.
  assertEquals(vm.since(mark).faults[13], 1);
});

Deno.test("exec's argv is shown, exit has no result, an unknown call has its number", () => {
  const vm = boot();
  kernelOf(vm).trace = [];
  vm.run("sh", ["-c", "echo a b"]);
  const text = kernelOf(vm).trace!.map((r) =>
    `${r.name}(${r.args.join(", ")}) = ${r.result ?? "?"}`
  );
  assertMatch(text.join("\n"), /exec\("\/?echo", \["echo", "a", "b"\]\) = 3/);
  assertMatch(text.join("\n"), /exit\(0\) = \?/);
  kernelOf(vm).trace = [];
  runGuest(vm, new Guest().li(17, 99).put("ecall").call("exit", 0));
  assertEquals(kernelOf(vm).trace![0].name, "unknown_99");
  assertEquals(kernelOf(vm).trace![0].result, "-1");
});

Deno.test("every call of every numbering has its row, and every row that does something its number", () => {
  for (const abi of ABIS) {
    for (const [number, name] of Object.entries(abi.calls)) {
      assertEquals(CALLS[name].name, name, `${abi.name} ${number}`);
    }
    assertEquals(new Set(Object.values(abi.calls)).size, Object.keys(abi.calls).length, abi.name);
  }
  const numbered = new Set(ABIS.flatMap((abi) => Object.values(abi.calls)));
  const without = Object.values(CALLS).filter((row) => !numbered.has(row.name));
  assertEquals(without.filter((row) => !row.absent), []);
});

Deno.test("clone's flags by their names", () => {
  const { p, lines } = traced();
  p.call("clone", 0x3d0f00, 0x3ff0, 0x2000, 0, 0x2008);
  p.call("clone", 17, 0);
  p.call("clone", 0x1000_0000, 0);
  assertEquals(lines().map((line) => line.split(", ")[0] + line.slice(line.indexOf(") ="))), [
    "clone(CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_SETTLS|" +
    "CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID) = 3",
    "clone(SIGCHLD) = 4",
    "clone(0x10000000) = -1",
  ]);
});

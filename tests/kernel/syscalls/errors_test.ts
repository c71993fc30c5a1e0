/** What each call answers to what it cannot do: -1, nothing lost, and the kernel stands. */

import { assert, assertEquals } from "@std/assert";
import { fsck } from "../../../src/vm/kernel/files/xv6fs/fsck.ts";
import type { CallName } from "../../../src/vm/kernel/abi.ts";
import type { Process } from "../../../src/vm/process.ts";
import type { Vm } from "../../../src/vm/vm.ts";
import { assertAudit, boot } from "../../vm/lab.ts";
import { kernelOf } from "../../../src/vm/parts.ts";

/** A process with strings in its heap at 0x3000, one each 256 bytes, and room at 0x4000. */
function withStrings(...texts: string[]): { vm: Vm; p: Process } {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4 * 4096);
  texts.forEach((text, i) => put(p, 0x3000 + 256 * i, text + "\0"));
  return { vm, p };
}

function put(p: Process, address: number, text: string): void {
  [...text].forEach((c, i) => p.store(address + i, c.charCodeAt(0), 1));
}

const BAD_ADDRESSES = [
  0x1000n, // the guard
  0x7000n, // behind the heap
  0x8000_0000n, // the kernel's RAM
  0x3f_ffff_e000n, // the trapframe
  0x3f_ffff_f000n, // the trampoline
  1n << 38n, // MAXVA
  0x7f_ffff_ffffn,
  0xffff_ffff_ffff_fff0n,
];

Deno.test("bad addresses in every call that takes one: -1, and nothing else happens", () => {
  const { vm, p } = withStrings("f");
  const fd = Number(p.call("open", 0x3000, 0x202).result);
  assert(fd >= 3);
  assertEquals(p.call("write", fd, 0x4000, 100).result, 100n);
  const calls = (bad: bigint): [CallName, (bigint | number)[], bigint][] => [
    ["pipe", [bad], -1n],
    ["read", [fd, bad, 8], 0n], // at the end of the file nothing is stored
    ["write", [fd, bad, 8], -1n],
    ["exec", [bad, 0x4000], -1n],
    ["exec", [0x3000, bad], -1n],
    ["fstat", [fd, bad], -1n],
    ["chdir", [bad], -1n],
    ["open", [bad, 0], -1n],
    ["mknod", [bad, 1, 1], -1n],
    ["unlink", [bad], -1n],
    ["link", [bad, 0x3000], -1n],
    ["link", [0x3000, bad], -1n],
    ["mkdir", [bad], -1n],
    ["symlink", [bad, 0x3000], -1n],
    ["symlink", [0x3000, bad], -1n],
  ];
  const free = vm.free().free;
  const open = kernelOf(vm).state.ftable.filter((f) => f !== undefined).length;
  for (const bad of BAD_ADDRESSES) {
    for (const [name, args, wanted] of calls(bad)) {
      assertEquals(p.call(name, ...args).result, wanted, `${name}(${args.join(", ")})`);
      assertEquals(
        [
          vm.free().free,
          kernelOf(vm).state.ftable.filter((f) => f !== undefined).length,
        ],
        [free, open],
        name,
      );
    }
  }
  assertAudit(vm);
});

Deno.test("a read into a bad buffer fails, into one that becomes bad returns what fitted", () => {
  const { vm, p } = withStrings("f");
  const fd = Number(p.call("open", 0x3000, 0x202).result);
  p.call("write", fd, 0x4000, 4096);
  p.close(fd);
  const again = Number(p.call("open", 0x3000, 0).result);
  assertEquals(p.call("read", again, 0x7000, 16).result, -1n);
  assertEquals(p.call("read", again, 0x0n, 16).result, -1n, "text is read-only");
  const { result } = p.call("read", again, 0x7000 - 1500, 4096);
  assert(result === -1n || result! < 4096n, `${result}`);
  assertAudit(vm);
});

Deno.test("symlink: open follows up to ten links, each tree's O_NOFOLLOW stops at the first", () => {
  const names = Array.from({ length: 12 }, (_, i) => `l${i}`);
  const { vm, p } = withStrings("README", ...names, "/l0");
  const at = (name: number) => 0x3000 + 256 * name;
  for (let i = 0; i < 12; i++) assertEquals(p.call("symlink", at(i), at(i + 1)).result, 0n);
  assertEquals(p.call("symlink", at(0), at(1)).result, -1n, "the name is taken");
  const target = Number(p.call("open", at(0), 0).result);
  const stat = (fd: number) => {
    p.call("fstat", fd, 0x4000);
    return [p.load(0x4000 + 4, 4), p.load(0x4000 + 8, 2)];
  };
  for (let i = 1; i <= 12; i++) {
    const fd = Number(p.call("open", at(i), 0).result);
    if (i > 10) assertEquals(fd, -1, `${i} links`);
    else {
      assertEquals(stat(fd), stat(target));
      p.close(fd);
    }
  }
  for (const flag of [0x800, 0x4, 0x10, 0x3]) {
    const fd = Number(p.call("open", at(1), flag).result);
    assertEquals(stat(fd)[1], 4n, `T_SYMLINK with flag ${flag}`);
    p.close(fd);
  }
  assertEquals(p.call("open", at(1), 0x201).result, -1n, "O_CREATE does not follow");
  assertEquals(p.call("unlink", at(1)).result, 0n);
  assertEquals(p.call("open", at(2), 0).result, -1n, "what it led to is gone");
  assertEquals(p.call("symlink", at(13), at(1)).result, 0n, "l0 → /l0");
  assertEquals(p.call("open", at(1), 0).result, -1n, "a link to itself");
  assertAudit(vm);
});

Deno.test("bad descriptors in every call that takes one", () => {
  const { vm, p } = withStrings();
  for (const fd of [-1, 3, 15, 16, 1000, 0x7fff_ffff, -0x8000_0000]) {
    assertEquals(p.call("read", fd, 0x3000, 1).result, -1n);
    assertEquals(p.call("write", fd, 0x3000, 1).result, -1n);
    assertEquals(p.call("close", fd).result, -1n);
    assertEquals(p.call("dup", fd).result, -1n);
    assertEquals(p.call("fstat", fd, 0x3000).result, -1n);
    assertEquals(p.call("mmap", 0, 4096, 1, 2, fd, 0).result, -1n);
  }
  assertAudit(vm);
});

Deno.test("the low 32 bits of a register are a C int, whatever is above them", () => {
  const { p } = withStrings();
  assertEquals(p.call("write", 0xdead_beef_0000_0001n, 0x3000, 0xffff_0000_0000_0003n).result, 3n);
  assertEquals(p.call("close", 1n << 32n).result, 0n);
});

Deno.test("negative and superpage counts", () => {
  const { vm, p } = withStrings("f");
  const fd = Number(p.call("open", 0x3000, 0x202).result);
  assertEquals(p.call("write", fd, 0x3000, -1).result, -1n);
  assertEquals(p.call("read", fd, 0x3000, -1).result, 0n, "readi takes it for a wrap");
  assertEquals(p.call("write", fd, 0x3000, 0x7fff_ffff).result, -1n);
  assertEquals(p.call("write", 1, 0x3000, -1).result, 0n);
  assertEquals(p.call("pause", -5).result, 0n);
  assertAudit(vm);
});

Deno.test("descriptors: the lowest free one; 16 a process; 100 in all", () => {
  const { vm, p } = withStrings("README");
  for (let fd = 3; fd < 16; fd++) assertEquals(p.call("dup", 0).result, BigInt(fd));
  assertEquals(p.call("dup", 0).result, -1n);
  p.call("chdir", 0x3f00); // it stands in a directory from its first path on
  const held = kernelOf(vm).files.root!.inUse();
  assertEquals(p.call("open", 0x3000, 0).result, -1n);
  assertEquals(kernelOf(vm).files.root!.inUse(), held, "a failed open holds no inode");
  assertEquals(p.call("pipe", 0x3800).result, -1n);
  p.close(7);
  assertEquals(p.call("pipe", 0x3800).result, -1n, "a pipe needs two");
  assertEquals(p.call("open", 0x3000, 0).result, 7n);
  p.close(7);
  p.close(5);
  assertEquals(p.call("pipe", 0x3800).result, 0n);
  assertEquals([p.load(0x3800, 4), p.load(0x3804, 4)], [5n, 7n]);
  for (let fd = 3; fd < 16; fd++) p.close(fd);
  // Each child opens ten files more until the system has a hundred.
  let failed = false;
  for (let i = 0; i < 12 && !failed; i++) {
    const child = p.fork();
    for (let n = 0; n < 10 && !failed; n++) {
      failed = child.call("open", 0x3000, 0).result === -1n;
    }
  }
  assert(failed);
  assertEquals(kernelOf(vm).state.ftable.filter((f) => f !== undefined).length, 100);
  assertEquals(p.call("pipe", 0x3800).result, -1n);
  assertAudit(vm);
});

Deno.test("a pipe's ends go one way, and say so", () => {
  const { vm, p } = withStrings();
  p.call("pipe", 0x3800);
  const [r, w] = [Number(p.load(0x3800, 4)), Number(p.load(0x3804, 4))];
  assertEquals(p.call("write", r, 0x3000, 1).result, -1n);
  assertEquals(p.call("read", w, 0x3000, 1).result, -1n);
  assertEquals(p.call("fstat", r, 0x3000).result, -1n);
  assertEquals(p.call("write", w, 0x3000, 5).result, 5n);
  assertEquals(p.call("read", r, 0x3000, 0).result, 0n);
  assertEquals(p.call("read", r, 0x3000, 100).result, 5n);
  p.close(w);
  assertEquals(p.call("read", r, 0x3000, 100).result, 0n, "the end of the file");
  p.close(r);
  p.call("pipe", 0x3800);
  p.close(r);
  assertEquals(p.call("write", w, 0x3000, 5).result, -1n, "nobody will read");
  assertAudit(vm);
});

Deno.test("paths: 127 bytes are the most; without an end byte they are refused", () => {
  const { vm, p } = withStrings("/".repeat(126) + ".");
  assertEquals(p.call("open", 0x3000, 0).result, 3n);
  put(p, 0x3000, "/".repeat(127) + ".\0");
  assertEquals(p.call("open", 0x3000, 0).result, -1n);
  put(p, 0x7000 - 4, "abcd");
  assertEquals(p.call("open", 0x7000 - 4, 0x200).result, -1n);
  put(p, 0x7000 - 4, "abc\0");
  assertEquals(p.call("open", 0x7000 - 4, 0x200).result, 4n);
  assertAudit(vm);
});

Deno.test("directories: not for writing, not to unlink while full; . and .. stay", () => {
  const { vm, p } = withStrings("d", "d/f", ".", "d/.", "d/..", "/", "README", "x");
  const at = (i: number) => 0x3000 + 256 * i;
  assertEquals(p.call("mkdir", at(0)).result, 0n);
  assertEquals(p.call("mkdir", at(0)).result, -1n);
  for (const mode of [1, 2, 0x200 | 2, 0x201]) {
    assertEquals(p.call("open", at(0), mode).result, -1n, `mode ${mode}`);
  }
  assertEquals(p.call("open", at(1), 0x201).result, 3n);
  assertEquals(p.call("unlink", at(0)).result, -1n);
  for (const i of [2, 3, 4, 5]) assertEquals(p.call("unlink", at(i)).result, -1n);
  assertEquals(p.call("link", at(0), at(7)).result, -1n);
  assertEquals(p.call("chdir", at(6)).result, -1n);
  assertEquals(p.call("mkdir", at(6)).result, -1n);
  assertEquals(p.call("unlink", at(1)).result, 0n);
  assertEquals(p.call("write", 3, 0x3000, 10).result, 10n, "unlinked, but open");
  assertEquals(p.call("unlink", at(0)).result, 0n);
  p.close(3);
  assertAudit(vm);
});

Deno.test("sbrk: to nothing and back, across the top, below zero, and lazily beyond memory", () => {
  const { vm, p } = withStrings();
  const size = p.call("sbrk", 0).result!;
  assertEquals(p.call("sbrk", 0x7fff_ffff).result, -1n);
  assertEquals(p.call("sbrk", 0).result, size);
  assertEquals(p.call("sbrk", 0x4000_0000, 2).result, size, "lazily a GiB is nothing");
  assertEquals(p.call("sbrk", -0x4000_0000).result, size + 0x4000_0000n);
  assertEquals(
    p.call("sbrk", Number(-size) - 1).result,
    size,
    "more than there is: nothing happens",
  );
  assertEquals(p.call("sbrk", 1).result, size);
  assertEquals(p.call("sbrk", -1).result, size + 1n);
  assertEquals(p.call("sbrk", -4096 - 100).result, size);
  assertEquals(p.call("sbrk", 0).result, size - 4196n);
  assertEquals(p.call("sbrk", Number(-size) + 4196).result, size - 4196n);
  assertEquals(p.call("sbrk", 0).result, 0n);
  assertEquals(p.access(0, 8).killed?.why, "no area there", "even the text is gone");
  assertAudit(vm);
});

Deno.test("mmap, munmap and mprotect refuse what Linux refuses", () => {
  const { vm, p } = withStrings();
  const [anonymous, fixed] = [0x22, 0x32];
  const bad: [string, CallName, (bigint | number)[]][] = [
    ["no length", "mmap", [0, 0, 3, anonymous, -1, 0]],
    ["a length beyond everything", "mmap", [0, 1n << 40n, 3, anonymous, -1, 0]],
    ["neither shared nor private", "mmap", [0, 4096, 3, 0x20, -1, 0]],
    ["both", "mmap", [0, 4096, 3, 0x23, -1, 0]],
    ["unknown rights", "mmap", [0, 4096, 8, anonymous, -1, 0]],
    ["a fixed place that is not aligned", "mmap", [0x10_0010, 4096, 3, fixed, -1, 0]],
    ["the heap as a fixed place", "mmap", [0x3000, 4096, 3, fixed, -1, 0]],
    ["the trapframe as a fixed place", "mmap", [0x3f_ffff_e000n, 4096, 3, fixed, -1, 0]],
    ["the console as a file", "mmap", [0, 4096, 3, 2, 0, 0]],
    ["munmap, not aligned", "munmap", [0x10_0010, 4096]],
    ["munmap of nothing", "munmap", [0x10_0000, 0]],
    ["munmap of the heap", "munmap", [0x3000, 4096]],
    ["munmap of the text", "munmap", [0, 4096]],
    ["munmap of the trampoline", "munmap", [0x3f_ffff_f000n, 4096]],
    ["mprotect, not aligned", "mprotect", [0x3010, 4096, 1]],
    ["mprotect of a hole", "mprotect", [0x10_0000, 4096, 1]],
    ["mprotect of the guard", "mprotect", [0x1000, 4096, 3]],
    ["mprotect with unknown rights", "mprotect", [0x3000, 4096, 16]],
    ["msync of a hole", "msync", [0x10_0000, 4096]],
  ];
  const before = p.vmmap();
  for (const [why, name, args] of bad) assertEquals(p.call(name, ...args).result, -1n, why);
  assertEquals(p.vmmap(), before);
  assertAudit(vm);
});

Deno.test("a pipe keeps the bytes that a bad address keeps from a reader", () => {
  const { vm, p } = withStrings("0123456789abcdef");
  p.call("pipe", 0x3800);
  const [r, w] = [Number(p.load(0x3800, 4)), Number(p.load(0x3804, 4))];
  assertEquals(p.call("write", w, 0x3000, 16).result, 16n);
  for (const bad of BAD_ADDRESSES) assertEquals(p.call("read", r, bad, 16).result, -1n);
  assertEquals(p.call("read", r, 0x7000 - 6, 16).result, 6n, "up to the end of the heap");
  assertEquals(p.call("read", r, 0x4000, 16).result, 10n);
  assertEquals([p.load(0x7000 - 4, 4), p.load(0x4000, 4)], [0x3534_3332n, 0x3938_3736n]);
  assertAudit(vm);
});

Deno.test("a file without a name lives until the last exit, also through a saved state", () => {
  const { vm, p } = withStrings("f", "dir", "hidden");
  const free =
    () => [kernelOf(vm).files.root!.xv6.freeBlocks(), kernelOf(vm).files.root!.xv6.freeInodes()];
  const before = free();
  const fd = Number(p.call("open", 0x3000, 0x202).result);
  assertEquals(p.call("write", fd, 0x4000, 4096).result, 4096n);
  assertEquals(p.call("mkdir", 0x3100).result, 0n);
  assertEquals(p.call("chdir", 0x3100).result, 0n);
  const child = p.fork();
  assertEquals(p.call("chdir", 0x3200).result, -1n);
  const up = kernelOf(vm).files.root!.xv6;
  assertEquals([up.unlink(1, "/f"), up.unlink(1, "/dir")], [0, 0]);
  assertEquals(p.call("open", 0x3200, 0x202).result, -1n, "nothing is made in a removed directory");
  const saved = vm.save();
  const ends = () => {
    child.call("write", fd, 0x4000, 2048);
    child.call("exit", 0);
    p.wait();
    assertEquals(p.call("fstat", fd, 0x4000).result, 0n);
    assertEquals([p.load(0x400a, 2), p.load(0x4010)], [0n, 6144n], "no links, 6 KiB");
    p.call("exit", 0);
    assertEquals(free(), before);
    const { image, addressing } = kernelOf(vm).files.root!.xv6;
    assertEquals(fsck(image, { addressing }), []);
    assertAudit(vm);
  };
  ends();
  vm.restore(saved);
  assert(free()[0] < before[0] && free()[1] === before[1] - 2);
  ends();
});

Deno.test("a device file that is open without a name is freed when it is closed", () => {
  const { vm, p } = withStrings("tty");
  const { xv6 } = kernelOf(vm).files.root!;
  const free = xv6.freeInodes();
  assertEquals(p.call("mknod", 0x3000, 1, 0).result, 0n);
  const fd = Number(p.call("open", 0x3000, 2).result);
  assertEquals(p.call("unlink", 0x3000).result, 0n);
  assertEquals(xv6.freeInodes(), free - 1);
  p.close(fd);
  assertEquals(xv6.freeInodes(), free);
  assertAudit(vm);
});

Deno.test("O_TRUNC under somebody who has the file open: reads are empty, writes beyond the end fail", () => {
  const { vm, p } = withStrings("f");
  const a = Number(p.call("open", 0x3000, 0x202).result);
  p.call("write", a, 0x4000, 3000);
  const b = Number(p.call("open", 0x3000, 0x402).result);
  assertEquals(p.call("read", a, 0x4000, 100).result, 0n);
  assertEquals(p.call("write", a, 0x4000, 1).result, -1n, "its offset is beyond the end now");
  assertEquals(p.call("write", b, 0x4000, 3000).result, 3000n);
  assertEquals(p.call("write", a, 0x4000, 1).result, 1n, "there is something again");
  assertEquals(p.call("fstat", b, 0x4000).result, 0n);
  assertEquals(p.load(0x4010), 3001n);
  assertAudit(vm);
});

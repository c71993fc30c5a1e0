/**
 * What faults, walks, copyout, reclaim and write-back rely on, broken in RAM or in the records one condition at a time:
 * the audit has a rule for each. The table is that of docs/audit.md.
 */

import { fileOf } from "../../src/vm/kernel/files/table.ts";
import { spaceOf } from "../../src/vm/kernel/process/table.ts";
import {
  frameIndex,
  frameTotal,
  freeList,
  setHome,
  setKind,
} from "../../src/vm/kernel/memory/frames/frames.ts";
import { assert, assertEquals } from "@std/assert";
import { offset, PAGE_SIZE, type PaNum, type VaNum, vaNum } from "../../src/vm/machine/address.ts";
import * as sv39 from "../../src/vm/machine/sv39.ts";
import type { Process } from "../../src/vm/process.ts";
import type { AuditClass } from "../../src/vm/inspect/finding.ts";
import { USYSCALL } from "../../src/vm/kernel/memory/areas/space.ts";
import type { Vm } from "../../src/vm/vm.ts";
import { assertAudit, boot, frameOf, leafOf, tableOf } from "../vm/lab.ts";
import { plant } from "../machine/machine_lab.ts";
import { kernelOf, machineOf, recordOf } from "../../src/vm/parts.ts";

const { PTE_A, PTE_D, PTE_G, PTE_R, PTE_RSW0, PTE_U, PTE_V, PTE_W, PTE_X, WRITE } = sv39;
const HEAP = 0x3000;

/** Everything there is, once: each planted fault starts from here. */
interface Scene {
  readonly vm: Vm;
  readonly p: Process;
  readonly child: Process;
  /** A shared and a private mapping of a file, and shared anonymous memory; their first pages are in memory. */
  readonly shared: bigint;
  readonly own: bigint;
  readonly anon: bigint;
  /** A page of the heap that p alone has, one that both share, one that is on the swap disk for both. */
  readonly sole: number;
  readonly both: number;
  readonly away: number;
  /** A whole 2 MiB page. */
  readonly superpage: bigint;
}

function scene(): Scene {
  const vm = boot({ swap: "1M", superpages: true, mem: "32M" });
  const p = vm.spawn();
  const [sole, both, away] = [HEAP, HEAP + PAGE_SIZE, HEAP + 2 * PAGE_SIZE];
  p.sbrk(3 * PAGE_SIZE);
  p.store(away, 3n);
  const q = p.fork();
  for (let i = 0; i < 3; i++) {
    for (const at of [0, 0x2000, sole, both]) p.load(at);
    vm.reclaim(3 * frameTotal(kernelOf(vm)));
  }
  q.exit(0);
  p.wait();
  const { steps } = sv39.walk(
    machineOf(vm).ram,
    spaceOf(kernelOf(vm), recordOf(p)).root,
    vaNum(away),
  );
  assertEquals(Number(steps.at(-1)!.pte) & PTE_V, 0, "the page is still in memory");
  const fd = p.open("data", "rw+");
  p.write(fd, sole, 2 * PAGE_SIZE);
  const shared = p.mmap(2 * PAGE_SIZE, { shared: true, fd });
  const own = p.mmap(2 * PAGE_SIZE, { fd });
  const anon = p.mmap(2 * PAGE_SIZE, { shared: true });
  const superpage = p.mmap("2M");
  p.store(superpage, 1n);
  assertEquals(p.pte(superpage).size, 2 ** 21);
  p.store(both, 2n);
  p.store(anon, 2n);
  const child = p.fork();
  p.load(own);
  p.store(shared, 7n);
  p.store(sole, 1n);
  p.sbrk(2 * PAGE_SIZE); // so that the free list has members
  p.sbrk(-2 * PAGE_SIZE);
  return { vm, p, child, shared, own, anon, sole, both, away, superpage };
}

/** Where the entry of an address stands, valid or not, and what it is. */
function entryOf(vm: Vm, p: Process, address: number | bigint): { at: PaNum; pte: number } {
  const { steps } = sv39.walk(
    machineOf(vm).ram,
    spaceOf(kernelOf(vm), recordOf(p)).root,
    vaNum(Number(address)),
  );
  const { pteAddr, pte } = steps.at(-1)!;
  return { at: pteAddr, pte: Number(pte) };
}

/** A change of some bits of the entry of an address. */
function bits(
  where: (s: Scene) => number | bigint,
  change: (pte: number) => number,
  child = false,
) {
  return (s: Scene) => {
    const { at, pte } = entryOf(s.vm, child ? s.child : s.p, where(s));
    machineOf(s.vm).ram.writePte(at, change(pte));
  };
}

/** Which rule finds what; `says` where several rules of the class could. */
const PLANTS: [AuditClass, string, (s: Scene) => void, says?: string][] = [
  // The walk: encodings.
  ["PTE damaged", "a reserved bit in a leaf", (s) => {
    machineOf(s.vm).ram.write64(
      leafOf(s.p, s.sole).at,
      BigInt(leafOf(s.p, s.sole).pte) | 1n << 60n,
    );
  }],
  ["PTE damaged", "an address beyond RAM in the upper half of a pointer", (s) => {
    const { pteAddr, pte } = s.p.pte(s.sole).levels[1];
    machineOf(s.vm).ram.write64(Number(pteAddr) as PaNum, pte | 1n << 40n);
  }],
  ["PTE damaged", "W without R", bits((s) => s.sole, (pte) => pte & ~PTE_R)],
  ["PTE damaged", "a pointer with A", (s) => {
    const { pteAddr, pte } = s.p.pte(s.sole).levels[1];
    machineOf(s.vm).ram.writePte(Number(pteAddr) as PaNum, Number(pte) | PTE_A);
  }],
  ["PTE damaged", "a pointer out of RAM", (s) => {
    const at = tableOf(s.p, s.sole, 2) + 8 * 7;
    machineOf(s.vm).ram.writePte(at as PaNum, 0x1000 / 4 | PTE_V);
  }],
  [
    "PTE damaged",
    "a pointer at level 0",
    bits((s) => s.sole, (pte) => pte & ~(PTE_R | PTE_W | PTE_X | 0xf0)),
  ],
  ["PTE damaged", "a 1 GiB leaf", (s) => {
    const at = tableOf(s.p, s.sole, 2) + 8 * 7;
    machineOf(s.vm).ram.writePte(at as PaNum, 0x8000_0000 / 4 | PTE_V | PTE_R | PTE_U);
  }],
  [
    "PTE damaged",
    "a 2 MiB leaf that is not aligned",
    bits((s) => s.superpage, (pte) => pte + 1024),
  ],
  // The fault path: rights and marks.
  ["right lost", "R lost", bits((s) => s.both, (pte) => pte & ~PTE_R & ~PTE_W | PTE_X)],
  ["right lost", "U lost", bits((s) => s.sole, (pte) => pte & ~PTE_U)],
  ["right lost", "U lost on the swap disk", bits((s) => s.away, (pte) => pte & ~PTE_U)],
  ["right lost", "X of text lost", bits(() => 0, (pte) => pte & ~PTE_X)],
  ["right lost", "W lost in a shared mapping", bits((s) => s.shared, (pte) => pte & ~PTE_W)],
  ["mark lost", "the mark of a shared private page", bits((s) => s.both, (pte) => pte & ~PTE_RSW0)],
  ["mark lost", "W of a page of one's own", bits((s) => s.sole, (pte) => pte & ~PTE_W)],
  ["mark lost", "the mark on the swap disk", bits((s) => s.away, (pte) => pte & ~PTE_RSW0)],
  ["mark lost", "the mark of a file's page", bits((s) => s.own, (pte) => pte & ~PTE_RSW0)],
  ["mark lost", "the mark of a 2 MiB page", bits((s) => s.superpage, (pte) => pte & ~PTE_RSW0)],
  ["flag gained", "G", bits((s) => s.sole, (pte) => pte | PTE_G)],
  ["flag gained", "X of a heap page", bits((s) => s.sole, (pte) => pte | PTE_X)],
  ["flag gained", "W of text", bits(() => 0, (pte) => pte | PTE_W)],
  ["flag gained", "a mark in shared memory", bits((s) => s.shared, (pte) => pte | PTE_RSW0)],
  ["writable by two", "W on the swap disk, shared", bits((s) => s.away, (pte) => pte | PTE_W)],
  ["writable by two", "W of a file's page, private", bits((s) => s.own, (pte) => pte | PTE_W)],
  ["writable by two", "a trapframe in an area", (s) => {
    const { at } = leafOf(s.p, s.sole);
    machineOf(s.vm).ram.writePte(at, recordOf(s.p).trapframe / 4 | PTE_V | PTE_R | PTE_W | PTE_U);
  }],
  // Copyout and the way to user mode.
  [
    "trapframe lost",
    "U on the trapframe",
    bits((s) => spaceOf(kernelOf(s.vm), recordOf(s.p)).trapframes[0].va, (pte) => pte | PTE_U),
  ],
  [
    "trapframe lost",
    "another frame for it",
    bits((s) => spaceOf(kernelOf(s.vm), recordOf(s.p)).trapframes[0].va, (pte) => pte + 1024),
  ],
  ["trampoline lost", "no trampoline", bits(() => 0x3f_ffff_f000, () => 0)],
  // Reclaim: who maps a frame.
  ["page misplaced", "a private frame away from its home", (s) => {
    setHome(kernelOf(s.vm), frameOf(s.p, s.both), vaNum(0x9000));
  }],
  ["page misplaced", "a frame of a 2 MiB page", (s) => {
    setHome(kernelOf(s.vm), frameOf(s.p, s.superpage + 8192n), vaNum(0x9000));
  }],
  ["page misplaced", "a file's page at another page's place", (s) => {
    const { at } = entryOf(s.vm, s.p, s.shared);
    machineOf(s.vm).ram.writePte(at + 8 as PaNum, leafOf(s.p, s.shared).pte);
  }],
  ["page misplaced", "a frame of one's own in a shared mapping", (s) => {
    const { at } = leafOf(s.p, s.shared);
    const flags = PTE_V | PTE_R | PTE_W | PTE_U;
    machineOf(s.vm).ram.writePte(at, frameOf(s.p, s.sole) / 4 | flags);
  }],
  ["mapped outside areas", "a 2 MiB leaf larger than its area", (s) => {
    const area = spaceOf(kernelOf(s.vm), recordOf(s.p)).areas.find((a) =>
      BigInt(a.start) === s.superpage
    )!;
    area.end = area.end - PAGE_SIZE as VaNum;
  }],
  // Write-back.
  ["dirty page unmarked", "D lost", bits((s) => s.shared, (pte) => pte & ~PTE_D)],
  ["page cache", "a page beyond the file's end", (s) => {
    const fd = fileOf(kernelOf(s.vm), recordOf(s.p), 3);
    assert(fd?.type === "inode");
    kernelOf(s.vm).files.at(fd.inode).itrunc(fd.inode);
  }],
  ["page cache", "a page under another name", (s) => {
    const { byKey } = kernelOf(s.vm).state.cache;
    const [key, page] = [...byKey][0];
    byKey.delete(key);
    byKey.set("0:99:0:4096", page);
  }],
  ["page cache", "a frame that nothing finds", (s) => {
    kernelOf(s.vm).state.cache.byFrame.delete(frameOf(s.p, s.shared));
  }],
  ["page cache", "a user frame called one of the page cache", (s) => {
    setKind(kernelOf(s.vm), frameOf(s.p, s.sole), "cache");
  }],
  ["stale TLB entry", "a write entry without D", (s) => {
    s.p.store(s.sole, 5n);
    bits((t) => t.sole, (pte) => pte & ~PTE_D)(s);
  }],
  ["stale TLB entry", "a write entry for a read-only page", (s) => {
    s.p.load(s.both);
    plant(machineOf(s.vm).mmu, vaNum(s.both), WRITE, frameOf(s.p, s.both), 0xd7);
  }],
  // Swap.
  ["swap slot", "two owners at two addresses", (s) => {
    const { pte } = entryOf(s.vm, s.p, s.away);
    machineOf(s.vm).ram.writePte(leafOf(s.p, s.sole).at, pte);
  }],
  ["swap slot", "a slot named in shared memory", (s) => {
    const { pte } = entryOf(s.vm, s.p, s.away);
    machineOf(s.vm).ram.writePte(leafOf(s.p, s.shared).at, pte);
  }, "names a slot, but pages of this file area have none of their own"],
  ["swap slot", "a slot named outside areas", (s) => {
    const { at, pte } = entryOf(s.vm, s.p, s.away);
    machineOf(s.vm).ram.writePte(at + 8 * 100 as PaNum, pte);
  }],
  ["swap slot", "a slot named at level 1", (s) => {
    const { pte } = entryOf(s.vm, s.p, s.away);
    machineOf(s.vm).ram.writePte(leafOf(s.p, s.superpage).at, pte);
  }],
  // Areas and what they hold.
  ["area damaged", "areas that overlap", (s) => {
    const { areas } = spaceOf(kernelOf(s.vm), recordOf(s.p));
    areas[0].end = areas[1].end;
  }],
  [
    "area damaged",
    "areas out of order",
    (s) => void spaceOf(kernelOf(s.vm), recordOf(s.p)).areas.reverse(),
  ],
  ["area damaged", "a heap beyond the break", (s) => {
    const space = spaceOf(kernelOf(s.vm), recordOf(s.p));
    space.size = offset(space.size, -PAGE_SIZE);
  }],
  ["area damaged", "shared memory with nothing behind it", (s) => {
    delete spaceOf(kernelOf(s.vm), recordOf(s.p)).areas.find((a) => BigInt(a.start) === s.anon)!
      .backing;
  }],
  ["area damaged", "an area over the trapframe", (s) => {
    spaceOf(kernelOf(s.vm), recordOf(s.p)).areas.at(-2)!.end = USYSCALL;
  }],
  ["file count", "a file held once too often", (s) => {
    const file = fileOf(kernelOf(s.vm), recordOf(s.p), 3);
    assert(file?.type === "inode");
    kernelOf(s.vm).files.at(file.inode).idup(file.inode);
  }],
  ["file count", "areas counted wrong", (s) => {
    kernelOf(s.vm).state.heldFiles--;
  }],
  ["file count", "a shared object that somebody forgot", (s) => {
    const { holders } = kernelOf(s.vm).state.shm;
    const [inode, n] = [...holders][0];
    holders.set(inode, n + 1);
  }],
  // The allocator.
  ["free list damaged", "a link back that is wrong", (s) => {
    const [, second] = [...freeList(kernelOf(s.vm))];
    machineOf(s.vm).ram.writePte(second + 8 as PaNum, 0);
  }],
  ["free list damaged", "a frame never used, beyond the mark", (s) => {
    kernelOf(s.vm).state.frames.freshTop -= 1;
  }],
  ["free count wrong", "the free frames of a block", (s) => {
    kernelOf(s.vm).state.frames.blockFree[3]--;
  }],
  ["free count wrong", "a free frame with a count", (s) => {
    const { frames } = kernelOf(s.vm).state;
    frames.counts[frameIndex(kernelOf(s.vm), frames.head as PaNum)] = 1;
  }],
  // The hart.
  ["space lost", "the hart walks other tables", (s) => {
    s.p.load(s.sole);
    machineOf(s.vm).mmu.setRoot(spaceOf(kernelOf(s.vm), recordOf(s.child)).root);
  }],
];

Deno.test("every condition that the kernel relies on is a rule: broken, it is found", async (t) => {
  const { vm, ...rest } = scene();
  assertAudit(vm);
  const start = vm.save();
  for (const [name, what, plant, says = ""] of PLANTS) {
    await t.step(`${name}: ${what}`, () => {
      vm.restore(start);
      const before = new Set(vm.audit().map((f) => f.class));
      plant({ vm, ...rest });
      const findings = vm.audit();
      assert(!before.has(name), "there before");
      assert(
        findings.some((f) => f.class === name && f.detail.includes(says)),
        `found: ${findings.map((f) => `${f.class}: ${f.detail}`).join(", ") || "nothing"}`,
      );
    });
  }
});

Deno.test("under share-readonly, a mark beside W would be shared writable", () => {
  const vm = boot({ policy: "share-readonly" });
  const p = vm.spawn();
  p.sbrk(PAGE_SIZE);
  p.store(HEAP, 1n);
  const { at, pte } = leafOf(p, HEAP);
  machineOf(vm).ram.writePte(at, pte | PTE_RSW0);
  assertEquals(vm.audit().map((f) => f.class), ["flag gained"]);
});

Deno.test("what the audit calls a lost right or mark kills at the next access, and a clean one does not", () => {
  const { vm, p, both, sole } = scene();
  const start = vm.save();
  const kills = (address: number, change: (pte: number) => number, value?: bigint) => {
    vm.restore(start);
    const { at, pte } = leafOf(p, address);
    machineOf(vm).ram.writePte(at, change(pte));
    machineOf(vm).mmu.sfence();
    return p.access(address, 8, value).killed?.why;
  };
  assertEquals(kills(both, (pte) => pte & ~PTE_RSW0, 1n), "store to a read-only page");
  assertEquals(kills(sole, (pte) => pte & ~PTE_U), "PTE damaged: not a user page");
  assertEquals(kills(both, (pte) => pte, 1n), undefined);
  vm.restore(start);
  const { at, pte } = leafOf(p, both);
  machineOf(vm).ram.write64(at, BigInt(pte) | 1n << 60n);
  machineOf(vm).mmu.sfence();
  assertEquals(p.access(both).killed?.why, "PTE damaged: reserved bits set");
});

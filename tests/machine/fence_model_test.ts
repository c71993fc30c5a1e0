/**
 * Translations held against what the architecture allows, in random programs of one to three harts
 * that change page tables in every way, switch satp, fence and access: each access must use what a
 * walk could have found at some moment since the last fence that covers it, from the root that satp
 * had then under the same ASID.
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { PaNum } from "../../src/vm/machine/address.ts";
import { MSTATUS } from "../../src/vm/machine/hart/csr_state.ts";
import type { Hart } from "../../src/vm/machine/hart/hart.ts";
import type { Machine } from "../../src/vm/machine/machine.ts";
import {
  type Access,
  EXECUTE,
  makePte,
  makeSatp,
  permits,
  PTE_A,
  PTE_D,
  PTE_G,
  PTE_R,
  PTE_U,
  PTE_V,
  PTE_W,
  PTE_X,
  READ,
  walk,
  WRITE,
} from "../../src/vm/machine/sv39.ts";
import { encode } from "./engine_lab.ts";
import { at, machine, va } from "./machine_lab.ts";

/** Frames to map: six that pages map, and the second page of two superpages. Each holds its number. */
const DATA = [0x10_0000, 0x10_1000, 0x10_2000, 0x10_3000, 0x20_1000, 0x40_1000].map(at);
/** Addresses that programs use, the last one in what may be a superpage. */
const PAGES = [0x1000, 0x2000, 0x3000, 0x20_1000];
const ROOTS = 2;
/** A root, its tables of level 1 and 0, and a spare one of level 0. */
const table = (root: number, n: number): PaNum => at(0x80_0000 + (root * 5 + n) * 4096);
const ROOT = 0, L1 = 1, L0 = 2, L0_HIGH = 3, SPARE = 4;

/** PTEs that programs change: three pages, that of the last address, its table's, and two above. */
const SLOTS = [[L0, 1], [L0, 2], [L0, 3], [L0_HIGH, 1], [L1, 1], [L1, 0], [ROOT, 0]] as const;
const slotAt = (root: number, slot: number): PaNum => {
  const [n, index] = SLOTS[slot];
  return table(root, n) + 8 * index as PaNum;
};

/** A value for a slot: of a leaf with such flags, of a pointer, or none. */
function pteFor(root: number, slot: number, pick: number, flags: number): number {
  if (pick === 0) return flags & ~PTE_V;
  if (slot < 4) return makePte(DATA[pick % DATA.length], flags | PTE_V);
  if (slot === 4 && pick % 3 > 0) return makePte(at(pick % 3 * 0x20_0000), flags | PTE_V);
  const to = slot === 4
    ? table(root, L0_HIGH)
    : slot === 5
    ? table(pick % 2, pick % 3 === 0 ? SPARE : L0)
    : table(pick % 2, L1);
  return makePte(to, PTE_V);
}

/** Instructions, four bytes each, at the start of RAM; x5 is an address and x6 a value. */
const CODE = {
  load: encode("ld", { rd: 10, rs1: 5, imm: 8 }),
  store: encode("sd", { rs1: 5, rs2: 6, imm: 16 }),
  sd: encode("sd", { rs1: 5, rs2: 6, imm: 0 }),
  sb: encode("sb", { rs1: 5, rs2: 6, imm: 0 }),
  amo: encode("amoswap.d", { rd: 10, rs1: 5, rs2: 6 }),
  lr: encode("lr.d", { rd: 10, rs1: 5 }),
  sc: encode("sc.d", { rd: 10, rs1: 5, rs2: 6 }),
  fenceAll: encode("sfence.vma", { rs1: 0, rs2: 0 }),
  fencePage: encode("sfence.vma", { rs1: 5, rs2: 0 }),
  fenceAsid: encode("sfence.vma", { rs1: 0, rs2: 6 }),
  fenceBoth: encode("sfence.vma", { rs1: 5, rs2: 6 }),
  satp: encode("csrrw", { rd: 0, rs1: 6, imm: 0x180 }),
  trap: encode("addi", { rd: 0, rs1: 0, imm: 0 }),
};
type Name = keyof typeof CODE;
const pcOf = (name: Name): number => at(4 * Object.keys(CODE).indexOf(name));

const WAYS = ["sd", "mapped", "sb", "amo", "sc", "one", "many"] as const;
const FENCES = ["fenceAll", "fenceAll", "fencePage", "fenceAsid", "fenceBoth"] as const;

const hart = fc.nat(2), root = fc.nat(ROOTS - 1), page = fc.constantFrom(0, 0, 0, 1, 2, 3, 3);
const asid = fc.constantFrom(0, 0, 0, 1);
const flags = fc.tuple(fc.constantFrom(PTE_R, PTE_R | PTE_W, PTE_R | PTE_W | PTE_X), fc.nat(7)).map(
  ([rights, n]) =>
    rights | PTE_U | ((n & 1) !== 0 ? PTE_G : 0) | ((n & 6) !== 0 ? PTE_A | PTE_D : 0),
);
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constant("access" as const),
      hart,
      page,
      access: fc.constantFrom<Access>(READ, READ, READ, WRITE, EXECUTE),
      supervisor: fc.constantFrom(false, false, false, true),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant("pte" as const),
      hart,
      root,
      slot: fc.oneof(fc.nat(3), fc.nat(SLOTS.length - 1)),
      pick: fc.nat(7),
      flags,
      way: fc.constantFrom(...WAYS),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("fence" as const),
      hart,
      kind: fc.constantFrom(...FENCES),
      page,
      asid,
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("satp" as const), hart, root, asid }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("save" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** A leaf as a walk finds it, of an address by its index. */
interface Leaf {
  /** Its number, or -1 where nothing is: of a PTE of which only flags were stored. */
  readonly frame: number;
  readonly flags: number;
  readonly size: number;
}
type Found = readonly (Leaf | undefined)[];

/** What there was after a step: each root's leaves, and each hart's satp. */
interface Moment {
  readonly leaves: readonly Found[];
  readonly satps: readonly { readonly root: number; readonly asid: number }[];
}

interface Fence {
  readonly step: number;
  readonly hart: number;
  readonly page: number | undefined;
  readonly asid: number | undefined;
}

/** Runs a program, and holds each access against the moments before it. */
class Play {
  /** Of all programs: accesses by translations that the tables no longer had. */
  static stale = 0;
  /** Of all programs: accesses right before which there was an idle fence, that needed no walk. */
  static kept = 0;
  made: Machine;
  /** What was seen of each access: the number of a frame, or minus the cause of a trap. */
  readonly seen: number[] = [];
  readonly #moments: Moment[] = [];
  readonly #fences: Fence[] = [];
  #satps: Moment["satps"];
  #token = 1000;
  #idle = false;

  constructor(made: Machine) {
    this.made = made;
    const { ram, harts } = made;
    Object.values(CODE).forEach((word, i) => ram.write32(at(4 * i), word));
    for (const [i, frame] of DATA.entries()) {
      ram.write32(frame, encode("addi", { rd: 10, rs1: 0, imm: i }));
      ram.write64((frame + 8) as PaNum, BigInt(i));
    }
    for (let root = 0; root < ROOTS; root++) {
      const rwx = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D;
      ram.writePte((table(root, ROOT) + 16) as PaNum, makePte(at(0), rwx)); // RAM as it is
      ram.writePte(slotAt(root, 6), makePte(table(root, L1), PTE_V));
      ram.writePte(slotAt(root, 5), makePte(table(root, L0), PTE_V));
      ram.writePte(slotAt(root, 4), makePte(table(root, L0_HIGH), PTE_V));
      for (let slot = 0; slot < 4; slot++) {
        ram.writePte(slotAt(root, slot), makePte(DATA[slot + root], rwx | PTE_U));
      }
    }
    this.#satps = harts.map(() => ({ root: 0, asid: 0 }));
    for (const hart of harts) {
      hart.writeCsr("mtvec", BigInt(pcOf("trap")));
      hart.writeCsr("satp", makeSatp(table(0, ROOT)));
    }
    this.#note();
  }

  #note(): void {
    const { ram } = this.made;
    const leaves = Array.from(
      { length: ROOTS },
      (_, root) =>
        PAGES.map((page): Leaf | undefined => {
          const { leaf } = walk(ram, table(root, ROOT), va(page));
          return leaf && { frame: DATA.indexOf(leaf.pa), flags: leaf.flags, size: leaf.size };
        }),
    );
    this.#moments.push({ leaves, satps: this.#satps });
  }

  /** Runs instructions of a hart; minus the cause, when one trapped. */
  #run(hart: Hart, count: number): number {
    this.made.run(count, true, [hart.hartid]);
    return Number(hart.pc) === pcOf("trap") + 4 ? -Number(hart.readCsr("mcause")) : 0;
  }

  /** Executes code in M-mode, loads and stores with a mode's translation if one is given. */
  #execute(
    hart: Hart,
    name: Name,
    x5: number,
    x6: number | bigint,
    mode?: 0 | 1,
    count = 1,
  ): number {
    hart.mode = 3;
    const mprv = mode === undefined ? 0 : MSTATUS.MPRV | MSTATUS.SUM | mode << 11;
    hart.writeCsr("mstatus", BigInt(mprv));
    hart.setX(5, BigInt(x5));
    hart.setX(6, BigInt(x6));
    hart.pc = BigInt(pcOf(name));
    return this.#run(hart, count);
  }

  #change({ root, slot, pick, flags, way }: Extract<Step, { op: "pte" }>, hart: Hart): void {
    const to = slotAt(root, slot), pte = pteFor(root, slot, pick, flags);
    const { ram } = this.made;
    switch (way) {
      case "one":
        return ram.writePte(to, pte);
      case "many":
        return ram.write(to, new Uint8Array(new BigUint64Array([BigInt(pte), 0n]).buffer));
      case "sc":
        return void this.#execute(hart, "lr", to, pte, undefined, 2);
      case "mapped":
        // The kernel's way: by the map in which RAM stands as it is.
        return assertEquals(this.#execute(hart, "sd", to, pte, 1), 0);
      default:
        return void this.#execute(hart, way, to, pte);
    }
  }

  /** An access; the number of the frame that it reached, or minus the cause of its trap. */
  #access(hart: Hart, page: number, access: Access, mode: 0 | 1): number {
    if (access === EXECUTE) {
      this.#execute(hart, "trap", 0, 0, mode);
      hart.mode = mode;
      hart.pc = BigInt(page);
      return this.#run(hart, 1) || Number(hart.x(10));
    }
    if (access === READ) return this.#execute(hart, "load", page, 0, mode) || Number(hart.x(10));
    const trap = this.#execute(hart, "store", page, ++this.#token, mode);
    if (trap !== 0) return trap;
    const { ram } = this.made;
    return DATA.findIndex((frame) => ram.read64((frame + 16) as PaNum) === BigInt(this.#token));
  }

  #judge(got: number, step: Extract<Step, { op: "access" }>, hart: number): void {
    const { page, access, supervisor } = step;
    const rights = { user: !supervisor, sum: true, mxr: false };
    const fits = (leaf: Leaf | undefined) =>
      leaf !== undefined && leaf.frame >= 0 && permits(leaf.flags, access, rights) === undefined;
    const { root, asid } = this.#satps[hart];
    const now = this.#moments.at(-1)!.leaves[root][page];
    // A fault is never remembered.
    if (got < 0) return assert(!fits(now), `trap ${-got}, and the tables map the page`);
    if (fits(now) && now!.frame === got) return;
    Play.stale++;
    const allowed = this.#moments.some(({ leaves, satps }, n) => {
      const then = satps[hart];
      const leaf = leaves[then.root][page];
      return then.asid === asid && fits(leaf) && leaf!.frame === got &&
        !this.#fences.some((fence) => fence.hart === hart && covers(fence, n, page, leaf!, asid));
    });
    assert(allowed, `frame ${got}, and the tables say ${now?.frame}`);
  }

  run(steps: readonly Step[], save: (play: Play) => void): void {
    for (const step of steps) {
      const { harts } = this.made;
      const hart = step.op === "save" ? harts[0] : harts[step.hart % harts.length];
      const { mmu, hartid } = hart;
      if (step.op === "save") save(this);
      else if (step.op === "pte") this.#change(step, hart);
      else if (step.op === "satp") {
        const { root, asid } = step;
        this.#satps = this.#satps.map((was, i) => i === hartid ? { root, asid } : was);
        this.#execute(hart, "satp", 0, makeSatp(table(root, ROOT), asid));
      } else if (step.op === "fence") {
        const { kind, page, asid } = step;
        const before = mmu.counters().idleFlushes;
        this.#execute(hart, kind, PAGES[page], asid);
        this.#idle = mmu.counters().idleFlushes > before;
        this.#fences.push({
          step: this.#moments.length,
          hart: hartid,
          page: kind === "fencePage" || kind === "fenceBoth" ? PAGES[page] : undefined,
          asid: kind === "fenceAsid" || kind === "fenceBoth" ? asid : undefined,
        });
      } else {
        const { walks } = mmu.counters();
        const got = this.#access(hart, PAGES[step.page], step.access, step.supervisor ? 1 : 0);
        if (this.#idle && mmu.counters().walks === walks) Play.kept++;
        this.#judge(got, step, hartid);
        this.seen.push(got);
      }
      this.#note();
    }
  }
}

/** Whether a fence obliges its hart to forget a leaf that a walk found at a moment. */
function covers(fence: Fence, moment: number, page: number, leaf: Leaf, asid: number): boolean {
  if (fence.step <= moment) return false;
  if (fence.asid !== undefined && (fence.asid !== asid || (leaf.flags & PTE_G) !== 0)) return false;
  const start = PAGES[page] - PAGES[page] % leaf.size;
  return fence.page === undefined || (fence.page >= start && fence.page < start + leaf.size);
}

Deno.test("property: accesses use translations that are allowed, and states in between change nothing", () => {
  const program = fc.array(step, { minLength: 10, maxLength: 120, size: "max" });
  fc.assert(
    fc.property(fc.constantFrom(1, 1, 2, 3), program, (harts, steps) => {
      const whole = new Play(machine({ harts }));
      whole.run(steps, () => {});
      const cut = new Play(machine({ harts }));
      let spare = machine({ harts });
      cut.run(steps, (play) => {
        spare.restore(play.made.save());
        [play.made, spare] = [spare, play.made];
      });
      assertEquals(cut.seen, whole.seen);
      assertEquals(cut.made.save(), whole.made.save());
    }),
    { numRuns: 150 },
  );
  assert(Play.stale > 100, `${Play.stale} accesses by what the tables no longer had`);
  assert(Play.kept > 100, `${Play.kept} accesses served by what a fence kept`);
});

/**
 * Two machines that run the same code while it is written: one keeps what it has decoded, and has breakpoints and
 * checks; the other does one instruction at a time, forgets all that it has decoded before each, and has none of them:
 * where it would stop is found by looking at its pc. And the rule that the first one's records must keep at any moment.
 */

import { assertEquals } from "@std/assert";
import { type PaNum, RAM_BASE } from "../../src/vm/machine/address.ts";
import { firstOf, firstPair, pairs } from "../../src/vm/machine/engine/pairs.ts";
import {
  HANDLER,
  illegalRecord,
  RECORD_SHIFT,
  recordOf,
  STOP_BIT,
  STRADDLING,
} from "../../src/vm/machine/engine/records.ts";
import { FIRST_VARIANT, numberOf } from "../../src/vm/machine/engine/variants.ts";
import { decode, isLong } from "../../src/vm/machine/isa/decode.ts";
import { CODE_MAP } from "../../src/vm/machine/layout.ts";
import type { Machine, MachineState, Stop } from "../../src/vm/machine/machine.ts";
import { type CodeStep, WINDOW_SIZE, WRITES } from "./code_steps.ts";
import { at, machine, Tables } from "./machine_lab.ts";

/** Two pages of code, one behind the other, and the bytes around their border that are written and run. */
const CODE = at(0x1_0000);
const WINDOW = CODE + 0x1000 - 160;
/** Where U-mode sees the two pages: to run them, and once more. */
const CODE_VA = 0x4000_0000, ALIAS_VA = 0x5000_0000;
const RWXU = 0x1e;
const QUEUE = at(0x2_0000), HEADER = at(0x2_4000);

/** The ways by which RAM changes from outside the hart. */
const ways: readonly ((m: Machine, pa: PaNum, va: number, value: bigint) => void)[] = [
  (m, pa, _, value) => m.ram.write8(pa, Number(value & 0xffn)),
  (m, pa, _, value) => m.ram.write16(pa, Number(value & 0xffffn)),
  (m, pa, _, value) => m.ram.write32(pa, Number(value & 0xffff_ffffn)),
  (m, pa, _, value) => m.ram.write64(pa, value),
  (m, pa, _, value) => m.ram.writePte((pa - pa % 8) as PaNum, Number(value & 0xffff_ffffn)),
  (m, pa, _, value) => m.ram.fill(pa, 1 + Number(value % 9n), Number(value & 0xffn)),
  (m, pa, _, value) => m.ram.copy(pa, (pa + Number(value % 64n) - 32) as PaNum, 6),
  (m, pa) => m.ram.writeFrom((pa - pa % 8) as PaNum, 0x400, 16),
  (m, pa) => m.ram.copyFrame((pa - pa % 4096) as PaNum, at(0x1_4000)),
  ...([1, 2, 4, 8] as const).map((size) => (m: Machine, _: PaNum, va: number, value: bigint) => {
    m.user.access({ kind: "store", va: BigInt(va), size, value });
  }),
];

assertEquals(ways.length, WRITES);

/** The two machines. `paged`: they run U-mode through page tables, else M-mode untranslated. */
export class CodeTwins {
  readonly #kept: Machine;
  readonly #fresh: Machine;
  readonly #start: MachineState;
  readonly #paged: boolean;
  #saved: [MachineState, MachineState] | undefined;
  #requests = 0;
  readonly #breaks = new Set<number>();
  readonly #checks = new Set<number>();
  /** Instructions retired and pc at each check that was met. */
  #checked: [number, number][] = [];

  constructor(paged: boolean) {
    this.#paged = paged;
    const make = () => {
      const made = machine({ traps: "host", disk: new Uint8Array(512) });
      if (paged) {
        const tables = new Tables(made);
        for (let page = 0; page < 2; page++) {
          tables.map(CODE_VA + 4096 * page, (CODE + 4096 * page) as PaNum, RWXU);
          tables.map(ALIAS_VA + 4096 * page, (CODE + 4096 * page) as PaNum, RWXU);
        }
        tables.use();
        made.hart.mode = 0;
        made.hart.selectBanks();
      }
      const set = (register: number, value: number) => made.virtio!.write(register, 4, value);
      set(0x70, 3);
      set(0x38, 8);
      set(0x80, QUEUE);
      set(0x90, QUEUE + 0x1000);
      set(0xa0, QUEUE + 0x2000);
      set(0x44, 1);
      set(0x70, 15);
      return made;
    };
    this.#kept = make();
    this.#fresh = make();
    this.#start = this.#kept.save();
    this.#kept.watches.check = (pc) => {
      const { instret } = this.#kept;
      // It may be asked again before the instruction retires, and need not stop a second time.
      const last = this.#checked.at(-1);
      if (last?.[0] === instret && last[1] === pc) return false;
      this.#checked.push([instret, pc]);
      return instret % 2 === 1;
    };
  }

  /** Plays steps from the start on both, comparing after each. Throws at the first difference. */
  play(steps: readonly CodeStep[]): void {
    for (const pc of this.#breaks) this.#kept.removeBreak(pc);
    for (const pc of this.#checks) this.#kept.removeCheck(pc);
    this.#breaks.clear();
    this.#checks.clear();
    for (const made of [this.#kept, this.#fresh]) {
      for (const watch of [...made.watches.watches]) made.unwatch(watch);
      made.restore(this.#start);
      made.engine.pages.clear();
    }
    this.#saved = undefined;
    this.#requests = 0;
    for (const one of steps) {
      const stops = one.op === "run" ? this.#run(one) : this.#other(one);
      assertEquals(stale(this.#kept), []);
      assertEquals(stops[0], stops[1]);
      assertEquals(view(this.#kept), view(this.#fresh));
    }
    const image = (m: Machine) => m.ram.bytes(CODE, 0x4000);
    assertEquals(image(this.#kept), image(this.#fresh));
  }

  #run({ offset, seed, count }: CodeStep & { op: "run" }): (Stop & { retired: number })[] {
    const twins = [this.#kept, this.#fresh];
    if (offset !== undefined) {
      const window = this.#paged ? CODE_VA + WINDOW - CODE : WINDOW;
      const other = this.#paged ? ALIAS_VA + WINDOW - CODE : WINDOW;
      for (const { hart, ram } of twins) {
        hart.pc = BigInt(window + (offset & ~1));
        hart.waiting = false;
        for (let i = 1; i < 32; i++) {
          const n = Math.imul(seed + i, 0x9e37_79b1) >>> 0;
          const place = (n >>> 8) % WINDOW_SIZE;
          const value = n % 4 === 0
            ? BigInt(ram.read32((WINDOW + place) as PaNum))
            : BigInt(n % 3 === 0 ? n & 0xff : (n % 5 === 0 ? window : other) + place);
          hart.setX(i, value);
        }
      }
    }
    const [kept, fresh] = twins as [Machine, Machine];
    const before = kept.instret;
    this.#checked = [];
    const stop = kept.run(count);
    let other: Stop = { kind: "budget" };
    const checked: [number, number][] = [];
    while (fresh.instret - before < count) {
      const pc = fresh.hart.pc;
      if (this.#breaks.has(Number(pc)) && fresh.instret > before) {
        other = { kind: "break", pc };
        break;
      }
      const at = fresh.instret;
      fresh.engine.pages.clear();
      other = fresh.run(1);
      const fetched = fresh.instret > at || other.kind !== "trap" || other.tval !== pc;
      if (this.#checks.has(Number(pc)) && fetched) checked.push([at, Number(pc)]);
      if (other.kind !== "budget") break;
    }
    assertEquals(this.#checked, checked);
    return [
      { ...stop, retired: kept.instret - before },
      { ...other, retired: fresh.instret - before },
    ];
  }

  #other(one: Exclude<CodeStep, { op: "run" }>): number[] {
    if (one.op === "stop") {
      const pc = (this.#paged ? (one.alias ? ALIAS_VA : CODE_VA) - CODE : 0) + WINDOW + one.offset;
      const [had, kept] = [one.check ? this.#checks : this.#breaks, this.#kept];
      const there = had.delete(pc);
      if (!there) had.add(pc);
      if (one.check) there ? kept.removeCheck(pc) : kept.addCheck(pc);
      else there ? kept.removeBreak(pc) : kept.addBreak(pc);
      return [0, 0];
    }
    if (one.op === "save") this.#saved = [this.#kept.save(), this.#fresh.save()];
    for (const [i, made] of [this.#kept, this.#fresh].entries()) this.#change(made, one, i);
    if (one.op === "disk") this.#requests++;
    return [0, 0];
  }

  #change(
    made: Machine,
    one: Exclude<CodeStep, { op: "run" | "stop" }>,
    twin: number,
  ): void {
    switch (one.op) {
      case "write": {
        const { how, offset, value } = one;
        const va = ALIAS_VA + WINDOW - CODE + offset;
        return ways[how]!(
          made,
          (WINDOW + offset) as PaNum,
          this.#paged ? va : WINDOW + offset,
          value,
        );
      }
      case "code":
        return made.ram.write((WINDOW + one.offset) as PaNum, bytesOf(one.words));
      case "disk":
        return this.#disk(made, one);
      case "restore":
        return this.#saved === undefined ? undefined : made.restore(this.#saved[twin]!);
      case "watch": {
        for (const watch of [...made.watches.watches]) if (made.unwatch(watch)) return;
        const start = WINDOW + one.offset;
        made.watch({ space: "pa", start, length: 1, read: false, write: true });
      }
    }
  }

  /** Reads the disk's only sector into the code, and has the status byte put somewhere else in it. */
  #disk(made: Machine, { offset, status, words }: CodeStep & { op: "disk" }): void {
    const { ram, virtio } = made;
    virtio!.image.set(bytesOf(words).subarray(0, 512));
    const describe = (i: number, pa: number, length: number, flags: number) => {
      ram.write64((QUEUE + 16 * i) as PaNum, BigInt(pa));
      ram.write64(
        (QUEUE + 16 * i + 8) as PaNum,
        BigInt(length) | BigInt(flags) << 32n | BigInt(i + 1) << 48n,
      );
    };
    describe(0, HEADER, 16, 1);
    describe(1, WINDOW + offset, 512, 3);
    describe(2, WINDOW + status, 1, 2);
    ram.write16((QUEUE + 0x1000 + 4 + 2 * (this.#requests % 8)) as PaNum, 0);
    ram.write16((QUEUE + 0x1002) as PaNum, this.#requests + 1);
    virtio!.write(0x50, 4, 0);
  }
}

function bytesOf(words: readonly number[]): Uint8Array {
  const bytes = words.flatMap((word) =>
    isLong(word) ? [word, word >>> 8, word >>> 16, word >>> 24] : [word, word >>> 8]
  );
  return Uint8Array.from(bytes);
}

function view({ hart, mmu, instret }: Machine): unknown {
  // Fetches are looked up again when all is forgotten.
  const { execute: _, ...counters } = mmu.counters();
  return {
    instret,
    pc: hart.pc,
    mode: hart.mode,
    counters,
    x: Array.from({ length: 32 }, (_, i) => hart.x(i)),
  };
}

/**
 * Records of the two pages that do not stand for the bytes under them: another instruction's, or half of a pair
 * whose other half is not decoded, or another instruction's, or a stop record.
 */
function stale(made: Machine): string[] {
  const words = new Int32Array(made.ram.memory.buffer);
  const wrong: string[] = [];
  for (const frame of [CODE, CODE + 4096]) {
    const page = words[(CODE_MAP >> 2) + ((frame - RAM_BASE) >>> 12)]!;
    if (page === 0) continue;
    const headAt = (offset: number) => words[(page + (offset << RECORD_SHIFT)) >> 2]!;
    for (let offset = 0; offset < 4096; offset += 2) {
      const head = headAt(offset) & ~STOP_BIT;
      if (head === 0) continue;
      const low = made.ram.read16((frame + offset) as PaNum);
      const size = isLong(low) ? 4 : 2;
      const handler = head & HANDLER;
      const at = `${(frame + offset).toString(16)}: handler ${handler}`;
      if (offset === 4094 && size === 4) {
        if (head !== STRADDLING) wrong.push(`${at}, straddling`);
        continue;
      }
      const word = size === 4 ? made.ram.read32((frame + offset) as PaNum) : low;
      const instruction = decode(word);
      const want = instruction === undefined ? illegalRecord(word) : recordOf(instruction, offset);
      const imm = words[(page + (offset << RECORD_SHIFT) + 4) >> 2]!;
      const is = head & ~HANDLER | firstOf(handler);
      if (is !== want.head || imm !== (want.imm | 0)) wrong.push(`${at} for ${word.toString(16)}`);
      if (handler < firstPair()) continue;
      const behind = headAt(offset + size), second = firstOf(behind & HANDLER);
      const pair = pairs()[handler - firstPair()]!;
      if ((behind & STOP_BIT) !== 0) wrong.push(`${at}, whose second half is a stop record`);
      if (second < FIRST_VARIANT || second !== numberOf(pair.second)) {
        wrong.push(`${at}, whose second half is ${second}`);
      }
    }
  }
  return wrong;
}

/**
 * Random blocks for `campaign cpu`.
 *
 * Some registers keep their purpose, so that accesses find memory: x8, x15 and x2 point into pages that may be written,
 * x9 into one of eight of which some may not be read, written, executed or used by the mode; x31 counts loops. Blocks
 * only jump forwards, but for these loops, so each comes to its end.
 *
 * @module
 */

import { shapeOf } from "../../src/vm/machine/engine/shape.ts";
import { extractAll, type Pattern } from "../../src/vm/machine/isa/pattern.ts";
import { COMPRESSED_ROWS, rowNamed, ROWS } from "../../src/vm/machine/isa/rows.ts";
import { Assembler } from "../machine/engine_lab.ts";
import type { Random } from "./campaign.ts";
import { HOLE, LEAVES, PAGES, POOL } from "./cpu_harness.ts";

/** Bits of a PTE. */
export const V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128;

const FREE = [
  1,
  3,
  4,
  5,
  6,
  7,
  10,
  11,
  12,
  13,
  14,
  ...Array.from({ length: 15 }, (_, i) => 16 + i),
];
const POINTERS = [8, 15, 2];
const COUNTER = 31;

/** Instructions that only compute, 4 bytes long … */
export const computations = ROWS.filter((row) => shapeOf(row).kind === "set");
/** … and 2. */
export const shortComputations = COMPRESSED_ROWS.filter((row) =>
  shapeOf(rowNamed(row.base)).kind === "set" && row.name !== "c.addi16sp"
);
const loads = ["lb", "lh", "lw", "ld", "lbu", "lhu", "lwu"], stores = ["sb", "sh", "sw", "sd"];
const amos = ROWS.filter((row) => shapeOf(row).kind === "amo").map((row) => row.name);
const branches = ["beq", "bne", "blt", "bge", "bltu", "bgeu"];

/** A privilege mode. */
export type Mode = "M" | "S" | "U";

/** Writes one block. */
export class Block {
  readonly code = new Assembler();
  #labels = 0;
  #looping = false;
  /** Nothing traps: more of the time is spent in the block's own instructions. */
  readonly #calm: boolean;
  readonly #mode: Mode;
  readonly #paged: boolean;
  readonly #random: Random;
  /** Its physical address; the distance to a place in RAM is the same at the alias. */
  readonly #at: number;

  constructor(random: Random, mode: Mode, paged: boolean, at: number) {
    this.#random = random;
    this.#mode = mode;
    this.#paged = paged;
    this.#at = at;
    this.#calm = !random.oneIn(4);
    const items = 30 + random.below(120);
    for (let i = 0; i < items; i++) this.#item();
    this.code.label("end").put("ebreak");
  }

  #item(): void {
    const pick = this.#random.below(this.#calm ? 89 : 100);
    if (pick < 38) return this.#computation();
    if (pick < 58) return this.#access();
    if (pick < 64) return this.#atomic();
    if (pick < 72) return this.#branch();
    if (pick < 76) return this.#jump();
    if (pick < 80) return this.#loop();
    if (pick < 84) return this.#csr();
    if (pick < 87) return this.#rewrite();
    if (pick < 89) return this.#fence();
    if (pick < 93) return this.#leaf();
    if (pick < 97) return this.#trap();
    this.#wild();
  }

  /** A register that may be changed; x0 now and then. */
  #rd(): number {
    return this.#random.oneIn(12) ? 0 : this.#random.pick(FREE);
  }

  #rs(): number {
    return this.#random.below(32);
  }

  #computation(): void {
    const { name, pattern } = this.#random.oneIn(2)
      ? this.#random.pick(computations)
      : this.#random.pick(shortComputations);
    this.code.put(name, operandsOf(this.#random, pattern));
  }

  #access(): void {
    const random = this.#random;
    if (random.oneIn(3)) {
      const name = random.pick([
        "c.lw",
        "c.ld",
        "c.sw",
        "c.sd",
        "c.lwsp",
        "c.ldsp",
        "c.swsp",
        "c.sdsp",
      ]);
      const step = name.includes("d") ? 8 : 4;
      const imm = step * random.below(16);
      if (name.endsWith("sp")) {
        const rd = random.pick(FREE);
        this.code.put(name, name.startsWith("c.l") ? { rd, imm } : { rs2: this.#rs(), imm });
      } else {
        const rs1 = random.pick(this.#calm ? [8, 15] : [8, 9, 15]), other = 8 + random.below(8);
        const rd = random.pick([10, 11, 12, 13, 14]);
        this.code.put(name, name.startsWith("c.l") ? { rs1, rd, imm } : { rs1, rs2: other, imm });
      }
      return;
    }
    const rs1 = !this.#calm && random.oneIn(4) ? 9 : random.pick(POINTERS);
    const imm = random.below(128) - 64;
    if (random.oneIn(2)) this.code.put(random.pick(loads), { rd: this.#rd(), rs1, imm });
    else this.code.put(random.pick(stores), { rs2: this.#rs(), rs1, imm });
  }

  #atomic(): void {
    const random = this.#random;
    // SC only where a store is allowed: elsewhere one that fails may trap or not.
    const rs1 = random.pick(POINTERS), aqrl = random.below(4);
    switch (random.below(4)) {
      case 0: {
        // A constrained LR/SC pair: nothing between that could end the reservation.
        const size = random.pick(["w", "d"]);
        this.code.put(`lr.${size}`, { rd: this.#rd(), rs1, aqrl });
        for (let n = random.below(3); n > 0; n--) this.#computation();
        this.code.put(`sc.${size}`, { rd: this.#rd(), rs1, rs2: this.#rs(), aqrl });
        return;
      }
      case 1:
        this.code.put(`sc.${random.pick(["w", "d"])}`, { rd: this.#rd(), rs1, rs2: this.#rs() });
        return;
      default: {
        let base = !this.#calm && random.oneIn(3) ? 9 : rs1;
        if (!this.#calm && random.oneIn(8)) {
          // misaligned
          base = random.pick(FREE);
          this.code.put("addi", { rd: base, rs1, imm: random.below(8) });
        }
        this.code.put(random.pick(amos), { rd: this.#rd(), rs1: base, rs2: this.#rs(), aqrl });
      }
    }
  }

  /** A few items that a branch may pass over. */
  #branch(): void {
    const label = `l${this.#labels++}`;
    if (this.#random.oneIn(3)) {
      this.code.put(
        this.#random.pick(["c.beqz", "c.bnez"]),
        { rs1: 8 + this.#random.below(8) },
        label,
      );
    } else {
      this.code.put(this.#random.pick(branches), { rs1: this.#rs(), rs2: this.#rs() }, label);
    }
    for (let n = this.#random.below(4); n > 0; n--) this.#computation();
    this.code.label(label);
  }

  #jump(): void {
    const random = this.#random, label = `l${this.#labels++}`;
    switch (random.below(3)) {
      case 0:
        this.code.put("jal", { rd: this.#rd() }, label);
        break;
      case 1:
        this.code.put("c.j", {}, label);
        break;
      default: {
        // The target is this address and 12 or 10 bytes, an odd one being made even.
        const via = random.pick(FREE);
        this.code.put("auipc", { rd: via, imm: 0 });
        if (random.oneIn(2)) {
          this.code.put("jalr", { rd: this.#rd(), rs1: via, imm: 12 + random.below(2) });
          this.code.put("addi", { rd: this.#rd(), rs1: this.#rs(), imm: 1 });
        } else {
          this.code.put("c.addi", { rd: via, imm: 10 });
          this.code.put(random.pick(["c.jr", "c.jalr"]), { rs1: via === 1 ? 1 : via });
          this.code.put("c.nop", { imm: 0 });
        }
        return;
      }
    }
    for (let n = random.below(4); n > 0; n--) this.#computation();
    this.code.label(label);
  }

  #loop(): void {
    if (this.#looping) return this.#computation();
    this.#looping = true;
    const label = `l${this.#labels++}`;
    this.code.put("addi", {
      rd: COUNTER,
      rs1: 0,
      imm: 1 + this.#random.below(this.#calm ? 300 : 20),
    }).label(label);
    for (let n = 1 + this.#random.below(8); n > 0; n--) this.#item();
    this.code.put("addi", { rd: COUNTER, rs1: COUNTER, imm: -1 });
    this.code.put("bne", { rs1: COUNTER, rs2: 0 }, label);
    this.#looping = false;
  }

  #csr(): void {
    const random = this.#random;
    const name = random.pick(["csrrw", "csrrs", "csrrc"]);
    const S = { sscratch: 0x140, sepc: 0x141, scause: 0x142, stval: 0x143, sstatus: 0x100 };
    const M = { mepc: 0x341, mcause: 0x342, mtval: 0x343, mstatus: 0x300 };
    const via = random.pick(FREE);
    if (this.#calm && this.#mode === "U") return this.#computation();
    switch (this.#mode === "U" ? 0 : this.#calm ? 1 + random.below(5) : random.below(6)) {
      case 0: // reads, of M's in S and U illegal; so is what does not exist
        this.code.put("csrrs", {
          rd: this.#rd(),
          rs1: 0,
          imm: random.pick([
            ...Object.values(S),
            ...Object.values(M),
            0x180,
            0x302,
            0xf14,
            0x5c0,
          ]),
        });
        return;
      case 1: // SUM, MXR, SPP, SPIE; in M also TVM
        this.code.put("lui", {
          rd: via,
          imm: random.pick([
            0x4_0000,
            0x8_0000,
            0xc_0000,
            ...this.#mode === "M" ? [0x10_0000] : [],
          ]),
        });
        this.code.put("addi", { rd: via, rs1: via, imm: random.pick([0, 0x20, 0x100, 0x120]) });
        this.code.put(random.pick(["csrrs", "csrrc"]), {
          rd: this.#rd(),
          rs1: via,
          imm: this.#mode === "M" ? M.mstatus : S.sstatus,
        });
        return;
      case 2: // an exception's code
        this.code.put("addi", { rd: via, rs1: 0, imm: random.below(16) });
        this.code.put("csrrw", { rd: this.#rd(), rs1: via, imm: S.scause });
        return;
      case 3: // an even address
        this.code.put("andi", { rd: via, rs1: this.#rs(), imm: -2 });
        this.code.put("csrrw", { rd: this.#rd(), rs1: via, imm: S.sepc });
        return;
      default:
        this.code.put(name, {
          rd: this.#rd(),
          rs1: this.#rs(),
          imm: this.#mode === "M" && random.oneIn(2) ? M.mtval : S.stval,
        });
    }
  }

  #trap(): void {
    switch (this.#random.below(5)) {
      case 0:
        this.code.put("ecall");
        return;
      case 1:
        this.code.put(this.#random.oneIn(2) ? "ebreak" : "c.ebreak");
        return;
      case 2: // wherever it is illegal; elsewhere TVM decides
        if (this.#mode === "U") this.code.put(this.#random.pick(["mret", "sret", "wfi"]));
        else if (this.#mode === "S") this.code.put("mret");
        return;
      case 3: // F is absent
        this.code.put("fence.i");
        return this.#word(0x0015_3053);
      default:
        this.#word(0xffff_ffff);
    }
  }

  /** Four bytes that are no instruction. */
  #word(word: number): void {
    this.#illegal.set(this.code.size, word);
    this.code.put("addi", { rd: 0, rs1: 0, imm: 0 });
  }
  readonly #illegal = new Map<number, number>();

  /** The block's code. */
  bytes(): Uint8Array {
    const bytes = this.code.bytes();
    const view = new DataView(bytes.buffer);
    for (const [at, word] of this.#illegal) view.setUint32(at, word, true);
    return bytes;
  }

  /** Writes an instruction of the pool over one that comes next. */
  #rewrite(): void {
    const random = this.#random;
    const [site, from, word] = three(random);
    const step = random.oneIn(2) ? 4 : 2;
    this.#address(from, POOL + (step === 2 ? 0x80 : 0));
    this.code.put("andi", { rd: word, rs1: this.#rs(), imm: step === 4 ? 0x7c : 0x3e });
    this.code.put("add", { rd: from, rs1: from, rs2: word });
    this.code.put(step === 4 ? "lw" : "lhu", { rd: word, rs1: from, imm: 0 });
    const label = `l${this.#labels++}`;
    this.code.put("auipc", { rd: site, imm: 0 });
    // Behind the store and the fence: 4 + 4 + 4 bytes after the auipc, or more.
    const between = random.below(3);
    this.code.put(step === 4 ? "sw" : "sh", { rs1: site, rs2: word, imm: 12 + 4 * between });
    this.code.put("fence.i");
    for (let n = 0; n < between; n++) {
      this.code.put("xori", { rd: random.pick(FREE), rs1: this.#rs(), imm: random.below(2048) });
    }
    this.code.label(label);
    if (step === 4) this.code.put("addi", { rd: 0, rs1: 0, imm: 0 });
    else this.code.put("c.nop", { imm: 0 });
  }

  /** Changes a leaf of the other pages, and drops what the TLB holds of it. */
  #leaf(): void {
    if (this.#mode === "U") return this.#access();
    const random = this.#random;
    const [slot, pte] = three(random);
    const index = 8 + random.below(8);
    this.#address(slot, LEAVES + 8 * index);
    this.code.put("ld", { rd: pte, rs1: slot, imm: 0 });
    this.code.put("xori", {
      rd: pte,
      rs1: pte,
      imm: random.pick([R, W, X, U, A, D, V, A | D, R | W]),
    });
    this.code.put("sd", { rs1: slot, rs2: pte, imm: 0 });
    this.code.put("lui", { rd: slot, imm: PAGES + 4096 * index });
    this.code.put("sfence.vma", { rs1: random.oneIn(2) ? slot : 0, rs2: 0 });
  }

  #fence(): void {
    if (this.#mode !== "U" && this.#random.oneIn(2)) {
      this.code.put("sfence.vma", { rs1: 0, rs2: 0 });
    } else if (this.#random.oneIn(2)) this.code.put("fence.i");
    else this.code.put("fence", { imm: 0xff });
  }

  /** An access or a jump to where a register happens to point, or to where nothing is. */
  #wild(): void {
    const random = this.#random, via = random.pick(FREE);
    if (random.oneIn(2)) {
      this.code.put("lui", { rd: via, imm: HOLE });
      const imm = 8 * random.below(16);
      if (random.oneIn(2)) this.code.put(random.pick(loads), { rd: this.#rd(), rs1: via, imm });
      else this.code.put(random.pick(stores), { rs2: this.#rs(), rs1: via, imm });
    } else if (this.#paged) {
      // Aligned: QEMU takes a misaligned access apart and names a part of it.
      this.code.put("andi", { rd: via, rs1: this.#rs(), imm: -8 });
      this.code.put(random.pick(loads), { rd: this.#rd(), rs1: via, imm: 0 });
    } else if (random.oneIn(4)) {
      this.code.put("lui", { rd: via, imm: HOLE });
      this.code.put("jalr", { rd: this.#rd(), rs1: via, imm: 0 });
    }
  }

  /** The address of a place in RAM, wherever the block sees it. */
  #address(rd: number, place: number): void {
    const distance = place - this.#at - this.code.size;
    const low = (distance << 20) >> 20;
    this.code.put("auipc", { rd, imm: (distance - low) | 0 });
    this.code.put("addi", { rd, rs1: rd, imm: low });
  }
}

/** Three different registers that may be changed. */
function three(random: Random): [number, number, number] {
  const [a, b, c] = [random.below(8), random.below(8), random.below(9)];
  return [FREE[a]!, FREE[8 + b]!, FREE[16 + c]!];
}

/** Random operands that keep the registers with a purpose. */
export function operandsOf(random: Random, pattern: Pattern) {
  for (;;) {
    const bits = Number(random.bits() & 0xffff_ffffn);
    const operands = extractAll(pattern, (pattern.match | (bits & ~pattern.mask)) >>> 0);
    const rd = pattern.fields.find(({ name }) => name === "rd");
    if (rd !== undefined) {
      operands.rd = rd.base === 8 ? 10 + random.below(5) : random.oneIn(12) ? 0 : random.pick(FREE);
    }
    if (pattern.fields.every(({ name, except }) => !except.includes(operands[name]))) {
      return operands;
    }
  }
}

/** Small kernels of our own for the launcher, assembled on the spot. */

import { elf, li, say } from "../machine/bare_lab.ts";
import { Assembler } from "../machine/engine_lab.ts";

/** Where a program's data stand, and registers of virtio-mmio. */
const DATA = 0x8000_0800;
const [HEADER, STATUS, BUFFER] = [DATA + 0x100, DATA + 0x110, DATA + 0x200];
const [AVAILABLE, USED] = [DATA + 0x400, DATA + 0x600];
const VIRTIO = 0x1000_1000;

/** Sectors that {@link writer} goes over, again and again. */
export const WRITTEN = 16;

/**
 * Writes 1 to sector 0, 2 to sector 1 and so on, as the first 8 bytes, over and over; when a write
 * is done it sends one letter, from `a` for the first sector on. So whoever has read so many
 * letters knows what the disk must hold. Between two writes it works for a while; after `most`
 * writes it waits for ever.
 */
export function writer(most = 0x7fff_ffff): Uint8Array {
  const a = li(new Assembler(), 5, 0x1000_0000);
  li(a, 7, VIRTIO);
  const set = (register: number, value: number) =>
    li(a, 6, value).put("sw", { rs1: 7, rs2: 6, imm: register });
  set(0x030, 0);
  set(0x038, 8);
  for (const [register, place] of [[0x080, DATA], [0x090, AVAILABLE], [0x0a0, USED]]) {
    set(register, place >>> 0);
    set(register + 4, 0);
  }
  set(0x044, 1);
  li(a, 10, HEADER);
  li(a, 11, BUFFER);
  li(a, 12, AVAILABLE);
  li(a, 15, most);
  a.put("addi", { rd: 8, imm: 0 });
  a.label("next").put("andi", { rd: 9, rs1: 8, imm: WRITTEN - 1 });
  a.put("sd", { rs1: 10, rs2: 9, imm: 8 });
  a.put("addi", { rd: 8, rs1: 8, imm: 1 }).put("sd", { rs1: 11, rs2: 8, imm: 0 });
  a.put("sh", { rs1: 12, rs2: 8, imm: 2 }).put("sw", { rs1: 7, rs2: 0, imm: 0x050 });
  a.put("addi", { rd: 9, rs1: 9, imm: "a".charCodeAt(0) }).put("sb", { rs1: 5, rs2: 9, imm: 0 });
  a.put("beq", { rs1: 8, rs2: 15 }, "done");
  li(a, 13, 50_000);
  a.label("work").put("addi", { rd: 13, rs1: 13, imm: -1 }).put("bne", { rs1: 13 }, "work");
  a.put("jal", { rd: 0 }, "next");
  a.label("done").put("wfi").put("jal", { rd: 0 }, "done");
  return elf(withData(a.bytes()));
}

/** Works for ever at what is fast nowhere: the past of it takes long to go through. */
export function toiling(): Uint8Array {
  const a = new Assembler().label("again").put("addi", { rd: 5, rs1: 5, imm: 1 });
  a.put("csrrw", { rd: 6, rs1: 5, imm: 0x340 }).put("jal", { rd: 0 }, "again");
  return elf(a.bytes());
}

/** The program and behind it a queue with one request: to write one sector. */
function withData(code: Uint8Array): Uint8Array {
  const file = new Uint8Array(0x1000);
  file.set(code);
  const view = new DataView(file.buffer, 0x800);
  const descriptor = (n: number, at: number, length: number, flags: number) => {
    view.setBigUint64(16 * n, BigInt(at), true);
    view.setUint32(16 * n + 8, length, true);
    view.setUint16(16 * n + 12, flags, true);
    view.setUint16(16 * n + 14, n + 1, true);
  };
  descriptor(0, HEADER, 16, 1);
  descriptor(1, BUFFER, 512, 1);
  descriptor(2, STATUS, 1, 2);
  view.setUint32(0x100, 1, true);
  return file;
}

/** Says `text` and ends the machine through the finisher: a code, or `"reset"`. */
export function ending(text: string, how: number | "reset"): Uint8Array {
  const a = li(say(new Assembler(), text), 7, 0x10_0000);
  const value = how === "reset" ? 0x7777 : how === 0 ? 0x5555 : (how << 16 | 0x3333) >>> 0;
  return elf(li(a, 6, value).put("sw", { rs1: 7, rs2: 6, imm: 0 }).bytes());
}

/** Says `text` and does the same for ever, as a kernel that panicked: the symbol says so. */
export function panicked(text: string): Uint8Array {
  const a = li(say(new Assembler(), text), 7, 0x8000_0f00);
  a.put("addi", { rd: 6, imm: 1 }).put("sw", { rs1: 7, rs2: 6, imm: 0 });
  const code = a.label("here").put("jal", { rd: 0 }, "here").bytes();
  return elf(code, { symbols: [{ name: "panicked", value: 0x8000_0f00n, size: 4 }] });
}

/** Sends a letter for ever. */
export function chatter(): Uint8Array {
  const a = say(new Assembler(), "");
  a.put("addi", { rd: 6, imm: "x".charCodeAt(0) });
  return elf(
    a.label("here").put("sb", { rs1: 5, rs2: 6, imm: 0 }).put("jal", { rd: 0 }, "here").bytes(),
  );
}

/** Waits for its timer, so many ticks of mtime, says a letter, waits again; and says back what is typed. */
export function ticking(ticks: number): Uint8Array {
  const a = li(say(new Assembler(), "ready\n"), 7, 0x0200_bff8);
  li(a, 9, 0x0200_4000);
  // Receive interrupt on; source 10 of the PLIC with priority 1, for M-mode; mie.MEIE and MTIE.
  a.put("addi", { rd: 6, imm: 1 }).put("sb", { rs1: 5, rs2: 6, imm: 1 });
  li(a, 10, 0x0c00_0000).put("sw", { rs1: 10, rs2: 6, imm: 40 });
  li(a, 10, 0x0c00_2000).put("addi", { rd: 6, imm: 1024 }).put("sw", { rs1: 10, rs2: 6, imm: 0 });
  li(a, 10, 0x0c20_0000).put("sw", { rs1: 10, rs2: 0, imm: 0 });
  li(a, 6, 0x880).put("csrrs", { rd: 0, rs1: 6, imm: 0x304 });
  li(a, 11, ticks).put("ld", { rd: 8, rs1: 7, imm: 0 });
  a.label("next").put("add", { rd: 8, rs1: 8, rs2: 11 }).put("sd", { rs1: 9, rs2: 8, imm: 0 });
  a.label("wait").put("wfi").put("lw", { rd: 12, rs1: 10, imm: 4 });
  a.put("beq", { rs1: 12 }, "timer").put("lbu", { rd: 13, rs1: 5, imm: 0 });
  a.put("sb", { rs1: 5, rs2: 13, imm: 0 }).put("sw", { rs1: 10, rs2: 12, imm: 4 });
  a.label("timer").put("ld", { rd: 13, rs1: 7, imm: 0 }).put("bltu", { rs1: 13, rs2: 8 }, "wait");
  a.put("addi", { rd: 13, imm: "t".charCodeAt(0) }).put("sb", { rs1: 5, rs2: 13, imm: 0 });
  return elf(a.put("jal", { rd: 0 }, "next").bytes());
}

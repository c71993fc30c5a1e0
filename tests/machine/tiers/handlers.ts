/**
 * The fixed code of the random guests of these tests: the start of each hart, and trap handlers for M-mode and S-mode
 * that mend what a program meets and go on. What cannot be mended is passed over; after a jump to nowhere the program
 * begins its next round. Each trap goes into one number with its cause and its pc, so that nothing of its place is
 * lost.
 *
 * @module
 */

import { assemble } from "../assemble.ts";
import { calls } from "./calls.ts";
import {
  COUNT,
  EVERY,
  type Level,
  MPP,
  MPRV,
  MTIME,
  MTIMECMP,
  MXR,
  PLIC,
  RESTART,
  returnTo,
  STACK_TOP,
  START,
  SUM,
  SUM_BIT,
  VALUE,
} from "./control.ts";
import { pageFault } from "./faults.ts";
import {
  CONTROL,
  CONTROL_S,
  CONTROL_SIZE,
  PMP_HOLE,
  RAM,
  satpOf,
  UART,
  type World,
} from "./places.ts";

const SAVED = ["t0", "t1", "t2", "t3", "t4", "t5", "t6"];
const save = SAVED.map((name, i) => `sd ${name}, ${8 * i}(sp)`).join("\n");
const load = SAVED.map((name, i) => `ld ${name}, ${8 * i}(sp)`).join("\n");

/** An interrupt, with mcause or scause in t0. */
const interrupts = (x: Level, { timer }: World) => {
  const m = x === "m";
  // The next one a few ticks sooner or later.
  const next = `ld t3, ${EVERY}(sp)
    add t2, t2, t3
    ld t3, ${COUNT}(sp)
    andi t3, t3, 15
    add t2, t2, t3`;
  return `
  interrupt_${x}:
    andi t0, t0, 15
    addi t2, zero, 5
    beq t0, t2, supervisor_timer_${x}
    ${m ? "addi t2, zero, 7\nbeq t0, t2, machine_timer_m" : ""}
    addi t2, zero, 1
    beq t0, t2, software_${x}
    li t2, ${PLIC + (m ? 0x20_0004 : 0x20_1004)}
    lw t3, 0(t2)
    beq t3, zero, leave_${x}
    li t4, ${UART}
    lbu t4, 0(t4)
    sb t4, ${VALUE}(sp)
    sw t3, 0(t2)
    jal zero, leave_${x}
  software_${x}:
    csrrci zero, ${x}ip, 2
    jal zero, leave_${x}
  supervisor_timer_${x}:
    csrrs t2, time, zero
    ${next}
    csrrw zero, stimecmp, t2
    jal zero, leave_${x}
  ${
    !m ? "" : `machine_timer_m:
    li t2, ${MTIME}
    ld t2, 0(t2)
    ${next}
    csrrs t3, mhartid, zero
    slli t3, t3, 3
    li t4, ${MTIMECMP}
    add t3, t3, t4
    sd t2, 0(t3)
    ${timer === "forwarded" ? "csrrsi zero, mip, 2" : ""}
    jal zero, leave_m`
  }`;
};

const handler = (x: Level, world: World) => `
  .align 4
  trap_${x}:
    csrrw sp, ${x}scratch, sp
    ${save}
    csrrs t0, ${x}cause, zero
    csrrs t1, ${x}epc, zero
    ld t2, ${SUM}(sp)
    slli t3, t2, 7
    sub t2, t3, t2
    xor t2, t2, t0
    add t2, t2, t1
    sd t2, ${SUM}(sp)
    ld t2, ${COUNT}(sp)
    addi t2, t2, 1
    sd t2, ${COUNT}(sp)
    blt t0, zero, interrupt_${x}
    ${[12, 13, 15].map((n) => `addi t2, zero, ${n}\nbeq t0, t2, page_${x}`).join("\n")}
    ${[8, 9, 11].map((n) => `addi t2, zero, ${n}\nbeq t0, t2, call_${x}`).join("\n")}
    addi t2, zero, 1
    bne t0, t2, skip_${x}
    # behind the hole that PMP makes
    csrrs t2, ${x}tval, zero
    slli t3, t2, 43
    srli t3, t3, 46
    li t4, ${(PMP_HOLE - RAM) >> 3}
    bne t3, t4, escape_${x}
    ori t1, t2, 7
    addi t1, t1, 1
    jal zero, leave_${x}
  skip_${x}:
    # its length, seen as its own mode saw it
    li t2, ${x === "s" ? SUM_BIT | MXR : MPRV | SUM_BIT | MXR}
    csrrs t3, ${x}status, t2
    lhu t4, 0(t1)
    csrrw zero, ${x}status, t3
    andi t4, t4, 3
    addi t3, zero, 3
    addi t1, t1, 2
    bne t4, t3, leave_${x}
    addi t1, t1, 2
    jal zero, leave_${x}
  outside_${x}:
    addi t2, zero, 12
    bne t0, t2, skip_${x}
  escape_${x}:
    ld t1, ${RESTART}(sp)
    ld t2, ${STACK_TOP}(sp)
    csrrw zero, ${x}scratch, t2
    ${returnTo(x, world.mode)}
  leave_${x}:
    csrrw zero, ${x}epc, t1
    ${load}
    csrrw sp, ${x}scratch, sp
    ${x}ret
  ${pageFault(x)}
  ${calls(x, world)}
  ${interrupts(x, world)}`;

/** Where harts begin, and the handlers: for the start of RAM. */
export function fixedCode(world: World): Uint8Array {
  const { mode, paged, delegated, timer, every, tick, pmp, tells } = world;
  const bits = { M: MPP, S: 0x800, U: 0 }[mode];
  const timers = { none: 0, clint: 0x80, forwarded: 0x82, sstc: 0x20 }[timer];
  const set = (csr: string, value: number) => `li t1, ${value}\ncsrrw zero, ${csr}, t1`;
  const first = Math.ceil(every / tick) + 20;
  const lower = delegated && mode !== "M";
  const { bytes } = assemble(`
    csrrs t2, mhartid, zero
    ${tells === true ? "beq t2, zero, only\nparked:\nwfi\njal zero, parked\nonly:" : ""}
    slli t0, t2, ${Math.log2(CONTROL_SIZE)}
    li t1, ${CONTROL}
    add t0, t0, t1
    csrrw zero, mscratch, t0
    addi t1, t0, ${CONTROL_S}
    csrrw zero, sscratch, t1
    la t1, trap_m
    csrrw zero, mtvec, t1
    la t1, trap_s
    csrrw zero, stvec, t1
    ${set("mcounteren", 7)}
    ${set("scounteren", 7)}
    ${lower ? `${set("medeleg", 0xb3ff)}\n${set("mideleg", 0x222)}` : ""}
    ${timer === "sstc" ? "addi t1, zero, 1\nslli t1, t1, 63\ncsrrs zero, menvcfg, t1" : ""}
    ${timer === "sstc" ? set("stimecmp", first) : ""}
    ${
    timer === "clint" || timer === "forwarded"
      ? `slli t3, t2, 3\nli t1, ${MTIMECMP}\nadd t3, t3, t1\nli t1, ${first}\nsd t1, 0(t3)`
      : ""
  }
    ${set("mie", timers | 0xa00)}
    # hart 0 hears what is typed
    bne t2, zero, deaf
    li t3, ${PLIC + (lower ? 0x2080 : 0x2000)}
    addi t1, zero, 1024
    sw t1, 0(t3)
    li t3, ${PLIC}
    addi t1, zero, 1
    sw t1, 40(t3)
    li t3, ${UART}
    sb t1, 1(t3)
  deaf:
    ${
    pmp === "off" ? "" : `addi t1, zero, -1\nsrli t1, t1, 10\ncsrrw zero, pmpaddr1, t1
    ${set("pmpaddr0", PMP_HOLE >>> 2)}\n${set("pmpcfg0", pmp === "all" ? 0x1f00 : 0x1f1b)}`
  }
    ${
    paged
      ? `addi t1, zero, 8\nslli t1, t1, 60\nli t3, ${satpOf(0) & 0xffff_ffffn}\nor t1, t1, t3`
      : ""
  }
    ${paged ? "addi t3, zero, 1\nslli t3, t3, 44\nor t1, t1, t3\ncsrrw zero, satp, t1" : ""}
    ${paged ? "sfence.vma zero, zero" : ""}
    ${set("mstatus", bits | 0x80 | (mode === "M" ? 0 : 2))}
    ld t1, ${START}(t0)
    csrrw zero, mepc, t1
    ld sp, ${STACK_TOP}(t0)
    addi tp, t2, 0
    mret
    ${handler("m", world)}
    ${handler("s", world)}`);
  return bytes;
}

/**
 * What the random guests do at an ecall; see {@link CALL}.
 *
 * @module
 */

import {
  CALL,
  COUNT,
  EVERY,
  FINISHER,
  type Level,
  pteOf,
  returnTo,
  SUM_BIT,
  switchSpace,
} from "./control.ts";
import {
  CONTROL,
  GIGA,
  RAM,
  SCRATCH,
  SCRATCH_SIZE,
  TROUBLE,
  UART,
  USER_GIGA,
  windowOf,
  type World,
} from "./places.ts";

/** Registers that are not saved in the control block. */
const KEPT = [1, 3, 4, 8, 9, ...Array.from({ length: 18 }, (_, i) => 10 + i)];

/** Says all registers and memory as one number, of sixteen hexadecimal digits, on the UART. */
const tell = `
    li t0, 0x12345671
    li t1, 0x9e3779b1
    ${KEPT.map((n) => `mul t0, t0, t1\nadd t0, t0, x${n}`).join("\n")}
    csrrs t2, mscratch, zero
    xor t0, t0, t2
    li t2, ${CONTROL}
    li t3, ${SCRATCH + SCRATCH_SIZE}
  summing:
    ld t4, 0(t2)
    mul t0, t0, t1
    add t0, t0, t4
    addi t2, t2, 8
    bne t2, t3, summing
    li t1, ${UART}
    addi t2, zero, 60
  digit:
    srl t3, t0, t2
    andi t3, t3, 15
    addi t4, zero, 10
    blt t3, t4, decimal
    addi t3, t3, 39
  decimal:
    addi t3, t3, 48
    sb t3, 0(t1)
    addi t2, t2, -4
    bge t2, zero, digit
    addi t3, zero, 10
    sb t3, 0(t1)`;

/** At a call, with the pc in t1. */
export const calls = (x: Level, world: World) => {
  const window = windowOf(world);
  const up = world.mode === "S" ? window : GIGA, down = world.mode === "S" ? USER_GIGA : window;
  const go = (to: number, mode: "S" | "U") => `
    slli t1, t1, 43
    srli t1, t1, 43
    li t2, ${to}
    add t1, t1, t2
    ${returnTo(x, mode)}
    li t5, ${SUM_BIT}
    csrrs zero, ${x}status, t5
    jal zero, leave_${x}`;
  const visits = world.paged && world.mode !== "M";
  return `
  call_${x}:
    addi t1, t1, 4
    ${
    Object.entries(CALL).filter(([name]) => visits || (name !== "up" && name !== "down"))
      .map(([name, number]) => `addi t2, zero, ${number}\nbeq a7, t2, ${name}_${x}`).join("\n")
  }
    ld a0, ${COUNT}(sp)
    jal zero, leave_${x}
  pte_${x}:
    andi t4, a0, 31
    addi t4, t4, ${(TROUBLE - RAM) >> 12}
    slli t2, t4, 12
    li t3, ${window}
    add t2, t2, t3
    ${pteOf}
    ld t4, 0(t3)
    andi t5, a1, 511
    xor t4, t4, t5
    sd t4, 0(t3)
    andi t5, a2, 3
    beq t5, zero, leave_${x}
    andi t5, a2, 1
    beq t5, zero, all_${x}
    sfence.vma t2, zero
    jal zero, leave_${x}
  space_${x}:
    csrrs t2, satp, zero
    ${switchSpace("t2", "t3", "t4")}
    csrrw zero, satp, t2
    andi t5, a2, 1
    beq t5, zero, leave_${x}
    sfence.vma zero, zero
    jal zero, leave_${x}
  ${visits ? `up_${x}: ${go(up, "S")}\ndown_${x}: ${go(down, "U")}` : ""}
  timer_${x}:
    andi t2, a0, 255
    addi t2, t2, ${Math.ceil(100 / world.tick)}
    sd t2, ${EVERY}(sp)
    jal zero, leave_${x}
  finish_${x}:
    ${world.tells === true && x === "m" ? tell : ""}
    li t2, ${FINISHER}
    li t3, 0x5555
    sw t3, 0(t2)
    jal zero, leave_${x}`;
};

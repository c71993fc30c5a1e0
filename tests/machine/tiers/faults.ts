/**
 * What the random guests do at a page fault: map the page, copy it, or give it the right or the U that was missing.
 *
 * @module
 */

import { COUNT, type Level, pteOf, VALUE } from "./control.ts";
import { GLOBALS, LOW, SPARE, SPARE_PAGES } from "./places.ts";

/** Leaves 1 in t5 if the trap came from U-mode, else 0. */
const fromUser = (x: Level) => `
    csrrs t5, ${x}status, zero
    ${x === "s" ? "srli t5, t5, 8\nandi t5, t5, 1" : "srli t5, t5, 11\nandi t5, t5, 3"}
    sltiu t5, t5, 1`;

/** A page fault, with the cause in t0 and the pc in t1. */
export const pageFault = (x: Level) => `
  page_${x}:
    csrrs t2, ${x}tval, zero
    srli t4, t2, 21
    li t3, ${LOW >> 21}
    bne t3, t4, outside_${x}
    srli t4, t2, 12
    ${pteOf}
    ld t4, 0(t3)
    beq t4, zero, outside_${x}
    andi t5, t4, 1
    bne t5, zero, valid_${x}
    ori t4, t4, 1
    jal zero, mended_${x}
  valid_${x}:
    # U as the one has it who came
    ${fromUser(x)}
    slli t5, t5, 4
    andi t6, t4, 16
    beq t5, t6, rights_${x}
    xori t4, t4, 16
    jal zero, mended_${x}
  rights_${x}:
    addi t5, zero, 15
    bne t0, t5, missing_${x}
    andi t5, t4, 256
    bne t5, zero, copy_${x}
  missing_${x}:
    # R, W and R, or X: 13, 15, 12
    addi t5, zero, 2
    addi t6, zero, 13
    beq t0, t6, right_${x}
    addi t5, zero, 6
    addi t6, zero, 15
    beq t0, t6, right_${x}
    addi t5, zero, 8
  right_${x}:
    or t5, t5, t4
    beq t5, t4, same_${x}
    addi t4, t5, 0
    jal zero, mended_${x}
  same_${x}:
    sfence.vma t2, zero
    jal zero, outside_${x}
  copy_${x}:
    sd t2, ${VALUE}(sp)
    li t5, ${GLOBALS}
    addi t6, zero, 1
    amoadd.d t6, t6, (t5)
    andi t6, t6, ${SPARE_PAGES - 1}
    slli t6, t6, 12
    li t5, ${SPARE}
    add t6, t6, t5
    srli t5, t4, 10
    slli t5, t5, 12
    andi t4, t4, 0x2ff
    ori t4, t4, 4
    srli t0, t6, 2
    or t4, t4, t0
    lui t0, 1
    add t0, t0, t5
  copying_${x}:
    ld t2, 0(t5)
    sd t2, 0(t6)
    ld t2, 8(t5)
    sd t2, 8(t6)
    addi t5, t5, 16
    addi t6, t6, 16
    bne t5, t0, copying_${x}
    ld t2, ${VALUE}(sp)
  mended_${x}:
    sd t4, 0(t3)
    # the page, or now and then everything
    ld t4, ${COUNT}(sp)
    andi t4, t4, 3
    beq t4, zero, all_${x}
    sfence.vma t2, zero
    jal zero, leave_${x}
  all_${x}:
    sfence.vma zero, zero
    jal zero, leave_${x}`;

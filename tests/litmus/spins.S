/*
 * Harts that do nothing but wait, in the ways that there are: all others spin while hart 0 works for a
 * long time and then lets them go. A line `name harts` for each way, with how many came out of it.
 *
 * However a machine saves itself the work of running such loops, every one of them must end, none too
 * early, and what a loop counts must be right: `loops` says by how much 3 × its turns differ from the
 * instructions that hart 1 retired in them (0 where minstret counts those).
 */
#include "harts.inc"

#define WORK 10000
#define TICK 500

/*
 * SPIN(name, release, body…): hart 0 works, says that they may go and does `release`; the others do
 * the body. They find s2 = &cell: 0 at 0(s2) and 24(s2), 1 at 8(s2); and s3 = 1.
 */
#define SPIN(name, release, ...) spin_begin __LINE__, release; __VA_ARGS__; spin_end name
.macro spin_begin line, release
  li gp, \line
  call barrier
  bnez tp, 31f
  sd zero, 0(s2)
  sd s3, 8(s2)
  sd zero, 16(s2)
  sd zero, 24(s2)
  sd zero, 32(s2)
  li t0, UART
  sb zero, 7(t0)
  li t0, PLIC + 4 * 11
  sw zero, 0(t0)
  call barrier
  li a0, WORK
  call dawdle
  sd s3, 16(s2)
  fence rw, rw
  \release
  j 39f
31:
  call barrier
.endm
.macro spin_end name
  fence rw, rw
  ld t0, 16(s2)
  beqz t0, test_failed
  addi t0, s2, 32
  amoadd.d zero, s3, (t0)
39:
  call barrier
  bnez tp, 38f
  SAY "\name "
  ld a0, 32(s2)
  call say_number
  SAY "\n"
38:
.endm

/* Ways of letting go. */
.macro FLAG
  sd s3, 0(s2)
.endm
.macro FLAG_BY_AMO
  amoadd.d zero, s3, (s2)
.endm
.macro FLAG_BY_SC
1:
  lr.d t0, (s2)
  sc.d t0, s3, (s2)
  bnez t0, 1b
.endm
.macro FLAG_IN_BYTES
  sb s3, 7(s2)
.endm
.macro UNLOCK
  addi t0, s2, 8
  amoswap.w.rl zero, zero, (t0)
.endm
.macro SEND_ALL
  la t0, harts
  lw t0, 0(t0)
1:
  addi t0, t0, -1
  SEND t0
  bnez t0, 1b
  HEARD              /* not to itself */
.endm
.macro IN_A_WHILE
  rdtime t0
  addi t0, t0, 200
  sd t0, 0(s2)
.endm
/* A cell that all the others keep at 0 comes back to 0 each time. */
.macro DISTURB
  li t1, 5
1:
  sd t1, 24(s2)
2:
  ld t0, 24(s2)
  bnez t0, 2b
  addi t1, t1, -1
  bnez t1, 1b
  FLAG
.endm
/* Hart 1 counts in a cell. */
.macro AFTER_1000
  ld t1, 24(s2)
  li t2, 1000
1:
  ld t0, 24(s2)
  sub t0, t0, t1
  bltu t0, t2, 1b
  FLAG
.endm
.macro LAST_OF_TABLE
  la t0, table_end
  sd s3, -8(t0)
.endm
.macro SCRATCH_OF_UART
  li t0, UART
  sb s3, 7(t0)
.endm
.macro PRIORITY_OF_11
  li t0, PLIC + 4 * 11
  sw s3, 0(t0)
.endm

  HARTS(2, 8)
  la t0, interrupted
  csrw mtvec, t0
  la s2, cell
  li s3, 1

  SPIN(load, FLAG, 7: ld t0, 0(s2); beqz t0, 7b)
  SPIN(load-for-amo, FLAG_BY_AMO, 7: ld t0, 0(s2); beqz t0, 7b)
  SPIN(load-for-sc, FLAG_BY_SC, 7: ld t0, 0(s2); beqz t0, 7b)
  SPIN(load-for-byte, FLAG_IN_BYTES, 7: ld t0, 0(s2); beqz t0, 7b)
  SPIN(lr, FLAG, 7: lr.d t0, (s2); beqz t0, 7b)
  SPIN(call, FLAG, 7: call peek; beqz a0, 7b)
  SPIN(lock, UNLOCK, call lock)
  SPIN(lr-lock, UNLOCK, call lr_lock)
  SPIN(store, DISTURB, 7: sd zero, 24(s2); ld t0, 0(s2); beqz t0, 7b)
  SPIN(progress, AFTER_1000, call progress)
  SPIN(table, LAST_OF_TABLE, call scheduler)
  SPIN(time, IN_A_WHILE, 7: ld t0, 0(s2); beqz t0, 7b; 7: rdtime t1; bltu t1, t0, 7b)
  SPIN(mtime, IN_A_WHILE, call mtime)
  SPIN(mip, SEND_ALL, 7: csrr t0, mip; andi t0, t0, MSI; beqz t0, 7b; HEARD)
  SPIN(msip, SEND_ALL, call msip; HEARD)
  SPIN(uart, SCRATCH_OF_UART, li t1, UART; 7: lb t0, 7(t1); beqz t0, 7b)
  SPIN(plic, PRIORITY_OF_11, li t1, PLIC + 4 * 11; 7: lw t0, 0(t1); beqz t0, 7b)
  SPIN(interrupt, SEND_ALL, la s4, 6f; li s5, MSI; call nothing; 6:)
  SPIN(timer, FLAG, la s4, 6f; li s5, MTI; call ticks; 6:)
  SPIN(counting, FLAG, call counting)
  call barrier
  bnez tp, 1f
  SAY "loops "
  la t0, differs
  ld a0, 0(t0)
  call say_number
  SAY "\n"
1:
  DONE

peek:
  addi sp, sp, -16
  sd ra, 8(sp)
  sd s0, 0(sp)
  ld a0, 0(s2)
  ld s0, 0(sp)
  ld ra, 8(sp)
  addi sp, sp, 16
  ret

lock:
  addi t1, s2, 8
1:
  amoswap.w.aq t0, s3, (t1)
  bnez t0, 1b
  amoswap.w.rl zero, zero, (t1)
  ret

lr_lock:
  addi t1, s2, 8
1:
  lr.w.aq t0, (t1)
  bnez t0, 1b
  sc.w t0, s3, (t1)
  bnez t0, 1b
  amoswap.w.rl zero, zero, (t1)
  ret

/* Hart 1 says in memory that it is alive. */
progress:
  addi t1, s2, 24
  li t2, 1
  bne tp, t2, 1f
  amoadd.d zero, s3, (t1)
1:
  ld t0, 0(s2)
  beqz t0, progress
  ret

/* As xv6's scheduler without wfi: interrupts on and off, and a table of which each entry has a lock. */
scheduler:
  li t3, MIE
  csrs mstatus, t3
  csrc mstatus, t3
  la t0, table
  la t2, table_end
1:
  amoswap.w.aq t1, s3, (t0)
  bnez t1, 1b
  ld t1, 8(t0)
  amoswap.w.rl zero, zero, (t0)
  bnez t1, 2f
  addi t0, t0, 16
  bne t0, t2, 1b
  j scheduler
2:
  ret

mtime:
  ld t0, 0(s2)
  beqz t0, mtime
  li t2, CLINT_MTIME
1:
  ld t1, 0(t2)
  bltu t1, t0, 1b
  ret

msip:
  li t1, CLINT_MSIP
  slli t2, tp, 2
  add t1, t1, t2
1:
  lw t0, 0(t1)
  beqz t0, 1b
  ret

/* Until an interrupt leads to s4. */
nothing:
  csrw mie, s5
  li t0, MIE
  csrs mstatus, t0
1:
  j 1b

/* The same with a timer that rings on and on, until the flag is up. */
ticks:
  call next_tick
  j nothing
next_tick:
  li t5, CLINT_MTIME
  ld t5, 0(t5)
  addi t5, t5, TICK
  li t6, CLINT_MTIMECMP
  slli t0, tp, 3
  add t6, t6, t0
  sd t5, 0(t6)
  ret

  .balign 4
interrupted:
  csrr t0, mcause
  li t1, INTERRUPT | 3
  beq t0, t1, 1f
  li t1, INTERRUPT | 7
  bne t0, t1, test_failed
  call next_tick
  ld t0, 0(s2)
  bnez t0, 2f
  mret
1:
  HEARD
2:
  csrw mie, zero
  li t0, MPIE
  csrc mstatus, t0   /* interrupts stay off */
  csrw mepc, s4
  mret

/* Hart 1 holds its turns against its instructions. */
counting:
  li t1, 0
  rdinstret t2
1:
  addi t1, t1, 1
  ld t0, 0(s2)
  beqz t0, 1b
  rdinstret t3
  sub t3, t3, t2
  addi t3, t3, -1
  slli t2, t1, 1
  add t2, t2, t1
  sub t3, t3, t2
  li t0, 1
  bne tp, t0, 2f
  la t0, differs
  sd t3, 0(t0)
2:
  ret

  .section .bss
  .balign 64
cell:
  .fill 8, 8, 0
differs:
  .dword 0
table:
  .fill 16 * 64, 1, 0
table_end:

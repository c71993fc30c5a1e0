/*
 * What the specification, or this project, settles and QEMU 7.2 does otherwise. Not run on QEMU; the
 * comment at each check says what QEMU does.
 */
#include "harness.inc"
#include "paging.inc"

/* An instruction on (a0) that must trap with \cause and a0 in mtval. */
#define BAD(cause, ...) bad_begin __LINE__; __VA_ARGS__; bad_end __LINE__, cause
.macro bad_begin line
  li gp, \line
  RESUME_AT 9f
8:
.endm
.macro bad_end line, cause
  fail \line
9:
  record_same \line, M_CAUSE, \cause
  record_at \line, M_EPC, 8b
  record_is \line, M_TVAL, a0
.endm
.macro SET bits
  li t6, \bits
  csrs mstatus, t6
.endm
.macro CLEAR bits
  li t6, \bits
  csrc mstatus, t6
.endm

PAGING
  /* SC to a misaligned address traps, reservation or not. QEMU: it fails quietly. */
  la a0, frame_a + 8
  lr.w a1, (a0)
  addi a0, a0, 2
  BAD(6, sc.w a1, a2, (a0))
  addi a0, a0, 2
  BAD(6, sc.d a1, a2, (a0))
  /* An AMO where there is no memory is a store access fault. QEMU: a load access fault. */
  li a0, HOLE
  BAD(7, amoadd.w a3, a2, (a0))
  BAD(7, amoswap.d a3, a2, (a0))

  /* mepc and sepc never hold an odd address. QEMU: they do, until xret. */
  HERE
  la a0, 1f + 1
  csrw mepc, a0
  csrr a1, mepc
  addi a0, a0, -1
  EQUAL(a0, a1)
  SET MPP
  mret
  FAIL
1:
  la a0, 1b + 1
  csrw sepc, a0
  csrr a1, sepc
  addi a0, a0, -1
  EQUAL(a0, a1)

  /* Set or clear of a read-only CSR is illegal whatever rs1 holds, x0 apart. QEMU: fine if it holds 0. */
  li a1, 0
  ILLEGAL(csrrs a0, mhartid, a1)
  ILLEGAL(csrrc a0, mhartid, a1)

  /* MPP never holds the reserved privilege 2. QEMU: it does. */
  li a0, 2
  CLEAR MPP
  SET 2 << 11
  csrr a1, mstatus
  srli a1, a1, 11
  andi a1, a1, 3
  UNEQUAL(a0, a1)
  /* UXL and SXL stay 64-bit. QEMU: UXL takes 3. */
  HERE
  li t6, -1
  csrw sstatus, t6
  CSR_BITS(mstatus, 0xf << 32, 0xa << 32)
  csrw sstatus, zero
  CSR_BITS(mstatus, 0xf << 32, 0xa << 32)
  /* ecall from M cannot be delegated, nor M's or the hypervisor's interrupts. QEMU: they can. */
  li a0, -1
  csrw medeleg, a0
  CSR_BITS(medeleg, 1 << 11, 0)
  csrw medeleg, zero
  csrw mideleg, a0
  CSR_SAME(mideleg, SSI | STI | SEI)
  csrw mideleg, zero
  csrw mie, a0
  CSR_SAME(mie, SSI | MSI | STI | MTI | SEI | MEI)
  csrw mie, zero

  /* xret to less than M clears MPRV (priv. spec 1.12). QEMU 7.2: keeps it. */
  .macro mprv line, mpp
  li gp, \line
  SET MPRV
  RESUME_AT 9f
  ENTER \mpp, 8f
  .balign 4
8:
  ecall
9:
  csr_bits \line, mstatus, MPRV, 0
  .endm
  csrr s6, satp
  csrw satp, zero
  sfence.vma
  mprv __LINE__, MPP_U
  mprv __LINE__, MPP_S
  HERE
  SET MPRV | MPP
  la t6, 1f
  csrw sepc, t6
  CLEAR SPP
  RESUME_AT 2f
  sret
1:
  ecall
2:
  M_TRAP(8)
  CSR_BITS(mstatus, MPRV, 0)
  csrw satp, s6
  sfence.vma

  /* Only Bare and Sv39 are here: other modes leave satp as it was. QEMU: Sv48 and Sv57 as well. */
  .irp mode, 1, 5, 9, 10, 15
  li t6, (\mode << 60) | 0x80456
  csrw satp, t6
  csrr a0, satp
  EQUAL(a0, s6)
  .endr

  /*
   * A table where there is no memory: an access fault of the kind of the access, with its address.
   * QEMU: a page fault.
   */
  PTE_RAW(l1, 1, ((HOLE >> 12) << 10) | V)
  FAULT(MPP_S, load, 5, MEGA + 0x3000)
  FAULT(MPP_S, store, 7, MEGA + 0x3000)
  FAULT(MPP_S, amo, 7, MEGA + 0x3000)
  FAULT(MPP_S, exec, 1, MEGA + 0x3000)
  FAULT(MPP_U, load, 5, MEGA + 0x3000)
  PTE_RAW(root, 3, ((HOLE >> 12) << 10) | V)
  FAULT(MPP_S, load, 5, GIGA)
  FAULT(MPP_S, store, 7, GIGA + 8)
  FAULT(MPP_U, exec, 1, GIGA)
  /* the widest frame number there is */
  PTE_RAW(root, 3, (0xfffffffffff << 10) | V)
  FAULT(MPP_S, load, 5, GIGA)
  PTE_RAW(root, 3, 0)
  PTE_RAW(l1, 1, 0)
  li t6, SV39 | (HOLE >> 12)
  csrw satp, t6
  sfence.vma
  HERE
  RESUME_AT 2f
  ENTER MPP_S, 1f
  .balign 4
1:
  FAIL
2:
  M_TRAP(1)
  RECORD_AT(M_EPC, 1b)
  RECORD_AT(M_TVAL, 1b)
  csrw satp, s6
  sfence.vma

  /* instret counts what retires, itself read before it does. QEMU: counts host time without -icount. */
  csrr a0, instret
  csrr a1, instret
  sub a1, a1, a0
  SAME(a1, 1)
  csrr a0, instret
  .rept 10
  nop
  .endr
  csrr a1, instret
  sub a1, a1, a0
  SAME(a1, 11)
  /* branches, loads, compressed forms: one each */
  HERE
  csrr a0, minstret
  li a2, 100
1:
  addi a2, a2, -1
  bnez a2, 1b
  la a3, frame_a
  .option push
  .option rvc
  c.ld a4, 0(a3)
  c.nop
  .option pop
  csrr a1, minstret
  sub a1, a1, a0
  SAME(a1, 206)
  /* an instruction that traps does not retire: csrr and three of the handler's way is all there is */
  HERE
  la t6, 1f
  csrw mtvec, t6
  csrr a0, instret
  ecall
  FAIL
  .balign 4
1:
  csrr a1, instret
  la t6, trap_m
  csrw mtvec, t6
  sub a1, a1, a0
  SAME(a1, 1)

  /*
   * A claim is not affected by the threshold (PLIC spec 1.0, 9): it masks the notification. QEMU: it masks both.
   * A completion by a context for which the source is not enabled is ignored (10). QEMU: it counts.
   */
  HERE
  li s1, PLIC
  li s2, UART
  li s3, PLIC + 0x200000
  li s4, PLIC + 0x2000
  li t5, 1
  sw t5, 40(s1)
  li t5, 1 << 10
  sw t5, 0(s4)
  li t5, 7
  sw t5, 0(s3)
  li t5, 2
  sb t5, 1(s2)
  CSR_BITS(mip, MEI, 0)
  lw a0, 4(s3)
  SAME(a0, 10)
  sb zero, 1(s2)
  li t5, 2
  sb t5, 1(s2)
  sw zero, 0(s4)
  sw a0, 4(s3)
  li t5, 1 << 10
  sw t5, 0(s4)
  lw a1, 4(s3)
  ZERO(a1)
  sw a0, 4(s3)
  lw a1, 4(s3)
  SAME(a1, 10)
  sw a0, 4(s3)
  sb zero, 1(s2)

  /* A store across a page's end whose second half faults changes nothing of the first. */
  PTE(l0, 0, frame_b, ALL)
  PTE_RAW(l0, 1, 0)
  li a1, -1
  li a0, PAGES + 0xffc
  HERE
  RESUME_AT 2f
  ENTER MPP_S, stub_store8
2:
  M_TRAP(15)
  MEM_SAME(frame_b + 4088, 0x2f2e2d2c2b2a2928)
PASS

/* CSRs: who may touch which, what is read-only, what is forced to legal values, what is a view of what. */
#include "harness.inc"

/* An instruction that must be illegal from a privilege. */
#define ILLEGAL_FROM(mpp, ...) illegal_from __LINE__, mpp; __VA_ARGS__; illegal_from_end __LINE__
.macro illegal_from line, mpp
  li gp, \line
  RESUME_AT 9f
  ENTER \mpp, 8f
  .balign 4
8:
.endm
.macro illegal_from_end line
  fail \line
9:
  record_same \line, M_CAUSE, 2
  record_at \line, M_EPC, 8b
  la t5, 8b
  lwu t6, 0(t5)
  record_is \line, M_TVAL, t6
.endm
/* Instructions that must do no harm from a privilege. */
#define FINE_FROM(mpp, ...) fine_from __LINE__, mpp; __VA_ARGS__; fine_from_end __LINE__, mpp
.macro fine_from line, mpp
  li gp, \line
  RESUME_AT 9f
  ENTER \mpp, 8f
  .balign 4
8:
.endm
.macro fine_from_end line, mpp
7:
  ecall
9:
  record_same \line, M_CAUSE, (8 + (\mpp >> 11))
  record_at \line, M_EPC, 7b
.endm

START
  /* the six operations, their old value in rd, and rs1 = x0 or an immediate of 0 */
  HERE
  li a0, 0x1234567887654321
  csrw mscratch, a0
  csrrw a1, mscratch, zero
  EQUAL(a1, a0)
  CSR_SAME(mscratch, 0)
  csrrs a1, mscratch, a0
  ZERO(a1)
  CSR_SAME(mscratch, 0x1234567887654321)
  li a2, 0xff
  csrrc a1, mscratch, a2
  EQUAL(a1, a0)
  CSR_SAME(mscratch, 0x1234567887654300)
  csrrs a1, mscratch, zero
  SAME(a1, 0x1234567887654300)
  csrrc a1, mscratch, zero
  SAME(a1, 0x1234567887654300)
  csrrwi a1, mscratch, 31
  SAME(a1, 0x1234567887654300)
  CSR_SAME(mscratch, 31)
  csrrsi a1, mscratch, 0
  SAME(a1, 31)
  csrrci a1, mscratch, 17
  SAME(a1, 31)
  CSR_SAME(mscratch, 14)
  csrrsi a1, mscratch, 1
  SAME(a1, 14)
  CSR_SAME(mscratch, 15)
  csrrw zero, mscratch, a0
  ZERO(zero)
  CSR_SAME(mscratch, 0x1234567887654321)
  /* rd = rs1: the old value comes, the old register goes */
  li a3, 77
  csrrw a3, mscratch, a3
  EQUAL(a3, a0)
  CSR_SAME(mscratch, 77)

  /* plain registers keep 64 bits */
  .irp name, mscratch, sscratch, mcause, scause, mtval, stval
  li a0, 0x0123456789abcdef
  .ifc \name, mcause
  li a0, 0x8000000000000005
  .endif
  .ifc \name, scause
  li a0, 0x8000000000000005
  .endif
  csrw \name, a0
  csrr a1, \name
  EQUAL(a1, a0)
  .endr
  /* the S twins are other registers than the M ones */
  li a0, 1
  li a1, 2
  csrw mscratch, a0
  csrw sscratch, a1
  CSR_SAME(mscratch, 1)
  csrw mtval, a0
  csrw stval, a1
  CSR_SAME(mtval, 1)
  csrw mcause, a0
  csrw scause, a1
  CSR_SAME(mcause, 1)

  /* M's registers are illegal from S and U, S's from U */
  .irp mpp, MPP_U, MPP_S
  ILLEGAL_FROM(\mpp, csrr a0, mstatus)
  ILLEGAL_FROM(\mpp, csrr a0, misa)
  ILLEGAL_FROM(\mpp, csrr a0, mie)
  ILLEGAL_FROM(\mpp, csrr a0, mip)
  ILLEGAL_FROM(\mpp, csrr a0, mtvec)
  ILLEGAL_FROM(\mpp, csrr a0, mepc)
  ILLEGAL_FROM(\mpp, csrr a0, mcause)
  ILLEGAL_FROM(\mpp, csrr a0, mtval)
  ILLEGAL_FROM(\mpp, csrr a0, medeleg)
  ILLEGAL_FROM(\mpp, csrr a0, mideleg)
  ILLEGAL_FROM(\mpp, csrr a0, mcounteren)
  ILLEGAL_FROM(\mpp, csrr a0, mhartid)
  ILLEGAL_FROM(\mpp, csrr a0, mvendorid)
  ILLEGAL_FROM(\mpp, csrr a0, pmpcfg0)
  ILLEGAL_FROM(\mpp, csrr a0, pmpaddr0)
  ILLEGAL_FROM(\mpp, csrr a0, mcycle)
  ILLEGAL_FROM(\mpp, csrr a0, minstret)
  ILLEGAL_FROM(\mpp, csrw mscratch, a0)
  ILLEGAL_FROM(\mpp, csrw mtvec, zero)
  ILLEGAL_FROM(\mpp, csrsi mstatus, 8)
  .endr
  ILLEGAL_FROM(MPP_U, csrr a0, sstatus)
  ILLEGAL_FROM(MPP_U, csrr a0, sie)
  ILLEGAL_FROM(MPP_U, csrr a0, sip)
  ILLEGAL_FROM(MPP_U, csrr a0, stvec)
  ILLEGAL_FROM(MPP_U, csrr a0, sscratch)
  ILLEGAL_FROM(MPP_U, csrr a0, sepc)
  ILLEGAL_FROM(MPP_U, csrr a0, scause)
  ILLEGAL_FROM(MPP_U, csrr a0, stval)
  ILLEGAL_FROM(MPP_U, csrr a0, satp)
  ILLEGAL_FROM(MPP_U, csrr a0, scounteren)
  ILLEGAL_FROM(MPP_U, csrw sscratch, zero)
  ILLEGAL_FROM(MPP_U, csrci sstatus, 2)
  ILLEGAL_FROM(MPP_U, sfence.vma)
  FINE_FROM(MPP_S, csrr a0, sstatus; csrr a0, sie; csrr a0, sip; csrr a0, stvec; csrr a0, satp)
  FINE_FROM(MPP_S, csrw sscratch, a0; csrr a1, sepc; csrw scause, zero; csrw stval, zero)
  FINE_FROM(MPP_S, sfence.vma; sfence.vma a0; sfence.vma zero, a0; sfence.vma a0, a0; fence.i)
  FINE_FROM(MPP_S, csrr a0, scounteren)
  FINE_FROM(MPP_U, fence.i; fence)

  /* read-only registers: a write is illegal, set or clear of x0 only reads */
  csrr a0, mhartid
  ZERO(a0)
  csrr a1, mvendorid
  csrr a1, marchid
  csrr a1, mimpid
  csrrs a0, mhartid, zero
  csrrci a0, mhartid, 0
  ZERO(a0)
  ILLEGAL(csrw mhartid, zero)
  li a1, 1
  ILLEGAL(csrrs a0, mhartid, a1)
  ILLEGAL(csrrc a0, mhartid, a1)
  ILLEGAL(csrrwi a0, mhartid, 0)
  ILLEGAL(csrrsi a0, mvendorid, 1)
  ILLEGAL(csrw marchid, a0)
  ILLEGAL(csrw mimpid, a0)
  ILLEGAL(csrw cycle, a0)
  ILLEGAL(csrw time, a0)
  ILLEGAL(csrw instret, zero)
  /* the destination of an illegal access is untouched */
  li a0, 0x55
  ILLEGAL(csrrw a0, mhartid, zero)
  SAME(a0, 0x55)
  /* no such register; quadrants of other modes */
  ILLEGAL(csrr a0, 0x004)
  ILLEGAL(csrr a0, 0x0c0)
  ILLEGAL(csrr a0, 0x1ff)
  ILLEGAL(csrr a0, 0x5c0)
  ILLEGAL(csrr a0, 0x7ff)
  ILLEGAL(csrr a0, 0xbff)
  ILLEGAL(csrw 0x8ff, zero)
  ILLEGAL(csrr a0, 0xcff)
  /* funct3 100 of SYSTEM is no instruction without the hypervisor */
  ILLEGAL(.word 0x00004073)

  /* misa: RV64 with I M A C S U and without F D; writing it away does nothing lasting to those */
  HERE
  csrr a0, misa
  srli a1, a0, 62
  SAME(a1, 2)
  li a2, (1 << 0) | (1 << 2) | (1 << 8) | (1 << 12) | (1 << 18) | (1 << 20)
  and a1, a0, a2
  EQUAL(a1, a2)
  andi a1, a0, (1 << 3) | (1 << 5)
  ZERO(a1)

  /* mstatus: 64-bit S and U, read-only */
  CSR_BITS(mstatus, 0xf << 32, 0xa << 32)
  /* MBE, SBE, UBE are little-endian */
  CSR_BITS(mstatus, (3 << 36) | (1 << 6), 0)

  /* sstatus shows and writes only its own fields of mstatus */
  HERE
  li t6, SIE | SPIE | SPP | SUM | MXR | MIE | MPIE | MPP | MPRV | TVM | TW | TSR
  csrc mstatus, t6
  li t6, SIE | SPIE | SPP | SUM | MXR
  csrs sstatus, t6
  CSR_BITS(mstatus, SIE | SPIE | SPP | SUM | MXR, SIE | SPIE | SPP | SUM | MXR)
  li t6, ~(3 << 32)
  csrw sstatus, t6
  CSR_BITS(mstatus, MIE | MPIE | MPP | MPRV | TVM | TW | TSR, 0)
  csrw sstatus, zero
  CSR_BITS(mstatus, SIE | SPIE | SPP | SUM | MXR, 0)
  li t6, MPIE | MPP | TVM | TW | TSR
  csrs mstatus, t6
  csrr a0, sstatus
  li a1, MPIE | MPP | TVM | TW | TSR | MIE | MPRV | (0xc << 32)
  and a0, a0, a1
  ZERO(a0)
  csrr a0, sstatus
  srli a0, a0, 32
  andi a0, a0, 3
  SAME(a0, 2)
  li t6, TVM | TW | TSR
  csrc mstatus, t6

  /* mtvec and stvec: the base is 4-aligned, modes 0 and 1 */
  la a0, trap_m
  csrw mtvec, a0
  csrr a1, mtvec
  EQUAL(a0, a1)
  ori a0, a0, 1
  csrw mtvec, a0
  csrr a1, mtvec
  EQUAL(a0, a1)
  la a0, trap_m
  csrw mtvec, a0
  ori a2, a0, 2
  csrw mtvec, a2
  csrr a1, mtvec
  andi a1, a1, 2
  csrw mtvec, a0
  ZERO(a1)
  la a0, trap_s
  csrw stvec, a0
  ori a0, a0, 3
  csrw stvec, a0
  csrr a1, stvec
  andi a1, a1, 2
  ZERO(a1)

  /* medeleg: every cause that S can handle can be delegated, and one that does not exist cannot */
  li a0, -1
  csrw medeleg, a0
  CSR_BITS(medeleg, 1 << 14, 0)
  CSR_BITS(medeleg, 0xb1ff, 0xb1ff)
  csrw medeleg, zero
  CSR_SAME(medeleg, 0)
  /* mideleg: only S's interrupts */
  csrw mideleg, a0
  CSR_BITS(mideleg, SSI | MSI | STI | MTI | SEI | MEI, SSI | STI | SEI)
  csrw mideleg, zero
  CSR_SAME(mideleg, 0)

  /* mie: six enables; sie shows those that are delegated, and writes no others */
  csrw mie, a0
  CSR_BITS(mie, 0xaaa, 0xaaa)
  CSR_SAME(sie, 0)
  csrw mie, zero
  csrw sie, a0
  CSR_SAME(mie, 0)
  li t6, SSI | SEI
  csrw mideleg, t6
  csrw sie, a0
  CSR_SAME(mie, SSI | SEI)
  CSR_SAME(sie, SSI | SEI)
  li t6, MSI | STI
  csrs mie, t6
  CSR_SAME(sie, SSI | SEI)
  csrw sie, zero
  CSR_SAME(mie, MSI | STI)
  csrw mie, zero

  /* mip: M may set S's software, timer and external bits; sip writes only a delegated SSIP */
  li t6, SSI | STI | SEI
  csrw mip, t6
  CSR_BITS(mip, SSI | STI | SEI, SSI | STI | SEI)
  CSR_SAME(sip, SSI | SEI)
  csrw sip, zero
  CSR_BITS(mip, SSI | STI | SEI, STI | SEI)
  csrsi sip, SSI
  CSR_BITS(mip, SSI, SSI)
  li t6, SSI | STI | SEI
  csrw mideleg, t6
  csrc sip, t6
  CSR_BITS(mip, SSI | STI | SEI, STI | SEI)
  csrs sip, t6
  csrw mideleg, zero
  CSR_SAME(sip, 0)
  csrsi sip, SSI
  csrw mip, zero
  csrsi sip, SSI
  CSR_BITS(mip, SSI | STI | SEI, 0)
  /* the M bits belong to the devices */
  li t6, MSI | MTI | MEI
  csrs mip, t6
  CSR_BITS(mip, MSI | MEI, 0)

  /* satp: a reserved mode leaves the register as it was; Bare and Sv39 stick */
  csrw satp, zero
  li a0, (8 << 60) | 0x80123
  csrw satp, a0
  csrr a1, satp
  EQUAL(a1, a0)
  li a2, (1 << 60) | 0x80456
  csrw satp, a2
  csrr a1, satp
  EQUAL(a1, a0)
  li a2, (15 << 60) | 0x80456
  csrw satp, a2
  csrr a1, satp
  EQUAL(a1, a0)
  csrw satp, zero
  CSR_SAME(satp, 0)

  /* counter enables hold at least CY, TM and IR */
  li a0, 7
  csrw mcounteren, a0
  CSR_SAME(mcounteren, 7)
  csrw scounteren, a0
  CSR_SAME(scounteren, 7)
  csrw mcounteren, zero
  csrw scounteren, zero
  CSR_SAME(mcounteren, 0)
  CSR_SAME(scounteren, 0)

  /* PMP: xv6 writes an all-memory entry and reads nothing back; the address register holds what fits */
  csrr a0, pmpaddr0
  li a1, -1
  srli a1, a1, 10
  EQUAL(a0, a1)
  csrr a0, pmpcfg0
  andi a0, a0, 0xff
  SAME(a0, 0xf)
PASS

/* What is not an instruction here: F and D, reserved encodings of every opcode, and mtval to say which. */
#include "harness.inc"

#define WORD(encoding) ILLEGAL(.word encoding)

START
  /* F and D are absent: loads, stores, arithmetic, moves, fused forms, and their CSRs; FS stays 0 */
  WORD(0x00052007) /* flw f0, 0(a0) */
  WORD(0x00053007) /* fld */
  WORD(0x00052027) /* fsw */
  WORD(0x00053027) /* fsd */
  WORD(0x00000053) /* fadd.s */
  WORD(0x02000053) /* fadd.d */
  WORD(0x58000053) /* fsqrt.s */
  WORD(0xe0000053) /* fmv.x.w */
  WORD(0xf0000053) /* fmv.w.x */
  WORD(0xf2050053) /* fmv.d.x */
  WORD(0xa0002053) /* feq.s */
  WORD(0x00000043) /* fmadd.s */
  WORD(0x00000047) /* fmsub.s */
  WORD(0x0000004b) /* fnmsub.s */
  WORD(0x0000004f) /* fnmadd.s */
  ILLEGAL(csrr a0, 0x001)
  ILLEGAL(csrr a0, 0x002)
  ILLEGAL(csrw 0x003, zero)

  /* all zeroes and all ones */
  ILLEGAL(.hword 0)
  WORD(0xffffffff)
  /* custom-0 … custom-3, and the opcodes left free */
  WORD(0x0000000b)
  WORD(0x0000002b)
  WORD(0x0000005b)
  WORD(0x0000007b)
  WORD(0x00000057)
  WORD(0x00000077)
  WORD(0x0000006b)

  /* LOAD, STORE: no size 7 and none wider than 8 bytes */
  WORD(0x00007003)
  WORD(0x00004023)
  WORD(0x00005023)
  WORD(0x00006023)
  WORD(0x00007023)
  /* BRANCH: functions 2 and 3 */
  WORD(0x00002063)
  WORD(0x00003063)
  /* JALR: only function 0 */
  WORD(0x00001067)
  WORD(0x00007067)
  /* OP-IMM shifts: bits 26 … 31 say which */
  WORD(0x04001013)
  WORD(0x80001013)
  WORD(0x80005013)
  WORD(0x44005013)
  /* OP-IMM-32: functions 0, 1, 5; five bits of shift */
  WORD(0x0000201b)
  WORD(0x0000301b)
  WORD(0x0000401b)
  WORD(0x0000601b)
  WORD(0x0000701b)
  WORD(0x0200101b)
  WORD(0x0200501b)
  WORD(0x4200501b)
  WORD(0x8000501b)
  /* OP: funct7 0, 1, and 0x20 for sub and sra only */
  WORD(0x40001033)
  WORD(0x40002033)
  WORD(0x40003033)
  WORD(0x40007033)
  WORD(0x04000033)
  WORD(0x80000033)
  WORD(0xfe000033)
  /* OP-32: as OP, without slt, and, or …; M without the high halves */
  WORD(0x0000203b)
  WORD(0x0000303b)
  WORD(0x0000403b)
  WORD(0x0000603b)
  WORD(0x0000703b)
  WORD(0x4000103b)
  WORD(0x4000403b)
  WORD(0x0200103b)
  WORD(0x0200203b)
  WORD(0x0200303b)
  /* MISC-MEM: functions 3 … 7 */
  WORD(0x0000300f)
  WORD(0x0000700f)
  /* SYSTEM: function 0 with unknown immediates, or with registers where there are none */
  WORD(0x00200073) /* uret, gone */
  WORD(0x00300073)
  WORD(0x00000173) /* ecall with rd */
  WORD(0x00008073) /* ecall with rs1 */
  WORD(0x00100173) /* ebreak with rd */
  WORD(0x30200173) /* mret with rd */
  WORD(0x10200f73) /* sret with rd */
  WORD(0x105000f3) /* wfi with rd */
  WORD(0x120000f3) /* sfence.vma with rd */
  WORD(0x7b200073) /* dret, outside debug mode */
  WORD(0x16000073) /* sinval.vma, without Svinval */
  WORD(0x18000073) /* sfence.w.inval */
  WORD(0x22000073) /* hfence.vvma, without H */
  WORD(0x62000073) /* hfence.gvma */
  WORD(0x6000c073) /* hlv.b */
  /* longer than 32 bits */
  WORD(0x0000001f)
  WORD(0x0000003f)
  WORD(0x0000007f)
  /* Zba, Zbb, Zbs, Zicond are absent */
  WORD(0x20002033) /* sh1add */
  WORD(0x0800003b) /* add.uw */
  WORD(0x60001013) /* clz */
  WORD(0x40007033) /* andn */
  WORD(0x0a004033) /* min */
  WORD(0x60005013) /* rori */
  WORD(0x6b805013) /* rev8 */
  WORD(0x48001033) /* bclr */
  WORD(0x0e005033) /* czero.eqz */

  /* an illegal instruction changes no register and does not retire twice: the next goes on */
  HERE
  li a0, 0x123
  RESUME_AT 1f
  .word 0xffffffff
1:
  SAME(a0, 0x123)
  li a0, 0x42
  SAME(a0, 0x42)
PASS

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { IRQ, type Mode, MSTATUS } from "../../src/vm/machine/hart/csr_state.ts";
import { deliver, returnFrom, takeable } from "../../src/vm/machine/hart/trap.ts";
import type { Machine } from "../../src/vm/machine/machine.ts";
import { PTE_R, PTE_U, PTE_W } from "../../src/vm/machine/sv39.ts";
import { Assembler, encode } from "./engine_lab.ts";
import { at, machine, program, Tables } from "./machine_lab.ts";

const mode = fc.constantFrom<Mode>(0, 1, 3);

Deno.test("property: a trap goes to S only when delegated and not from M, and xRET undoes it", () => {
  const bits = fc.nat(2 ** 23 - 1);
  fc.assert(
    fc.property(
      mode,
      bits,
      bits,
      fc.constantFrom(1, 2, 5, 8, 12, 13, 15),
      (from, status, delegated, cause) => {
        const { hart } = machine();
        hart.writeCsr("mstatus", BigInt(status) & ~BigInt(MSTATUS.MPRV));
        hart.writeCsr("medeleg", BigInt(delegated));
        hart.writeCsr("mtvec", 0x1001n);
        hart.writeCsr("stvec", 0x2001n);
        hart.mode = from;
        hart.pc = 0x4444n;
        const before = hart.mstatus;
        hart.registers.raise(cause, 0x99n);
        deliver(hart, cause, false);
        const supervisor = from !== 3 && (hart.state.medeleg >>> cause & 1) === 1;
        assertEquals(hart.mode, supervisor ? 1 : 3);
        assertEquals(
          hart.pc as bigint,
          supervisor ? 0x2000n : 0x1000n,
          "exceptions are not vectored",
        );
        const name = supervisor ? "s" : "m";
        assertEquals(hart.readCsr(`${name}epc`), 0x4444n);
        assertEquals(hart.readCsr(`${name}cause`), BigInt(cause));
        assertEquals(hart.readCsr(`${name}tval`), 0x99n);
        const enable = supervisor ? MSTATUS.SIE : MSTATUS.MIE;
        assertEquals(hart.mstatus & enable, 0);
        returnFrom(hart, supervisor ? 1 : 3);
        assertEquals([hart.mode, hart.pc as bigint], [from, 0x4444n]);
        assertEquals(hart.mstatus & enable, before & enable);
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("xRET leaves PIE set, PP at the lowest mode, and clears MPRV unless it stays in M", () => {
  const { hart } = machine();
  hart.writeCsr("mstatus", BigInt(MSTATUS.MPRV | MSTATUS.MPP));
  returnFrom(hart, 3);
  assertEquals(hart.mode, 3);
  assertEquals(hart.mstatus, MSTATUS.MPRV | MSTATUS.MPIE);
  returnFrom(hart, 3);
  assertEquals(hart.mode, 0);
  assertEquals(hart.mstatus, MSTATUS.MPIE | MSTATUS.MIE);
});

Deno.test("interrupts are taken in the order MEI, MSI, MTI, SEI, SSI, STI", () => {
  const made = machine();
  const { hart, clint, plic } = made;
  hart.writeCsr("mie", 0xaaan);
  hart.writeCsr("mstatus", BigInt(MSTATUS.MIE));
  hart.writeCsr("mip", BigInt(IRQ.SSI | IRQ.STI | IRQ.SEI));
  clint.write(0, 4, 1);
  clint.write(0x4000, 4, 0);
  clint.write(0x4004, 4, 0);
  plic.write(4, 4, 1);
  plic.write(0x2000, 4, 2);
  plic.signal(1, true);
  const order: number[] = [];
  for (let next = takeable(hart); next >= 0; next = takeable(hart)) {
    order.push(next);
    hart.writeCsr("mie", hart.readCsr("mie") & ~(1n << BigInt(next)));
  }
  assertEquals(order, [11, 3, 7, 9, 1, 5]);
});

Deno.test("an interrupt needs its enables: by mode, MIE, SIE and delegation", () => {
  for (const from of [0, 1, 3] as const) {
    for (const delegated of [false, true]) {
      for (const mie of [false, true]) {
        for (const sie of [false, true]) {
          const { hart } = machine();
          hart.writeCsr("mie", BigInt(IRQ.SSI));
          hart.writeCsr("mip", BigInt(IRQ.SSI));
          hart.writeCsr("mideleg", delegated ? BigInt(IRQ.SSI) : 0n);
          hart.writeCsr("mstatus", BigInt((mie ? MSTATUS.MIE : 0) | (sie ? MSTATUS.SIE : 0)));
          hart.mode = from;
          const expected = delegated ? from === 0 || (from === 1 && sie) : from < 3 || mie;
          assertEquals(
            takeable(hart) >= 0,
            expected,
            JSON.stringify({ from, delegated, mie, sie }),
          );
        }
      }
    }
  }
});

/** A machine that takes M-mode interrupts at 0x100 and executes nops meanwhile. */
function ready(): Machine {
  const made = program((a) => {
    for (let i = 0; i < 1000; i++) a.put("addi");
  });
  made.hart.writeCsr("mtvec", BigInt(at(0x100)));
  made.hart.writeCsr("mstatus", BigInt(MSTATUS.MIE));
  return made;
}

Deno.test("the timer interrupts at the instruction where mtime reaches mtimecmp, not one later", () => {
  for (const slice of [1, 7, 1000]) {
    const made = ready();
    made.hart.writeCsr("mie", BigInt(IRQ.MTI));
    made.clint.write(0x4000, 4, 5);
    made.clint.write(0x4004, 4, 0);
    while (made.instret < 60) made.run(Math.min(slice, 60 - made.instret));
    // mtime moves every 10 instructions.
    assertEquals(made.hart.state.mepc, BigInt(at(50 * 4)));
    assertEquals(made.hart.state.mcause, (1n << 63n) | 7n);
    assertEquals(made.hart.pc as bigint, BigInt(at(0x100 + 10 * 4)));
  }
});

Deno.test("vectored interrupts go to base + 4 × cause", () => {
  const made = ready();
  made.hart.writeCsr("mtvec", BigInt(at(0x100)) | 1n);
  made.hart.writeCsr("mie", BigInt(IRQ.MSI));
  made.clint.write(0, 4, 1);
  made.run(1);
  assertEquals(made.hart.pc as bigint, BigInt(at(0x100 + 4 * 3 + 4)));
});

Deno.test("an interrupt that a CSR write lets through comes before the next instruction", () => {
  const made = program((a) =>
    a.put("csrrsi", { rd: 0, rs1: 8, imm: 0x300 }).put("addi", { rd: 5, rs1: 0, imm: 1 })
  );
  made.hart.writeCsr("mie", BigInt(IRQ.SSI));
  made.hart.writeCsr("mip", BigInt(IRQ.SSI));
  made.hart.writeCsr("mtvec", BigInt(at(0x100)));
  made.ram.write32(at(0x100), encode("addi"));
  made.run(2);
  assertEquals([made.hart.x(5), made.hart.state.mepc], [0n, BigInt(at(4))]);
});

Deno.test("WFI lets time jump to the next timer, wakes without enables, and stops when nothing can come", () => {
  const made = program((a) => a.put("wfi").put("addi", { rd: 5, rs1: 0, imm: 1 }));
  made.hart.writeCsr("mie", BigInt(IRQ.MTI));
  made.clint.write(0x4000, 4, 1_000_000);
  made.clint.write(0x4004, 4, 0);
  assertEquals(made.run(2).kind, "budget");
  assertEquals([made.hart.x(5), made.instret, made.clock.time], [1n, 2, 1_000_000]);

  const stuck = program((a) => a.put("wfi").put("addi", { rd: 5, rs1: 0, imm: 1 }));
  stuck.hart.writeCsr("mie", BigInt(IRQ.MEI));
  assertEquals([stuck.run(100).kind, stuck.instret], ["wfi", 1]);
  assertEquals(stuck.run(100).kind, "wfi");
  stuck.plic.write(4 * 10, 4, 1);
  stuck.plic.write(0x2000, 4, 1 << 10);
  stuck.uart.write(1, 1, 1);
  stuck.uart.type(new Uint8Array([65]));
  assertEquals([stuck.run(1).kind, stuck.hart.x(5)], ["budget", 1n]);
});

Deno.test("TW, TSR and TVM make S-mode's wfi, sret and sfence.vma illegal; U-mode never may", () => {
  const words = { wfi: encode("wfi"), sret: encode("sret"), fence: encode("sfence.vma") };
  const bit = { wfi: MSTATUS.TW, sret: MSTATUS.TSR, fence: MSTATUS.TVM };
  for (const name of ["wfi", "sret", "fence"] as const) {
    for (
      const [from, status, trapped] of [[0, 0, true], [1, 0, false], [1, bit[name], true]] as const
    ) {
      const made = machine();
      made.ram.write32(at(0), words[name]);
      made.hart.writeCsr("mstatus", BigInt(status));
      made.hart.writeCsr("mtvec", BigInt(at(0x100)));
      made.ram.write32(at(0x100), encode("addi"));
      made.hart.mode = from;
      made.run(1);
      assertEquals(made.hart.state.mcause === 2n, trapped, `${name} ${from} ${status}`);
    }
  }
  const made = machine();
  made.ram.write32(at(0), encode("mret"));
  made.ram.write32(at(0x100), encode("addi"));
  made.hart.writeCsr("mtvec", BigInt(at(0x100)));
  made.hart.mode = 1;
  made.run(1);
  assertEquals([made.hart.state.mcause, made.hart.state.mtval], [2n, BigInt(encode("mret"))]);
});

Deno.test("ecall is cause 8, 9 or 11 by mode, ebreak is 3 with its address; neither retires", () => {
  for (const [from, cause] of [[0, 8n], [1, 9n], [3, 11n]] as const) {
    const made = program((a) => a.put("ecall"));
    made.ram.write32(at(0x100), encode("addi"));
    made.hart.writeCsr("mtvec", BigInt(at(0x100)));
    made.hart.mode = from;
    made.run(0);
    assertEquals(made.hart.state.mcause, 0n);
    made.run(1); // the handler's first instruction
    assertEquals([made.hart.state.mcause, made.hart.state.mtval], [cause, 0n]);
  }
  const made = program((a) => a.put("addi").put("ebreak"));
  made.hart.mode = 1;
  made.hart.writeCsr("mtvec", BigInt(at(0x100)));
  made.ram.write32(at(0x100), encode("csrrs", { rd: 5, rs1: 0, imm: 0xb02 }));
  made.run(2);
  assertEquals([made.hart.state.mcause, made.hart.state.mtval], [3n, BigInt(at(4))]);
  assertEquals(made.hart.x(5), 1n);
});

Deno.test("a handler that traps at its first instruction ends the run instead of hanging it", () => {
  const made = program((a) => a.put("addi").put("ecall"));
  const stop = made.run(100); // mtvec is 0, where nothing can be fetched
  assertEquals(stop, { kind: "stuck", cause: 1, tval: 0n, pc: 0n });
  assertEquals(made.instret, 1);
});

Deno.test("the host gets U-mode traps, and nothing of the instruction has happened", () => {
  const tables = new Tables(machine({ traps: "host" }));
  const { hart, ram } = tables.machine;
  tables.map(0x1000, at(0), 0x1a); // R X U
  tables.map(0x2000, at(0x2000), PTE_R | PTE_U);
  ram.write(
    at(0),
    new Assembler().put("addi", { rd: 5, rs1: 5, imm: 1 })
      .put("amoadd.d", { rd: 5, rs1: 6, rs2: 5 }).bytes(),
  );
  tables.use();
  hart.mode = 0;
  hart.pc = 0x1000n;
  hart.setX(6, 0x2000n);
  const stop = tables.machine.run(100);
  assertEquals(stop, { kind: "trap", cause: 15, tval: 0x2000n, epc: 0x1004n });
  assertEquals([hart.x(5), tables.machine.instret, hart.mode], [1n, 1, 0]);
  // Mended, the same instruction goes on.
  tables.map(0x2000, at(0x2000), PTE_R | PTE_W | PTE_U);
  tables.machine.mmu.sfence(0x2000n as Parameters<typeof tables.machine.mmu.sfence>[0]);
  tables.machine.run(1);
  assertEquals([hart.x(5), ram.read64(at(0x2000)), tables.machine.instret], [0n, 1n, 2]);
});

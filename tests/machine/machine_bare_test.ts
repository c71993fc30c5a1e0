import { assert, assertEquals, assertThrows } from "@std/assert";
import { runBare } from "../../src/vm/bare.ts";
import { ElfError } from "../../src/vm/machine/elf.ts";
import { Assembler } from "./engine_lab.ts";
import { SMALL } from "./machine_lab.ts";

/** An ELF file with one segment at the start of RAM and, if asked, a symbol `tohost`. */
function elf(code: Uint8Array, options: { tohost?: bigint; paddr?: bigint } = {}): Uint8Array {
  const names = new TextEncoder().encode("\0tohost\0");
  const symbols = options.tohost === undefined ? 0 : 48;
  const at = { code: 120, symbols: 120 + code.length, names: 120 + code.length + symbols };
  const sections = Math.ceil((at.names + names.length) / 8) * 8;
  const file = new Uint8Array(sections + 3 * 64);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 243, true);
  view.setBigUint64(24, 0x8000_0000n, true);
  view.setBigUint64(32, 64n, true);
  view.setBigUint64(40, BigInt(sections), true);
  [[54, 56], [56, 1], [58, 64], [60, 3], [62, 2]].forEach(([o, v]) => view.setUint16(o, v, true));
  view.setUint32(64, 1, true);
  view.setUint32(68, 7, true);
  view.setBigUint64(72, BigInt(at.code), true);
  view.setBigUint64(80, 0x8000_0000n, true);
  view.setBigUint64(88, options.paddr ?? 0x8000_0000n, true);
  view.setBigUint64(96, BigInt(code.length), true);
  view.setBigUint64(104, BigInt(code.length + 4096), true);
  file.set(code, at.code);
  if (options.tohost !== undefined) {
    view.setUint32(at.symbols + 24, 1, true);
    view.setBigUint64(at.symbols + 32, options.tohost, true);
  }
  file.set(names, at.names);
  const section = (i: number, type: number, offset: number, size: number) => {
    view.setUint32(sections + 64 * i + 4, type, true);
    view.setBigUint64(sections + 64 * i + 24, BigInt(offset), true);
    view.setBigUint64(sections + 64 * i + 32, BigInt(size), true);
    view.setUint32(sections + 64 * i + 40, 2, true);
  };
  section(1, 2, at.symbols, symbols);
  section(2, 3, at.names, names.length);
  return file;
}

/** Stores x6 to the address that x5 gets (a multiple of 4 KiB). */
const storing = (address: number, value: number) =>
  new Assembler().put("lui", { rd: 5, imm: address | 0 }).put("addi", { rd: 6, imm: value })
    .put("slli", { rd: 5, rs1: 5, imm: 32 }).put("srli", { rd: 5, rs1: 5, imm: 32 })
    .put("sw", { rs1: 5, rs2: 6, imm: 0 });

Deno.test("a store to tohost ends the program: 1 passes, an odd value is a failure's number", () => {
  const tohost = 0x8000_1000n;
  const run = (value: number) => runBare(elf(storing(0x8000_1000, value).bytes(), { tohost }));
  const { machine: _, ...passed } = run(1);
  assertEquals(passed, { end: "exit", code: 0, instret: 5 });
  assertEquals([run(15).end, run(15).code], ["exit", 7]);
});

Deno.test("the console is passed on, a budget is kept, and a hart that waits for nothing is stuck", () => {
  const hello = new Assembler().put("lui", { rd: 5, imm: 0x1000_0000 });
  for (const letter of "hi\n") {
    hello.put("addi", { rd: 6, imm: letter.charCodeAt(0) }).put("sb", { rs1: 5, rs2: 6, imm: 0 });
  }
  let said = "";
  const result = runBare(elf(hello.put("wfi").bytes()), {
    memBytes: SMALL,
    onConsole: (bytes) => said += new TextDecoder().decode(bytes),
  });
  assertEquals([result.end, result.code, said, result.instret], ["stuck", -1, "hi\n", 8]);
  const loop = new Assembler().label("here").put("jal", { rd: 0 }, "here").bytes();
  const cut = runBare(elf(loop), { budget: 2_500_000, memBytes: SMALL });
  assertEquals([cut.end, cut.instret], ["budget", 2_500_000]);
});

Deno.test("a program whose trap handler cannot run is stuck, not endless", () => {
  const result = runBare(elf(new Assembler().put("ebreak").bytes()), { memBytes: SMALL });
  assertEquals([result.end, result.instret], ["stuck", 0]);
});

Deno.test("a segment outside RAM is refused with its address", () => {
  const code = new Assembler().put("wfi").bytes();
  assertThrows(() => runBare(elf(code, { paddr: 0x1000n })), ElfError, "physical 0x1000");
  assertThrows(
    () => runBare(elf(code, { paddr: 0x8800_0000n })),
    ElfError,
    "does not fit into RAM",
  );
});

Deno.test("the machine is left as the program left it", () => {
  const { machine } = runBare(Deno.readFileSync(new URL("../isa/bin/alu.elf", import.meta.url)));
  assert(machine.instret > 1000);
  assertEquals(machine.finisher.finish, { code: 0, reset: false });
});

const suite = Deno.env.get("RISCV_TESTS");
if (suite === undefined) {
  console.log(
    "riscv-tests in bare mode: skipped, RISCV_TESTS is not set to a folder of built programs",
  );
} else {
  Deno.test("every public riscv-test passes in bare mode", () => {
    const failed: string[] = [];
    for (const { name, isFile } of Deno.readDirSync(suite)) {
      if (!isFile) continue;
      const { end, code } = runBare(Deno.readFileSync(`${suite}/${name}`), {
        budget: 5_000_000,
        memBytes: SMALL,
      });
      if (end !== "exit" || code !== 0) failed.push(`${name}: ${end} ${code}`);
    }
    assertEquals(failed, []);
  });
}

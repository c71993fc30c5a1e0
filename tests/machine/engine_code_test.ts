import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { CodeTwins } from "./code_lab.ts";
import { sequence } from "./code_steps.ts";
import { encode, Lab } from "./engine_lab.ts";

Deno.test("a pair whose second half is dropped with a later write is a pair no more", () => {
  const lab = new Lab();
  const code = 0x8000_0000;
  const addi = (rd: number) => encode("c.addi", { rd, imm: 1 });
  const half = (word: number) => Uint8Array.of(word, word >>> 8);
  for (let i = 0; i < 6; i++) lab.write(code + 2 * i, half(addi(10 + i)));
  for (const changed of [0, 2, 4, 6, 8, 10]) {
    lab.pc = BigInt(code);
    for (let i = 0; i < 32; i++) lab.setX(i, 0n);
    lab.engine.run(6);
    lab.write(code + changed, half(addi(20)));
    lab.pc = BigInt(code);
    lab.engine.run(6);
    const want = Array.from({ length: 6 }, (_, i) => 2 * i <= changed ? 20 : 10 + i);
    const sums = new Array(32).fill(0n);
    for (let i = 0; i < 6; i++) sums[2 * i < changed ? 20 : 10 + i]++;
    for (const rd of want) sums[rd]++;
    assertEquals(Array.from({ length: 32 }, (_, i) => lab.x(i)), sums);
  }
});

for (const paged of [false, true]) {
  const where = paged ? "U-mode through tables" : "M-mode";
  Deno.test(`code written while it runs does what fresh decoding does: ${where}`, () => {
    const twins = new CodeTwins(paged);
    fc.assert(fc.property(sequence(40), (steps) => twins.play(steps)), { numRuns: 200 });
  });
}

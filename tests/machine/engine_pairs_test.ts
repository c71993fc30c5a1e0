import { assertEquals } from "@std/assert";
import { RAM_BASE } from "../../src/vm/machine/address.ts";
import { decode } from "../../src/vm/machine/isa/decode.ts";
import { encodePattern } from "../../src/vm/machine/isa/pattern.ts";
import { pairNumber, pairs } from "../../src/vm/machine/engine/pairs.ts";
import { RECORD_SHIFT, recordOf } from "../../src/vm/machine/engine/records.ts";
import { numberOf, type Variant, variantKey } from "../../src/vm/machine/engine/variants.ts";
import { Lab } from "./engine_lab.ts";

const CODE = 0x8000_0800n;
const DATA = 0x8001_0000;

let state = 0x2545f491;
function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

/** All halfwords by the number of the handler that executes them, as they stand at CODE. */
const shorts = new Map<number, number[]>();
for (let word = 0; word < 65536; word++) {
  const instruction = (word & 3) === 3 ? undefined : decode(word);
  if (instruction === undefined) continue;
  const number = recordOf(instruction, 0x800).head & 0xffff;
  shorts.set(number, [...shorts.get(number) ?? [], word]);
}

/** Some encoding of a variant. */
function encodingOf(variant: Variant): number {
  const { row, length, sink, far } = variant;
  if (length === 2) {
    const words = shorts.get(numberOf(variant))!;
    return words[random(words.length)]!;
  }
  const fields: Record<string, number> = { rd: sink ? 0 : 1 + random(31), imm: far ? 0x4000 : 0 };
  if (!far) {
    // An immediate that all formats take: shift amounts are small, upper ones multiples of a page.
    const upper = row.pattern.fields.some(({ name, signBits }) =>
      name === "imm" && signBits === 32
    );
    fields["imm"] = upper ? random(16) << 12 : 2 * random(16);
  }
  return encodePattern(row.pattern, { rs1: random(32), rs2: random(32), ...fields });
}

function load(lab: Lab, words: [number, number][]): void {
  let at = Number(CODE);
  for (const [word, length] of words) {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = word >>> (8 * i);
    lab.write(at, bytes);
    at += length;
  }
  lab.pc = CODE;
}

Deno.test("each pair does what its two instructions do one by one", async (t) => {
  const [joined, single] = [new Lab(), new Lab()];
  for (const { first, second } of pairs()) {
    await t.step(`${variantKey(first)}, ${variantKey(second)}`, () => {
      const number = pairNumber(numberOf(first), numberOf(second));
      for (let round = 0; round < 20; round++) {
        const words: [number, number][] = [
          [encodingOf(first), first.length],
          [encodingOf(second), second.length],
        ];
        // Most registers point into the data, so that loads and stores find something.
        const values = Array.from(
          { length: 31 },
          () =>
            random(4) === 0 ? BigInt.asUintN(64, BigInt(random(2 ** 32)) - 2n ** 31n) : BigInt(
              DATA + 8 * random(256),
            ),
        );
        const data = Uint8Array.from({ length: 8192 }, () => random(256));
        for (const lab of [joined, single]) {
          load(lab, words);
          values.forEach((value, i) => lab.setX(i + 1, value));
          lab.write(DATA - 4096, data);
        }
        const stop = joined.engine.run(2);
        const stops = [single.engine.run(1), single.engine.run(1)];
        const record = joined.engine.pages.pageFor(RAM_BASE) +
          ((Number(CODE) & 0xfff) << RECORD_SHIFT);
        assertEquals(joined.view.getUint16(record, true), number, "they are a pair");
        assertEquals(stop, stops.find((one) => one !== 0) ?? 0);
        assertEquals(joined.pc, single.pc);
        for (let i = 0; i < 32; i++) assertEquals(joined.x(i), single.x(i), `x${i}`);
        assertEquals(joined.ram(DATA - 4096, 8192), single.ram(DATA - 4096, 8192));
      }
    });
  }
});

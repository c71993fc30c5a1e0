/** Damaged debug information: whatever is asked, there is an answer or none, never an error, and never a hang. */

import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import { bare, type CType } from "../../../src/vm/dwarf/types.ts";
import { DebugInfo } from "../../../src/vm/dwarf/debug_info.ts";
import { evaluate, type Moment } from "../../../src/vm/dwarf/expression.ts";
import { DwarfError } from "../../../src/vm/dwarf/cursor.ts";
import { parseElf } from "../../../src/vm/machine/elf.ts";

const SECTIONS = [
  "info",
  "abbrev",
  "str",
  "line",
  "line_str",
  "ranges",
  "rnglists",
  "loc",
  "loclists",
  "frame",
];

const files = [2, 5].map((version) =>
  Deno.readFileSync(new URL(`fixture/bin/dwarf${version}.elf`, import.meta.url))
);

const moment: Omit<Moment, "frameBase"> = {
  register: (n) => n % 5 === 0 ? undefined : BigInt(n) * 0x1234_5678n,
  cfa: () => 0x8000_4000n,
  memory: (address, size) => address % 7n === 0n ? undefined : BigInt.asUintN(8 * size, address),
};

/** Looks at a type as far as it goes: sizes, names, what it is made of. */
function lookAt(type: CType | undefined, depth = 0): void {
  if (type === undefined || depth > 5) return;
  void type.size;
  assert(type.name.length < 100_000);
  const own = bare(type);
  if (own?.kind === "pointer") lookAt(own.to, depth + 1);
  if (own?.kind === "array") lookAt(own.of, depth + 1);
  if (own?.kind === "struct" || own?.kind === "union") {
    for (const { type } of own.members.slice(0, 20)) lookAt(type, depth + 1);
  }
}

/** Asks all there is to ask; damage that comes to light in a type is a DwarfError. */
function askAll(bytes: Uint8Array): void {
  const debug = DebugInfo.of(parseElf(bytes));
  if (debug === undefined) return;
  const inType = (body: () => void) => {
    try {
      body();
    } catch (error) {
      if (!(error instanceof DwarfError)) throw error;
    }
  };
  for (let at = 0x8000_0000n; at < 0x8000_00e0n; at += 2n) {
    debug.place(at);
    debug.functionAt(at);
    debug.frameRow(at);
    for (const { locals } of debug.scopes(at)) {
      for (const { where, type } of locals) {
        where(Number(at), moment);
        inType(() => lookAt(type));
      }
    }
  }
  for (const { name } of debug.functions()) debug.functionsNamed(name);
  debug.files();
  debug.sites("program.c", 1);
  debug.lineStarts(0x8000_0012n);
  debug.returnType(0x8000_0012n);
  for (const { type } of debug.globals.values()) inType(() => lookAt(type));
  inType(() => lookAt(debug.type("struct item")));
  debug.enumerator("RUNNING");
  const { problem } = debug;
  assert(problem === undefined || (!problem.includes("\n") && problem.length < 200), problem);
}

/** A copy with some bytes of one section replaced. */
function damaged(
  file: Uint8Array,
  section: string,
  spots: readonly { at: number; bytes: Uint8Array }[],
): Uint8Array {
  const copy = file.slice();
  const own = parseElf(copy).section(`.debug_${section}`);
  if (own === undefined) return copy;
  for (const { at, bytes } of spots) {
    const from = at % own.length;
    own.set(bytes.subarray(0, own.length - from), from);
  }
  return copy;
}

const spot = fc.record({
  at: fc.nat(1 << 16),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 8 }),
    fc.integer({ min: 1, max: 64 }).map((n) => new Uint8Array(n).fill(0xff)),
    fc.integer({ min: 1, max: 64 }).map((n) => new Uint8Array(n)),
    fc.integer({ min: 1, max: 64 }).map((n) => new Uint8Array(n).fill(0x80)),
  ),
});

for (const [i, file] of files.entries()) {
  for (const section of SECTIONS) {
    if (parseElf(file).section(`.debug_${section}`) === undefined) continue;
    Deno.test(`DWARF ${[2, 5][i]}: a damaged .debug_${section} gives less, and no error`, () => {
      fc.assert(
        fc.property(fc.array(spot, { minLength: 1, maxLength: 4 }), (spots) => {
          askAll(damaged(file, section, spots));
        }),
        { numRuns: 60 },
      );
    });
  }

  Deno.test(`DWARF ${[2, 5][i]}: sections that end too early`, () => {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const table = Number(view.getBigUint64(40, true)), count = view.getUint16(60, true);
    fc.assert(
      fc.property(fc.nat(count - 1), fc.nat(1 << 16), (header, length) => {
        const copy = file.slice();
        const own = new DataView(copy.buffer);
        const at = table + header * 64 + 32;
        const size = Number(own.getBigUint64(at, true));
        own.setBigUint64(at, BigInt(length % (size + 1)), true);
        askAll(copy);
      }),
      { numRuns: 200 },
    );
  });
}

Deno.test("damage is said in one line, once it is come upon", () => {
  const copy = damaged(files[1], "abbrev", [{ at: 0, bytes: new Uint8Array(64).fill(0xff) }]);
  const debug = DebugInfo.of(parseElf(copy))!;
  assertEquals(debug.place(0x8000_0012n), undefined);
  assert(/^\.debug_\w+: .* at offset \d+$/.test(debug.problem!), debug.problem);
});

Deno.test("any bytes are an expression, or an error that says so", () => {
  const whole: Moment = { ...moment, frameBase: () => 8n, entry: (n) => BigInt(n) };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        evaluate(bytes, whole);
      } catch (error) {
        if (!(error instanceof DwarfError)) throw error;
      }
    }),
    { numRuns: 3000 },
  );
});

Deno.test("expressions do what the standard says", () => {
  const value = (...bytes: number[]) =>
    evaluate(Uint8Array.from(bytes), { ...moment, frameBase: () => 100n });
  const memory = (address: bigint) => ({ kind: "memory" as const, address });
  assertEquals(value(0x91, 0x78), memory(92n)); // fbreg -8
  assertEquals(value(0x5a), { kind: "register", n: 10 });
  assertEquals(value(0x35, 0x9f), { kind: "value", value: 5n });
  assertEquals(value(0x35, 0x33, 0x1c), memory(2n)); // 5 - 3
  assertEquals(value(0x31, 0x32, 0x33, 0x17, 0x9f), { kind: "value", value: 2n }); // rot: 3 1 2
  assertEquals(value(0x31, 0x32, 0x16, 0x9f), { kind: "value", value: 1n }); // swap
  assertEquals(value(0x31, 0x32, 0x14, 0x9f), { kind: "value", value: 1n }); // over
  assertEquals(value(0x09, 0xff, 0x9f), { kind: "value", value: 2n ** 64n - 1n }); // const1s -1
  assertEquals(value(0x9c, 0x23, 0x10), memory(0x8000_4010n)); // cfa + 16
  assertEquals(value(0x31, 0x28, 1, 0, 0x35, 0x37, 0x9f), { kind: "value", value: 7n }); // bra over 5
});

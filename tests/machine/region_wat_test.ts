/** The WebAssembly text of regions: it says all that is in their code, and nothing else. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { IMPORTS } from "../../src/vm/machine/engine/regions/module.ts";
import { wat } from "../../src/vm/machine/engine/regions/wat.ts";
import {
  brIf,
  type Bytes,
  call,
  either,
  end,
  get,
  getGlobal,
  I32,
  i32,
  I64,
  i64,
  leave,
  load,
  loop,
  op,
  set,
  setGlobal,
  store,
  tee,
  when,
} from "../../src/vm/machine/engine/wasm.ts";
import type { Machine } from "../../src/vm/machine/machine.ts";
import { load as loadElf } from "../isa/programs.ts";
import { machine } from "./machine_lab.ts";
import { readWat } from "./wat_reader.ts";

const FUNCTIONS = IMPORTS.map(({ name }) => name);

/** The regions of a machine, each held against its text read back; how many there are. */
function check({ engine }: Machine): number {
  const live = engine.tier!.live();
  for (const { translation: { listing, steps, root } } of live) {
    const text = listing.wat;
    const read = readWat(text, FUNCTIONS);
    assertEquals(read.code, listing.code, `the region at 0x${root.toString(16)}`);
    assertEquals(read.locals, [...listing.locals]);
    for (const line of text) assert(line.length <= 120 || line.includes("br_table"), line);
    const said = text.flatMap((line) => /^ *;; (0x\w+) /.exec(line)?.[1] ?? []);
    assert(said.length >= steps - listing.blocks.length, "nearly each step has code of its own");
    const places = new Set(
      listing.blocks.flatMap(({ pc, code }) => [...code].map((_, i) => pc + 2 * i)),
    );
    for (const one of said) assert(places.has(Number(one)), `${one} is no code of the region`);
  }
  return live.length;
}

const BENCH = ["calls", "compressed", "loadstore", "memset", "sieve", "sort"];
const ISA = ["alu", "atomic", "branch", "csr", "muldiv", "memory", "compressed", "sv39"];

Deno.test("each region of a run is written as text from which its bytes come back", async () => {
  let regions = 0;
  for (const name of BENCH) {
    for (const countHits of [true, false]) {
      const made = machine({ countHits });
      loadElf(
        made,
        await Deno.readFile(new URL(`../../bench/guest/bin/${name}.elf`, import.meta.url)),
      );
      made.run(2_000_000);
      regions += check(made);
    }
  }
  assert(regions >= 12, `${regions} regions`);
});

Deno.test("the same where all is translated", async () => {
  let regions = 0;
  for (const name of ISA) {
    const made = machine({ compile: "always" });
    loadElf(made, await Deno.readFile(new URL(`../isa/bin/${name}.elf`, import.meta.url)));
    made.run(30_000);
    regions += check(made);
  }
  assert(regions >= 50, `${regions} regions`);
});

/** The text of some code, with two parameters `$p0` (i32) and `$p1` (i64). */
function textOf(...code: Bytes): string[] {
  const bytes = Uint8Array.from((code as unknown[]).flat(20) as number[]);
  const text = wat(bytes, {
    name: "f",
    params: [I32, I64],
    results: [I32],
    locals: [],
    functions: IMPORTS,
    local: (index) => `$p${index}`,
    comments: (at) => at === 0 ? ["here it begins"] : [],
  });
  assertEquals(readWat(text, FUNCTIONS).code, bytes);
  return text.slice(2, -1);
}

Deno.test("operands stand inside of what takes them", () => {
  assertEquals(textOf(set(1, op("i64_add", get(1), i64(-8n)))), [
    "  (local.set $p1 (i64.add (local.get $p1) (i64.const -8)))",
  ]);
  assertEquals(textOf(store("i64_store8", 0x510, get(0), op("i64_mul", get(1), i64(1n << 40n)))), [
    "  (i64.store8 offset=1296 (local.get $p0) (i64.mul (local.get $p1) (i64.const 0x10000000000)))",
  ]);
  assertEquals(textOf(set(1, call(0, get(1), load("i64_load", 8, get(0))))), [
    "  (local.set $p1 (call $mulHigh (local.get $p1) (i64.load offset=8 (local.get $p0))))",
  ]);
});

Deno.test("what is computed before something else is done stays before it", () => {
  assertEquals(textOf(get(0), set(0, i32(1)), get(0), op("i32_add"), leave([])), [
    "  (local.get $p0)",
    "  (local.set $p0 (i32.const 1))",
    "  (local.get $p0)",
    "  (i32.add)",
    "  (return)",
  ]);
});

Deno.test("blocks stand deeper, and labels have names", () => {
  const code = [
    ...loop,
    brIf(0, op("i32_eqz", tee(0, getGlobal(0)))),
    when(op("i64_lt_u", get(1), i64(5n)), setGlobal(0, i32(2))),
    set(1, either(I64, get(0), i64(1n), i64(2n))),
    end,
  ];
  assertEquals(textOf(...code), [
    "  (loop $0",
    "    (br_if $0 (i32.eqz (local.tee $p0 (global.get 0))))",
    "    (if (i64.lt_u (local.get $p1) (i64.const 5)) (then",
    "      (global.set 0 (i32.const 2))",
    "    ))",
    "    (if (result i64) (local.get $p0) (then",
    "      (i64.const 1)",
    "    ) (else",
    "      (i64.const 2)",
    "    ))",
    "    (local.set $p1)",
    "  ) ;; $0",
  ]);
});

Deno.test("code that is none of ours is refused, not guessed at", () => {
  const refused = (bytes: number[], message: string) =>
    assertThrows(() => textOf(...bytes), Error, message);
  refused([0x06], "opcode 0x6 at byte 0 of the code is not known");
  refused([0xfc, 8, 0, 0], "opcode 0xfc 8 at byte 0");
  refused([0x20, 0, 0x28, 0, 0, 0x1a], "the alignment at byte 2");
  refused([0x10, 7], "function 7 at byte 0");
  refused([0x0c, 0], "label 0 at byte 1");
  refused([0x02, 0x40], "a block is open at the end of the code");
  refused([0x0b], "end at byte 0");
  refused([0x42], "the code ends in the middle of an instruction");
  refused([0x02, 0x7b], "a type that is not known: 0x7b");
});

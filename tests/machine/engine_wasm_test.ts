import { assertEquals } from "@std/assert";
import {
  assemble,
  either,
  get,
  I32,
  i32,
  I64,
  i64,
  op,
  sleb64,
  uleb,
} from "../../src/vm/machine/engine/wasm.ts";

Deno.test("LEB128 of the binary format's examples and limits", () => {
  assertEquals(uleb(624485), [0xe5, 0x8e, 0x26]);
  assertEquals(uleb(0), [0]);
  assertEquals(uleb(2 ** 32 - 1), [0xff, 0xff, 0xff, 0xff, 0x0f]);
  assertEquals(sleb64(-123456n), [0xc0, 0xbb, 0x78]);
  assertEquals(sleb64(63n), [0x3f]);
  assertEquals(sleb64(64n), [0xc0, 0x00]);
  assertEquals(sleb64(-64n), [0x40]);
  const least = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f];
  assertEquals(sleb64(-(2n ** 63n)), least);
});

Deno.test("an assembled module runs, also when it outgrows its first buffer", () => {
  const constants = [0n, -1n, 0x7fff_ffffn, 0x8000_0000n, 2n ** 63n - 1n, -(2n ** 63n)];
  const nothing = Array.from({ length: 20_000 }, () => op("i32_and", i32(0), i32(1)));
  const bytes = assemble({
    imports: [],
    memory: { initial: 1, maximum: 2 },
    globals: [7],
    functions: [
      ...constants.map((value, i) => ({
        name: `constant${i}`,
        params: [],
        results: [I64],
        locals: [],
        code: i64(value),
      })),
      {
        name: "choose",
        params: [I32, I64, I64],
        results: [I64],
        locals: [I32],
        // drop (0x1a) whatever the padding leaves
        code: [...nothing.flatMap((code) => [code, 0x1a]), either(I64, get(0), get(1), get(2))],
      },
    ],
  });
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { m: { memory } });
  const run = (name: string, ...args: unknown[]) =>
    (exports[name] as (...args: unknown[]) => unknown)(...args);
  constants.forEach((value, i) => assertEquals(run(`constant${i}`), value));
  assertEquals([run("choose", 1, 5n, 6n), run("choose", 0, 5n, 6n)], [5n, 6n]);
});

/** The calls of the pgtbl lab that show PTEs. */

import { assertEquals } from "@std/assert";
import { boot } from "../../vm/lab.ts";

const HEAP = 0x3000;

Deno.test("pgaccess tells which pages were accessed since it was last asked, a bit each", () => {
  const p = boot().spawn();
  p.sbrk(70 * 4096);
  const page = (n: number) => HEAP + n * 4096;
  const ask = (first: number, n: number) => {
    assertEquals(p.call("pgaccess", page(first), n, page(69)).result, 0n);
    return p.load(page(69), 8);
  };
  ask(0, 64); // what sbrk and the calls before touched
  for (const n of [1, 9, 33, 63]) p.load(page(n));
  assertEquals(ask(0, 64), (1n << 1n) | (1n << 9n) | (1n << 33n) | (1n << 63n));
  assertEquals(ask(0, 64), 0n, "asking clears the bits");
  p.load(page(9)); // through an entry that the TLB had before, if it was not dropped
  assertEquals(ask(8, 4), 0b10n);
  p.store(page(69), (1n << 64n) - 1n);
  assertEquals(p.call("pgaccess", page(0), 32, page(69)).result, 0n);
  assertEquals(p.load(page(69), 8), 0xffff_ffff_0000_0000n, "an unsigned int for 32 pages");
  for (const n of [-1, 65]) assertEquals(p.call("pgaccess", page(0), n, page(69)).result, -1n);
  assertEquals(p.call("pgaccess", page(0), 4, 0x1000).result, -1n);
});

Deno.test("pgpte is the entry that maps an address, 0 where there is none", () => {
  const p = boot().spawn();
  p.sbrk(4096);
  p.store(HEAP, 1n);
  const { levels } = p.pte(HEAP);
  assertEquals(p.call("pgpte", HEAP).result, levels.at(-1)!.pte);
  assertEquals(p.call("pgpte", 0x10_0000).result, 0n);
  assertEquals(p.call("pgpte", 1n << 38n).result, 0n);
});

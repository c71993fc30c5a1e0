/** Faults in a row that a kernel does nothing about. */

import { assertEquals } from "@std/assert";
import { Faults } from "../../../src/vm/guest/faults.ts";
import { CAUSE } from "../../../src/vm/machine/cause.ts";
import type { Hart } from "../../../src/vm/machine/hart/hart.ts";
import type { TrapSeen } from "../../../src/vm/machine/probes.ts";

/** A trap of the process with this root table. */
function trap(root: number, value: bigint, more: Partial<TrapSeen> = {}): TrapSeen {
  const hart = { mmu: { root } } as unknown as Hart;
  return { hart, from: 0, cause: CAUSE.storePage, interrupt: false, value, epc: 0x100n, ...more };
}

/** How many of the traps in a row are called endless. */
const endless = (traps: readonly TrapSeen[]) => {
  const faults = new Faults();
  return traps.filter((one) => faults.trap(one) !== undefined).length;
};

const row = (length: number, make: (i: number) => TrapSeen) =>
  Array.from({ length }, (_, i) => make(i));

Deno.test("one instruction that faults at one address again and again is told of", () => {
  const faults = new Faults();
  const told = row(12, () => trap(1, 0x5008n)).map((one) => faults.trap(one));
  assertEquals(told.findIndex((one) => one !== undefined), 8);
  assertEquals(told[8], { root: 1, va: 0x5008n, epc: 0x100n, times: 9 } as never);
});

Deno.test("faults elsewhere, of others, for another reason, or with a call between are not", () => {
  assertEquals(endless(row(40, (i) => trap(1, BigInt(i % 8) * 4096n))), 0);
  assertEquals(endless(row(16, (i) => trap(i % 2, 0x5000n))), 0);
  assertEquals(endless(row(40, (i) => trap(1, 0x5000n, { epc: BigInt(2 * i) }))), 0);
  const reasons = [CAUSE.storePage, CAUSE.loadPage];
  assertEquals(endless(row(40, (i) => trap(1, 0x5000n, { cause: reasons[i % 2] }))), 0);
  const call = trap(1, 0n, { cause: CAUSE.ecallU });
  assertEquals(endless(row(40, (i) => i % 4 === 3 ? call : trap(1, 0x5000n))), 0);
});

Deno.test("other processes and interrupts in between make no difference", () => {
  const timer = trap(1, 0n, { interrupt: true, cause: 5 });
  const others = row(40, (i) => [trap(1, 0x5000n), trap(2, BigInt(i) * 4096n), timer][i % 3]);
  assertEquals(endless(others) > 0, true);
});

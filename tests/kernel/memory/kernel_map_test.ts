import { assert, assertEquals } from "@std/assert";
import { paNum, vaNum } from "../../../src/vm/machine/address.ts";
import { EXECUTE, permits, READ, walk, WRITE } from "../../../src/vm/machine/sv39.ts";
import { Ram } from "../../../src/vm/machine/memory.ts";
import { makeKernelMap } from "../../../src/vm/kernel/memory/tables/kernel_map.ts";
import { TRAMPOLINE } from "../../../src/vm/kernel/memory/areas/space.ts";

const S_MODE = { user: false, sum: false, mxr: false };

for (const mem of [16 * 2 ** 20, 128 * 2 ** 20, 2 * 2 ** 30]) {
  Deno.test(`the kernel's own map covers ${mem / 2 ** 20} MiB of RAM by 2 MiB leaves`, () => {
    const ram = new Ram(mem);
    const trampoline = paNum(ram.base + 33 * 4096);
    const root = makeKernelMap(ram, trampoline);
    for (let pa: number = ram.base; pa < ram.end; pa += 2 ** 20 + 4096) {
      const { leaf } = walk(ram, root, vaNum(pa));
      assert(leaf !== undefined, `0x${pa.toString(16)}`);
      assertEquals(leaf.pa, paNum(pa), "mapped to itself");
      assertEquals(leaf.level, pa < ram.base + 2 ** 21 ? 0 : 1);
      assertEquals(permits(leaf.pte, READ, S_MODE), undefined);
      const text = pa < ram.base + 8 * 4096;
      assertEquals(permits(leaf.pte, WRITE, S_MODE) === undefined, !text, "W^X");
      assertEquals(permits(leaf.pte, EXECUTE, S_MODE) === undefined, text, "W^X");
      assertEquals(permits(leaf.pte, READ), "not a user page");
    }
    const devices = [0x10_0000, 0x200_0000, 0x200_f000, 0xc00_0000, 0x1000_0000, 0x1000_1000];
    for (const at of devices) {
      const { leaf } = walk(ram, root, vaNum(at));
      assertEquals(leaf?.pa, paNum(at), `the device at 0x${at.toString(16)}`);
      assertEquals(permits(leaf!.pte, WRITE, S_MODE), undefined);
    }
    assertEquals(walk(ram, root, vaNum(0xc00_0000)).leaf?.level, 1, "PLIC");
    assertEquals(root, trampoline - 4096);
    assertEquals(walk(ram, root, TRAMPOLINE).leaf?.pa, trampoline);
    assertEquals(walk(ram, root, vaNum(ram.end)).leaf, undefined, "nothing beyond RAM");
    assertEquals(walk(ram, root, vaNum(0)).leaf, undefined);
  });
}

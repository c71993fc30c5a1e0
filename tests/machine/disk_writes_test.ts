import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { DiskWrite } from "../../src/vm/machine/devices/disk_writes.ts";
import { disk, SECTORS } from "./disk_lab.ts";
import { at, machine } from "./machine_lab.ts";

const FROM = at(0x8000);

/** A disk whose writes are kept, and a copy that is kept up to date by them. */
function copied() {
  const lab = disk(2);
  const { made, virtio, request } = lab;
  virtio.keepWrites();
  const copy = virtio.image.slice();
  const write = (sector: number, sectors: number, byte: number) => {
    made.ram.fill(FROM, 512 * sectors, byte);
    return request(1, BigInt(sector), FROM, 512 * sectors);
  };
  const follow = (writes: readonly DiskWrite[] = virtio.takeWrites()) => {
    for (const { offset, bytes } of writes) copy.set(bytes, offset);
    return writes;
  };
  return { ...lab, copy, write, follow };
}

/** Writes as first sector, number of sectors, first byte. */
const short = (writes: readonly DiskWrite[]) =>
  writes.map(({ offset, bytes }) => [offset / 512, bytes.length / 512, bytes[0]]);

Deno.test("what is written to a disk is told in the order of the requests, each one once", () => {
  const { write, virtio, request } = copied();
  assertEquals(virtio.takeWrites(), []);
  write(3, 1, 7);
  write(2, 2, 8);
  write(3, 1, 7);
  assertEquals(request(0, 1n, FROM, 512), 0, "a read is none");
  assertEquals(write(SECTORS, 1, 9), 1, "nor is one beyond the end");
  assertEquals(write(0, 0, 9), 0, "nor one of nothing");
  assertEquals(short(virtio.takeWrites()), [[3, 1, 7], [2, 2, 8], [3, 1, 7]]);
  assertEquals(virtio.takeWrites(), []);
});

Deno.test("nothing is kept until somebody asks for it", () => {
  const { made, request, virtio } = disk(1);
  made.ram.fill(FROM, 512, 1);
  assertEquals([request(1, 0n, FROM, 512), virtio.takeWrites()], [0, []]);
  virtio.keepWrites();
  request(1, 1n, FROM, 512);
  virtio.keepWrites();
  assertEquals(short(virtio.takeWrites()), [[1, 1, 1]]);
});

Deno.test("a machine that is made what it was tells the sectors that differ, whatever came before", () => {
  const { made, write, follow, virtio, copy } = copied();
  write(3, 1, 0x11);
  const state = made.save();
  write(4, 1, 0x22);
  write(5, 1, 0x33);
  follow();
  made.restore(state);
  assertEquals(short(follow()), [[4, 1, 5], [5, 1, 6]]);
  assertEquals(copy, virtio.image);
  // What had been written and not yet been told comes first, in its order.
  write(9, 1, 0x44);
  made.restore(state);
  write(10, 1, 0x55);
  write(10, 1, 0x56);
  assertEquals(short(follow()), [[9, 1, 0x44], [9, 1, 10], [10, 1, 0x56]]);
  assertEquals(copy, virtio.image);
  made.restore(made.save());
  write(10, 1, 0x57);
  write(10, 1, 0x58);
  assertEquals(short(follow()), [[10, 1, 0x57], [10, 1, 0x58]], "no jump: all in order");
});

Deno.test("a machine writes to the image that it was given, restored or not", () => {
  const { made, write, virtio } = copied();
  const { image } = virtio;
  const before = made.save();
  write(1, 1, 0x77);
  assertEquals(image[512], 0x77);
  made.restore(before);
  assertEquals([virtio.image === image, image[512]], [true, 2]);
  const other = machine({ disk: new Uint8Array(100 * 512) });
  assertThrows(() => other.restore(before), RangeError, "a state with a disk of 8192 bytes");
});

Deno.test("a copy to which the writes are applied is the disk, after any writes and jumps", () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(fc.nat(SECTORS), fc.nat(3), fc.nat(3)) },
    fc.constantFrom("save" as const, "restore" as const, "take" as const),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const { made, write, follow, virtio, copy } = copied();
    const states = [made.save()];
    for (const [i, one] of steps.entries()) {
      if (one === "save") states.push(made.save());
      else if (one === "restore") made.restore(states[i % states.length]);
      else if (one === "take") follow();
      else write(...one);
    }
    follow();
    assertEquals(copy, virtio.image);
  }));
});

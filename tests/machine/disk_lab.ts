/**
 * A machine with a disk, and the driver's side of it.
 */

import { at, machine } from "./machine_lab.ts";

/** Sectors of the disk; each is full of its number plus 1. */
export const SECTORS = 16;
/** Where the driver has the queue and the header of a request. */
export const QUEUE = { desc: at(0x1000), avail: at(0x2000), used: at(0x3000), header: at(0x4000) };

/** A machine with a disk whose driver has set up a queue of 8, by version 1 or 2. */
export function disk(version: 1 | 2) {
  const image = Uint8Array.from({ length: SECTORS * 512 }, (_, i) => (i >> 9) + 1);
  const made = machine({ disk: image, virtioVersion: version });
  const virtio = made.virtio!;
  const set = (offset: number, value: number) => virtio.write(offset, 4, value);
  set(0x70, 1 | 2);
  set(0x30, 0);
  set(0x38, 8);
  let { avail, used } = QUEUE;
  if (version === 2) {
    set(0x80, QUEUE.desc);
    set(0x90, avail);
    set(0xa0, used);
    set(0x44, 1);
  } else {
    set(0x28, 4096);
    set(0x40, QUEUE.desc / 4096);
    avail = (QUEUE.desc + 16 * 8) as typeof avail;
    used = (QUEUE.desc + 4096) as typeof used;
  }
  set(0x70, 1 | 2 | 4 | 8);
  const describe = (i: number, pa: number, length: number, flags: number, next: number) => {
    const slot = QUEUE.desc + 16 * i;
    made.ram.write64(slot as typeof avail, BigInt(pa));
    made.ram.write32((slot + 8) as typeof avail, length);
    made.ram.write16((slot + 12) as typeof avail, flags);
    made.ram.write16((slot + 14) as typeof avail, next);
  };
  const submit = (head: number) => {
    const requests = made.ram.read16((avail + 2) as typeof avail);
    made.ram.write16((avail + 4 + 2 * (requests % 8)) as typeof avail, head);
    made.ram.write16((avail + 2) as typeof avail, requests + 1);
    set(0x50, 0);
  };
  /** One request of three buffers; its status byte, 0xff if the device has not answered. */
  const request = (type: number, sector: bigint, pa: number, length: number) => {
    made.ram.write32(QUEUE.header, type);
    made.ram.write64((QUEUE.header + 8) as typeof avail, sector);
    made.ram.write8((QUEUE.header + 16) as typeof avail, 0xff);
    describe(0, QUEUE.header, 16, 1, 1);
    describe(1, pa, length, type === 0 || type === 8 ? 3 : 1, 2);
    describe(2, QUEUE.header + 16, 1, 2, 0);
    submit(0);
    return made.ram.read8((QUEUE.header + 16) as typeof avail);
  };
  const usedIndex = () => made.ram.read16((used + 2) as typeof avail);
  return { made, virtio, request, describe, submit, usedIndex, used };
}

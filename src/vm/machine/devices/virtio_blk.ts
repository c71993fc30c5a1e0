/**
 * A virtio block device behind virtio-mmio registers, over a disk image in memory: version 1
 * (legacy), which xv6 drove until 2021, and version 2, which it has driven since. A driver takes
 * one of them only. A request is served at its notification. (Virtio 1.1, sections 4.2 and 5.2.)
 *
 * @module
 */

import { offset, paNum } from "../address.ts";
import type { Device } from "../bus.ts";
import { DiskBytes, type DiskImage } from "../disk_bytes.ts";
import type { Ram } from "../memory.ts";
import { type Saved, Saver } from "../saver.ts";
import { type DiskWrite, DiskWrites, SECTOR_SIZE } from "./disk_writes.ts";
import { type Buffer, QueueError, type QueuePlaces, Virtqueue } from "./virtqueue.ts";

const MAGIC = 0x7472_6976;
const BLOCK_DEVICE = 2;
const VENDOR = 0x554d_4551;
const QUEUE_MAX = 1024;
/** Feature bits: FLUSH; and VERSION_1, bit 0 of the second word, which version 2 needs. */
const FEATURE_FLUSH = 1 << 9;
const FEATURE_VERSION_1 = 1;
const NEEDS_RESET = 0x40;

/** What stands where, from register 0x080 on: 16 bytes each, of which 8 hold the address. */
const PLACES = ["descriptors", "available", "used"] as const;

const TYPE_READ = 0;
const TYPE_WRITE = 1;
const TYPE_FLUSH = 4;
const TYPE_ID = 8;
const STATUS_OK = 0;
const STATUS_ERROR = 1;
const STATUS_UNSUPPORTED = 2;

/** The registers as plain data: at reset, when made. Addresses are kept as their two halves. */
export class Fields {
  status = 0;
  interrupt = 0;
  deviceSelect = 0;
  driverSelect = 0;
  driverFeatures: number[] = [0, 0];
  queueSelect = 0;
  queueSize = 0;
  queueReady = 0;
  pageSize = 4096;
  queueAlign = 4096;
  queueFrame = 0;
  descriptors: number[] = [0, 0];
  available: number[] = [0, 0];
  used: number[] = [0, 0];
  /** Requests served, modulo 2^16. */
  served = 0;
}

/** The device's state as plain data. */
export interface VirtioState {
  /** Its registers. */
  readonly fields: Saved<Fields>;
  /** Which kind of registers it has, if that is decided. */
  readonly version: 1 | 2 | undefined;
  /** The disk's contents. */
  readonly image: DiskImage;
}

/** The block device. */
export class VirtioBlock implements Device {
  readonly name = "virtio-blk";
  /** Which kind of registers it has; as long as nobody has decided it, 2. */
  version: 1 | 2 | undefined;
  readonly #disk: DiskBytes;
  #writes: DiskWrites | undefined;
  #fields = new Fields();
  readonly #saver = new Saver();
  readonly #ram: Ram;
  readonly #signal: (on: boolean) => void;

  /** A device with a disk image, written in place; its length is rounded down to sectors. */
  constructor(
    ram: Ram,
    image: Uint8Array,
    version: 1 | 2 | undefined,
    signal: (on: boolean) => void,
  ) {
    this.#ram = ram;
    this.#disk = new DiskBytes(image);
    this.version = version;
    this.#signal = signal;
  }

  /** The disk as it is now. */
  get image(): Uint8Array {
    return this.#disk.bytes;
  }

  /** From now on what the guest writes is kept until it is taken. */
  keepWrites(): void {
    this.#writes ??= new DiskWrites();
  }

  /** What was written since the last call; nothing unless {@link VirtioBlock.keepWrites}. */
  takeWrites(): DiskWrite[] {
    return this.#writes?.take(this.#disk) ?? [];
  }

  undecided(offset: number): boolean {
    return offset === 0x004 && this.version === undefined;
  }

  read(offset: number, size: 1 | 2 | 4): number {
    if (offset >= 0x100) return this.#config(offset - 0x100, size);
    const f = this.#fields;
    const queue = f.queueSelect === 0;
    switch (offset) {
      case 0x000:
        return MAGIC;
      case 0x004:
        return this.version ?? 2;
      case 0x008:
        return BLOCK_DEVICE;
      case 0x00c:
        return VENDOR;
      case 0x010:
        if (f.deviceSelect === 0) return FEATURE_FLUSH;
        return f.deviceSelect === 1 && this.version !== 1 ? FEATURE_VERSION_1 : 0;
      case 0x034:
        return queue ? QUEUE_MAX : 0;
      case 0x040:
        return queue ? f.queueFrame : 0;
      case 0x044:
        return queue ? f.queueReady : 0;
      case 0x060:
        return f.interrupt;
      case 0x070:
        return f.status;
      default:
        return 0;
    }
  }

  /** Configuration space: the capacity in sectors, 64 bits. */
  #config(offset: number, size: number): number {
    const sectors = Math.floor(this.image.length / SECTOR_SIZE);
    let value = 0;
    for (let i = size - 1; i >= 0; i--) {
      const at = offset + i;
      value = value * 256 + (at < 8 ? Math.floor(sectors / 2 ** (8 * at)) % 256 : 0);
    }
    return value;
  }

  write(offset: number, size: 1 | 2 | 4, value: number): void {
    if (size !== 4) return;
    const f = this.#fields;
    switch (offset) {
      case 0x014:
        f.deviceSelect = value;
        break;
      case 0x020:
        if (f.driverSelect < 2) f.driverFeatures[f.driverSelect] = value;
        break;
      case 0x024:
        f.driverSelect = value;
        break;
      case 0x030:
        f.queueSelect = value;
        break;
      case 0x050:
        if (value === 0) this.#serve();
        break;
      case 0x064:
        f.interrupt &= ~value;
        this.#signal(f.interrupt !== 0);
        break;
      case 0x070:
        this.#setStatus(value);
        break;
      default:
        if (f.queueSelect === 0) this.#writeQueue(offset, value);
    }
  }

  #setStatus(value: number): void {
    if (value === 0) {
      this.#fields = new Fields();
      this.#signal(false);
    } else {
      // The device keeps its own bit: only a reset clears it.
      this.#fields.status = (value & 0xff) | (this.#fields.status & NEEDS_RESET);
    }
  }

  #writeQueue(offset: number, value: number): void {
    const f = this.#fields;
    switch (offset) {
      case 0x028:
        f.pageSize = value;
        break;
      case 0x038:
        if (value <= QUEUE_MAX) f.queueSize = value;
        break;
      case 0x03c:
        f.queueAlign = value;
        break;
      case 0x040:
        f.queueFrame = value;
        f.queueReady = value === 0 ? 0 : 1;
        break;
      case 0x044:
        f.queueReady = value & 1;
        break;
      default: {
        const place = PLACES[(offset - 0x080) >> 4];
        if (place !== undefined && (offset & 8) === 0) f[place][(offset & 4) / 4] = value;
      }
    }
  }

  #places(): QueuePlaces {
    const { queueSize: size, pageSize, queueFrame, queueAlign, ...f } = this.#fields;
    if (this.version !== 1) {
      const whole = ([low, high]: number[]) => paNum(low + high * 2 ** 32);
      return {
        size,
        descriptors: whole(f.descriptors),
        available: whole(f.available),
        used: whole(f.used),
      };
    }
    // Legacy: one block; the used ring on the next multiple of QueueAlign after the available ring.
    const descriptors = paNum(queueFrame * pageSize);
    const available = offset(descriptors, 16 * size);
    const align = queueAlign || 4096;
    const used = paNum(Math.ceil((available + 6 + 2 * size) / align) * align);
    return { size, descriptors, available, used };
  }

  /** Serves every request made available since the last time. */
  #serve(): void {
    const f = this.#fields;
    if (f.queueReady === 0 || f.queueSize === 0 || (f.status & NEEDS_RESET) !== 0) return;
    try {
      const queue = new Virtqueue(this.#ram, this.#places());
      let served = 0;
      while (f.served !== queue.availableIndex) {
        if (served++ > f.queueSize) throw new QueueError("more requests than descriptors");
        const head = queue.head(f.served);
        queue.finish(head, this.#request(queue.chain(head)));
        f.served = (f.served + 1) & 0xffff;
      }
      if (served > 0 && queue.wantsInterrupt) f.interrupt |= 1;
    } catch (error) {
      if (!(error instanceof QueueError)) throw error;
      // 2.1.2: a device that meets an error sets DEVICE_NEEDS_RESET and sends a configuration
      // change.
      f.status |= NEEDS_RESET;
      f.interrupt |= 2;
    }
    this.#signal(f.interrupt !== 0);
  }

  /** Does one request; returns the bytes written to its buffers. */
  #request(buffers: readonly Buffer[]): number {
    const header = buffers[0], status = buffers[buffers.length - 1];
    if (buffers.length < 2 || header.writable || header.length < 16 || !status.writable) {
      throw new QueueError("a request needs a header and a status byte");
    }
    const type = this.#ram.read32(header.pa);
    const sector = this.#ram.read64(offset(header.pa, 8));
    const { code, written } = this.#transfer(type, sector, buffers.slice(1, -1));
    this.#ram.write8(offset(status.pa, status.length - 1), code);
    return written + 1;
  }

  #transfer(type: number, sector: bigint, data: readonly Buffer[]) {
    if (type === TYPE_FLUSH) return { code: STATUS_OK, written: 0 };
    if (type === TYPE_ID) {
      const first = data[0];
      if (first === undefined || !first.writable) return { code: STATUS_ERROR, written: 0 };
      const name = new Uint8Array(Math.min(20, first.length));
      name.set(new TextEncoder().encode("cowsh").subarray(0, name.length));
      this.#ram.write(first.pa, name);
      return { code: STATUS_OK, written: name.length };
    }
    if (type !== TYPE_READ && type !== TYPE_WRITE) return { code: STATUS_UNSUPPORTED, written: 0 };
    const length = data.reduce((sum, buffer) => sum + buffer.length, 0);
    const end = sector * BigInt(SECTOR_SIZE) + BigInt(length);
    const wrongWay = data.some(({ writable }) => writable !== (type === TYPE_READ));
    if (wrongWay || end > BigInt(this.image.length)) return { code: STATUS_ERROR, written: 0 };
    const start = Number(sector) * SECTOR_SIZE;
    let at = start;
    if (type === TYPE_WRITE) this.#disk.touch(at, length);
    for (const { pa, length: bytes } of data) {
      if (type === TYPE_READ) this.#ram.write(pa, this.image.subarray(at, at + bytes));
      else this.image.set(this.#ram.bytes(pa, bytes), at);
      at += bytes;
    }
    if (type === TYPE_WRITE) this.#writes?.add(this.#disk, start, length);
    return { code: STATUS_OK, written: type === TYPE_READ ? length : 0 };
  }

  /** The state as plain data. */
  save(): VirtioState {
    const fields = this.#saver.save(this.#fields);
    return { fields, version: this.version, image: this.#disk.save() };
  }

  /** Takes over a saved state, of a device with a disk of the same length. */
  restore(state: VirtioState): void {
    this.#fields = this.#saver.revive(state.fields);
    this.version = state.version;
    this.#writes?.jump(this.#disk, state.image);
    this.#disk.restore(state.image);
  }
}

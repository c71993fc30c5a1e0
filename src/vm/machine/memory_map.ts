/**
 * Where the devices of QEMU's `virt` machine stand (xv6's memlayout.h). RAM begins at
 * {@link RAM_BASE}.
 *
 * @module
 */

import { type PaNum, paNum } from "./address.ts";

/** The registers of a device. */
interface Place {
  /** First address. */
  readonly base: PaNum;
  /** Bytes of registers. */
  readonly size: number;
  /** Its interrupt source at the PLIC; 0 where it has none. */
  readonly irq: number;
}

const place = (base: number, size: number, irq = 0): Place => ({ base: paNum(base), size, irq });

/** The SiFive test finisher, by which a bare-metal program ends the machine. */
export const FINISHER: Place = place(0x10_0000, 0x1000);
/** Software and timer interrupts, mtime. */
export const CLINT: Place = place(0x200_0000, 0x1_0000);
/** The interrupt controller. */
export const PLIC: Place = place(0xc00_0000, 0x60_0000);
/** The console's line. */
export const UART: Place = place(0x1000_0000, 0x100, 10);
/** The disk's virtio-mmio registers. */
export const VIRTIO: Place = place(0x1000_1000, 0x1000, 1);

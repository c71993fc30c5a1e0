/**
 * The SiFive test finisher, by which a bare-metal program ends the machine: it stores 0x5555 for
 * pass, or `code << 16 | 0x3333` for fail, or 0x7777 for reset.
 *
 * @module
 */

import type { Device } from "../bus.ts";

const PASS = 0x5555;
const FAIL = 0x3333;
const RESET = 0x7777;

/** How a guest ended the machine. */
export interface Finish {
  /** 0 for pass, the program's own code (never 0) for fail. */
  readonly code: number;
  /** The guest asked for a reset. */
  readonly reset: boolean;
}

/** The finisher. */
export class Finisher implements Device {
  readonly name = "finisher";
  /** Set once the guest has ended the machine; until the owner clears it. */
  finish: Finish | undefined;

  read(_offset: number, _size: 1 | 2 | 4): number {
    return 0;
  }

  write(offset: number, _size: 1 | 2 | 4, value: number): void {
    if (offset !== 0) return;
    const command = value & 0xffff;
    if (command === PASS) this.finish = { code: 0, reset: false };
    else if (command === FAIL) this.finish = { code: (value >>> 16) || 1, reset: false };
    else if (command === RESET) this.finish = { code: 0, reset: true };
  }
}

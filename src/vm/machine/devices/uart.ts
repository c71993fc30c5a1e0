/**
 * A 16550 UART with byte registers: what the guest transmits is collected for whoever owns the
 * machine, and what that owner types is queued for the guest. Bytes pass at once; there is no baud
 * rate.
 *
 * @module
 */

import type { Device } from "../bus.ts";

const IER_RX = 1;
const IER_TX = 2;
const LCR_DLAB = 0x80;
const LSR_READY = 0x01;
const LSR_IDLE = 0x60;

/** The UART's state as plain data. */
export interface UartState {
  /** Typed and not yet read by the guest. */
  readonly received: number[];
  /** Sent by the guest and not yet taken. */
  readonly sent: number[];
  /** Interrupt enables. */
  readonly ier: number;
  /** FIFOs are on. */
  readonly fifo: boolean;
  /** Line control. */
  readonly lcr: number;
  /** Modem control. */
  readonly mcr: number;
  /** The scratch register. */
  readonly scratch: number;
  /** Baud rate divisor. */
  readonly divisor: number;
  /** Transmitter empty, and not yet told. */
  readonly txInterrupt: boolean;
}

/** The UART. */
export class Uart implements Device {
  readonly name = "uart";
  #received: number[] = [];
  #sent: number[] = [];
  #ier = 0;
  #fifo = false;
  #lcr = 0;
  #mcr = 0;
  #scratch = 0;
  #divisor = 12;
  /** "Transmitter empty" waits to be told. */
  #txInterrupt = false;
  readonly #signal: (on: boolean) => void;

  /** A UART that signals its interrupt through `signal`. */
  constructor(signal: (on: boolean) => void) {
    this.#signal = signal;
  }

  /** Queues bytes for the guest to read. */
  type(bytes: Uint8Array): void {
    for (const byte of bytes) this.#received.push(byte);
    this.#update();
  }

  /** What the guest has sent since the last call. */
  take(): Uint8Array {
    const bytes = Uint8Array.from(this.#sent);
    this.#sent = [];
    return bytes;
  }

  #interrupt(): number {
    if ((this.#ier & IER_RX) !== 0 && this.#received.length !== 0) return 0x04;
    return (this.#ier & IER_TX) !== 0 && this.#txInterrupt ? 0x02 : 0x01;
  }

  #update(): void {
    this.#signal(this.#interrupt() !== 0x01);
  }

  read(offset: number, _size: 1 | 2 | 4): number {
    const divisor = (this.#lcr & LCR_DLAB) !== 0;
    switch (offset) {
      case 0: {
        if (divisor) return this.#divisor & 0xff;
        const byte = this.#received.shift() ?? 0;
        this.#update();
        return byte;
      }
      case 1:
        return divisor ? this.#divisor >>> 8 : this.#ier;
      case 2: {
        const id = this.#interrupt();
        if (id === 0x02) {
          this.#txInterrupt = false;
          this.#update();
        }
        return id | (this.#fifo ? 0xc0 : 0);
      }
      case 3:
        return this.#lcr;
      case 4:
        return this.#mcr;
      case 5:
        return LSR_IDLE | (this.#received.length !== 0 ? LSR_READY : 0);
      case 6:
        return 0xb0;
      case 7:
        return this.#scratch;
      default:
        return 0;
    }
  }

  write(offset: number, _size: 1 | 2 | 4, value: number): void {
    const byte = value & 0xff;
    const divisor = (this.#lcr & LCR_DLAB) !== 0;
    switch (offset) {
      case 0:
        if (divisor) this.#divisor = (this.#divisor & 0xff00) | byte;
        else {
          this.#sent.push(byte);
          this.#txInterrupt = true;
          this.#update();
        }
        break;
      case 1:
        if (divisor) this.#divisor = (this.#divisor & 0xff) | (byte << 8);
        else {
          if ((byte & ~this.#ier & IER_TX) !== 0) this.#txInterrupt = true;
          this.#ier = byte & 0x0f;
          this.#update();
        }
        break;
      case 2:
        this.#fifo = (byte & 1) !== 0;
        if ((byte & 2) !== 0) this.#received = [];
        this.#update();
        break;
      case 3:
        this.#lcr = byte;
        break;
      case 4:
        this.#mcr = byte & 0x1f;
        break;
      case 7:
        this.#scratch = byte;
        break;
    }
  }

  /** The state as plain data. */
  save(): UartState {
    return {
      received: [...this.#received],
      sent: [...this.#sent],
      ier: this.#ier,
      fifo: this.#fifo,
      lcr: this.#lcr,
      mcr: this.#mcr,
      scratch: this.#scratch,
      divisor: this.#divisor,
      txInterrupt: this.#txInterrupt,
    };
  }

  /** Takes over a saved state. The interrupt controller restores its own. */
  restore(state: UartState): void {
    this.#received = [...state.received];
    this.#sent = [...state.sent];
    this.#ier = state.ier;
    this.#fifo = state.fifo;
    this.#lcr = state.lcr;
    this.#mcr = state.mcr;
    this.#scratch = state.scratch;
    this.#divisor = state.divisor;
    this.#txInterrupt = state.txInterrupt;
  }
}

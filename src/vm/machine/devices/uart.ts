/**
 * A 16550 UART with byte registers: what the guest transmits is collected for whoever owns the
 * machine, and what that owner types is queued for the guest. Bytes pass at once; there is no baud
 * rate.
 *
 * @module
 */

import type { Device } from "../bus.ts";
import { type Saved, Saver } from "../saver.ts";

const IER_RX = 1;
const IER_TX = 2;
const LCR_DLAB = 0x80;
const LSR_READY = 0x01;
const LSR_IDLE = 0x60;
/** What was sent, when nothing was. */
const NOTHING = new Uint8Array();

/** The UART's state as plain data: at reset, when made. */
export class UartState {
  /** Typed and not yet read by the guest. */
  received: number[] = [];
  /** Sent by the guest and not yet taken. */
  sent: number[] = [];
  /** Interrupt enables. */
  ier = 0;
  /** FIFOs are on. */
  fifo = false;
  /** Line control. */
  lcr = 0;
  /** Modem control. */
  mcr = 0;
  /** The scratch register. */
  scratch = 0;
  /** Baud rate divisor. */
  divisor = 12;
  /** Transmitter empty, and not yet told. */
  txInterrupt = false;
  /** The guest has looked whether a byte is there: it polls. */
  polled = false;
}

/** The UART. */
export class Uart implements Device {
  readonly name = "uart";
  #state = new UartState();
  readonly #saver = new Saver();
  readonly #signal: (on: boolean) => void;

  /** A UART that signals its interrupt through `signal`. */
  constructor(signal: (on: boolean) => void) {
    this.#signal = signal;
  }

  /** Queues bytes for the guest to read. */
  type(bytes: Uint8Array): void {
    for (const byte of bytes) this.#state.received.push(byte);
    this.#update();
  }

  /** What the guest has sent since the last call. */
  take(): Uint8Array {
    if (this.#state.sent.length === 0) return NOTHING;
    const bytes = Uint8Array.from(this.#state.sent);
    this.#state.sent = [];
    return bytes;
  }

  /** Typed bytes that the guest has not read. */
  get waiting(): number {
    return this.#state.received.length;
  }

  /** Whether a byte that comes in raises an interrupt. */
  get interrupts(): boolean {
    return (this.#state.ier & IER_RX) !== 0;
  }

  /** Whether a byte that comes in is looked for: by an interrupt, or by a guest that polls. */
  get hears(): boolean {
    return this.interrupts || this.#state.polled;
  }

  #interrupt(): number {
    const state = this.#state;
    if ((state.ier & IER_RX) !== 0 && state.received.length !== 0) return 0x04;
    return (state.ier & IER_TX) !== 0 && state.txInterrupt ? 0x02 : 0x01;
  }

  #update(): void {
    this.#signal(this.#interrupt() !== 0x01);
  }

  read(offset: number, _size: 1 | 2 | 4): number {
    const state = this.#state;
    const divisor = (state.lcr & LCR_DLAB) !== 0;
    switch (offset) {
      case 0: {
        if (divisor) return state.divisor & 0xff;
        state.polled = true;
        const byte = state.received.shift() ?? 0;
        this.#update();
        return byte;
      }
      case 1:
        return divisor ? state.divisor >>> 8 : state.ier;
      case 2: {
        const id = this.#interrupt();
        if (id === 0x02) {
          state.txInterrupt = false;
          this.#update();
        }
        return id | (state.fifo ? 0xc0 : 0);
      }
      case 3:
        return state.lcr;
      case 4:
        return state.mcr;
      case 5:
        state.polled = true;
        return LSR_IDLE | (state.received.length !== 0 ? LSR_READY : 0);
      case 6:
        return 0xb0;
      case 7:
        return state.scratch;
      default:
        return 0;
    }
  }

  write(offset: number, _size: 1 | 2 | 4, value: number): void {
    const byte = value & 0xff;
    const state = this.#state;
    const divisor = (state.lcr & LCR_DLAB) !== 0;
    switch (offset) {
      case 0:
        if (divisor) state.divisor = (state.divisor & 0xff00) | byte;
        else {
          state.sent.push(byte);
          state.txInterrupt = true;
          this.#update();
        }
        break;
      case 1:
        if (divisor) state.divisor = (state.divisor & 0xff) | (byte << 8);
        else {
          if ((byte & ~state.ier & IER_TX) !== 0) state.txInterrupt = true;
          state.ier = byte & 0x0f;
          this.#update();
        }
        break;
      case 2:
        state.fifo = (byte & 1) !== 0;
        if ((byte & 2) !== 0) state.received = [];
        this.#update();
        break;
      case 3:
        state.lcr = byte;
        break;
      case 4:
        state.mcr = byte & 0x1f;
        break;
      case 7:
        state.scratch = byte;
        break;
    }
  }

  /** The state as plain data. */
  save(): Saved<UartState> {
    return this.#saver.save(this.#state);
  }

  /** Takes over a saved state. The interrupt controller restores its own. */
  restore(state: Saved<UartState>): void {
    this.#state = this.#saver.revive(state);
  }
}

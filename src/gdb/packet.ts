/**
 * Packets of gdb's remote protocol: `$body#sum`, where `sum` is the body's bytes added up modulo
 * 256, in two hexadecimal digits. `}` in a body escapes the next byte, which was XORed with 0x20.
 * Between packets come `+` (received), `-` (send again) and the byte 3 (Ctrl-C).
 * (GDB manual, "Overview" of the remote protocol.)
 */

const DOLLAR = 0x24, HASH = 0x23, ESCAPE = 0x7d, STAR = 0x2a, PLUS = 0x2b, MINUS = 0x2d, ETX = 3;

/** Most bytes of a packet's body, as it stands on the wire; told to gdb as `PacketSize`. */
export const PACKET_SIZE = 0x4000;

/** What came in. */
export type Received =
  /** A packet whose sum is right; escapes are resolved. */
  | { readonly kind: "packet"; readonly body: Uint8Array }
  /** A packet whose sum is wrong, or that was longer than {@linkcode PACKET_SIZE}. */
  | { readonly kind: "bad" }
  /** The peer did not understand what was sent last. */
  | { readonly kind: "again" }
  /** Ctrl-C. */
  | { readonly kind: "break" };

const BAD: Received = { kind: "bad" };
const AGAIN: Received = { kind: "again" };
const BREAK: Received = { kind: "break" };

/** Cuts a stream of bytes into packets. It keeps at most one packet's bytes. */
export class PacketReader {
  readonly #raw = new Uint8Array(PACKET_SIZE);
  /** Bytes of the body so far, counted on when they are too many; undefined between packets. */
  #length: number | undefined;
  /** The digits of the sum, as they come. */
  #sum = "";
  /** The `#` is past. */
  #closed = false;

  /** What was received in some bytes, one by one; the rest of a packet may come in the next. */
  *read(bytes: Uint8Array): Generator<Received> {
    for (const byte of bytes) {
      const got = this.#length === undefined ? this.#between(byte) : this.#inside(byte);
      if (got !== undefined) yield got;
    }
  }

  /** Anything else than a packet's start, a break or a `-` is noise and means nothing. */
  #between(byte: number): Received | undefined {
    if (byte === ETX) return BREAK;
    if (byte === MINUS) return AGAIN;
    if (byte === DOLLAR) this.#open();
    return undefined;
  }

  #open(): void {
    this.#length = 0;
    this.#sum = "";
    this.#closed = false;
  }

  #inside(byte: number): Received | undefined {
    // A bare $ can only be the start of a packet: the one before was cut off.
    if (byte === DOLLAR) {
      this.#open();
      return BAD;
    }
    if (!this.#closed) {
      if (byte === HASH) this.#closed = true;
      else this.#keep(byte);
      return undefined;
    }
    this.#sum += String.fromCharCode(byte);
    return this.#sum.length < 2 ? undefined : this.#finish();
  }

  #keep(byte: number): void {
    if (this.#length! < PACKET_SIZE) this.#raw[this.#length!] = byte;
    this.#length!++;
  }

  #finish(): Received {
    const length = this.#length!;
    this.#length = undefined;
    if (length > PACKET_SIZE || !/^[0-9a-fA-F]{2}$/.test(this.#sum)) return BAD;
    const raw = this.#raw.subarray(0, length);
    if (checksum(raw) !== parseInt(this.#sum, 16)) return BAD;
    const body = unescape(raw);
    return body === undefined ? BAD : { kind: "packet", body };
  }
}

/** The packet that carries a body, escaped, with its sum. */
export function frame(body: Uint8Array): Uint8Array {
  const escaped: number[] = [DOLLAR];
  for (const byte of body) {
    // `*` would be read as the mark of a repeated byte.
    const special = byte === DOLLAR || byte === HASH || byte === ESCAPE || byte === STAR;
    if (special) escaped.push(ESCAPE, byte ^ 0x20);
    else escaped.push(byte);
  }
  const sum = checksum(escaped.slice(1)).toString(16).padStart(2, "0");
  return new Uint8Array([...escaped, HASH, sum.charCodeAt(0), sum.charCodeAt(1)]);
}

/** `+`: the packet was received. */
export const ACK: Uint8Array = Uint8Array.of(PLUS);
/** `-`: it was not, send it again. */
export const NAK: Uint8Array = Uint8Array.of(MINUS);

function checksum(bytes: Iterable<number>): number {
  let sum = 0;
  for (const byte of bytes) sum = (sum + byte) & 0xff;
  return sum;
}

/** Undefined: the last byte is an escape of nothing. */
function unescape(raw: Uint8Array): Uint8Array | undefined {
  const body = new Uint8Array(raw.length);
  let length = 0;
  for (let i = 0; i < raw.length; i++) {
    if (raw[i] !== ESCAPE) body[length++] = raw[i];
    else if (++i < raw.length) body[length++] = raw[i] ^ 0x20;
    else return undefined;
  }
  return body.subarray(0, length);
}

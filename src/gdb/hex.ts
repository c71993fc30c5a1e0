/**
 * Numbers and bytes as gdb writes them: hexadecimal without 0x, numbers from the high digit on,
 * memory and registers byte by byte. What is not exactly so is undefined, never a guess.
 */

const NUMBER = /^0*([0-9a-fA-F]{1,16})$/;
const BYTES = /^([0-9a-fA-F]{2})*$/;

/** A number below 2^64. */
export function hexNumber(text: string | undefined): bigint | undefined {
  const digits = text === undefined ? undefined : NUMBER.exec(text)?.[1];
  return digits === undefined ? undefined : BigInt("0x" + digits);
}

/** A number that is at most `most`, which is an exact one; a greater one is `most`. */
export function hexCount(text: string | undefined, most: number): number | undefined {
  const number = hexNumber(text);
  if (number === undefined) return undefined;
  return number > BigInt(most) ? most : Number(number);
}

/** Bytes, two digits each. */
export function hexBytes(text: string): Uint8Array | undefined {
  if (!BYTES.test(text)) return undefined;
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => parseInt(digits, 16));
}

/** Bytes as digits, two each. */
export function toHex(bytes: Iterable<number>): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** A text's UTF-8 bytes as digits. */
export function textToHex(text: string): string {
  return toHex(new TextEncoder().encode(text));
}

/** A 64-bit register as digits, its lowest byte first. */
export function registerToHex(value: bigint): string {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  return toHex(bytes);
}

/** The reverse of {@linkcode registerToHex}: exactly 16 digits. */
export function hexRegister(text: string): bigint | undefined {
  const bytes = hexBytes(text);
  if (bytes?.length !== 8) return undefined;
  return new DataView(bytes.buffer).getBigUint64(0, true);
}

/** Bytes as a string of as many characters, each of its byte's code. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** The reverse of {@linkcode latin1}. */
export function fromLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

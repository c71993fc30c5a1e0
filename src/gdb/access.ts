/** Registers, memory, breakpoints and watchpoints: `g`, `G`, `p`, `P`, `m`, `M`, `X`, `Z`, `z`. */

import { type Dialog, ERROR, type Handler } from "./dialog.ts";
import { fromLatin1, hexBytes, hexCount, hexNumber, hexRegister } from "./hex.ts";
import { registerToHex, toHex } from "./hex.ts";
import { PACKET_SIZE } from "./packet.ts";
import type { PointAnswer } from "./points.ts";
import { GENERAL } from "./target_xml.ts";

/** Most bytes that a reply holds, at two digits each. */
const MOST_BYTES = PACKET_SIZE / 2 - 8;

/** What stands for a register that is described and not there. */
const UNAVAILABLE = "x".repeat(16);

const space = (dialog: Dialog) => dialog.physical ? "pa" : "va";

function get(dialog: Dialog, number: number): string | undefined {
  const { target, hart, registers } = dialog;
  const known = registers.get(number);
  if (known === undefined) return undefined;
  const value = target.register(hart, known.name);
  return value === undefined ? UNAVAILABLE : registerToHex(value);
}

/** All general registers. */
const readAll: Handler = (dialog, rest) => {
  if (rest !== "") return ERROR.malformed;
  return Array.from({ length: GENERAL }, (_, n) => get(dialog, n)).join("");
};

const writeAll: Handler = (dialog, rest) => {
  const { target, hart, registers } = dialog;
  const values = (rest.match(/.{1,16}/gs) ?? []).map(hexRegister);
  if (values.length !== GENERAL || values.includes(undefined)) return ERROR.malformed;
  // The first is x0, which stays.
  for (let n = 1; n < GENERAL; n++) target.setRegister(hart, registers.get(n)!.name, values[n]!);
  return "OK";
};

const readOne: Handler = (dialog, rest) => {
  const number = hexCount(rest, 0xffff);
  return (number === undefined ? undefined : get(dialog, number)) ?? ERROR.malformed;
};

const writeOne: Handler = ({ target, hart, registers }, rest) => {
  const [, digits, text] = /^([^=]*)=(.*)$/s.exec(rest) ?? [];
  const number = hexCount(digits, 0xffff);
  const known = number === undefined ? undefined : registers.get(number);
  const value = text === undefined ? undefined : hexRegister(text);
  if (known === undefined || value === undefined) return ERROR.malformed;
  return target.setRegister(hart, known.name, value) ? "OK" : ERROR.fails;
};

/** `ADDRESS,LENGTH` at the front of something; bytes past the last address there is are left out. */
function readRange(text: string): { address: bigint; length: number } | undefined {
  const [at, size, ...rest] = text.split(",");
  const address = hexNumber(at);
  const length = hexCount(size, 2 ** 32);
  if (address === undefined || length === undefined || rest.length > 0) return undefined;
  const left = 2n ** 64n - address;
  return { address, length: left < BigInt(length) ? Number(left) : length };
}

const readMemory: Handler = (dialog, rest) => {
  const range = readRange(rest);
  if (range === undefined) return ERROR.malformed;
  const length = Math.min(range.length, MOST_BYTES);
  const bytes = dialog.target.read(dialog.hart, space(dialog), range.address, length);
  return bytes.length === 0 && length > 0 ? ERROR.fault : toHex(bytes);
};

/** Writes what stands behind `ADDRESS,LENGTH:`. */
function write(dialog: Dialog, rest: string, decode: (text: string) => Uint8Array | undefined) {
  const colon = rest.indexOf(":");
  const range = colon < 0 ? undefined : readRange(rest.slice(0, colon));
  const bytes = decode(rest.slice(colon + 1));
  if (range === undefined || bytes?.length !== range.length) return ERROR.malformed;
  if (bytes.length === 0) return "OK";
  const written = dialog.target.write(dialog.hart, space(dialog), range.address, bytes);
  return written === bytes.length ? "OK" : ERROR.fault;
}

const writeMemory: Handler = (dialog, rest) => write(dialog, rest, hexBytes);
const writeBinary: Handler = (dialog, rest) => write(dialog, rest, fromLatin1);

const POINT: Record<PointAnswer, string> = {
  done: "OK",
  malformed: ERROR.malformed,
  unsupported: "",
  full: ERROR.full,
};

const setPoint: Handler = (dialog, rest) => POINT[dialog.points.set(rest, space(dialog))];
const removePoint: Handler = (dialog, rest) => POINT[dialog.points.remove(rest)];

/** The packets, by the letter they begin with. */
export const ACCESS: Readonly<Record<string, Handler>> = {
  g: readAll,
  G: writeAll,
  p: readOne,
  P: writeOne,
  m: readMemory,
  M: writeMemory,
  X: writeBinary,
  Z: setPoint,
  z: removePoint,
};

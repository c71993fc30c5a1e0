/**
 * Two machines held against each other: quickly, wholly without touching anything, and with names for what differs.
 *
 * @module
 */

import { PAGE_SIZE, RAM_BASE } from "../../../src/vm/machine/address.ts";
import { REGISTER_NAMES } from "../../../src/vm/machine/isa/register_names.ts";
import {
  KEPT,
  MSTATUS,
  PC,
  RAM_OFFSET,
  RESERVATION,
  TLB_ENTRIES,
  TLB_READ,
  X,
  X_SINK,
} from "../../../src/vm/machine/layout.ts";
import type { Machine } from "../../../src/vm/machine/machine.ts";
import { joined, type Numbers, type Pieces } from "../../../src/vm/machine/pieces.ts";
import { sameSaved } from "../../../src/vm/machine/saver.ts";

/** Whether pc, registers, CSRs, modes and clocks of all harts are the same. Some microseconds. */
export function sameHarts(one: Machine, two: Machine): boolean {
  if (one.clock.retired !== two.clock.retired || one.clock.time !== two.clock.time) return false;
  if (one.hart.hartid !== two.hart.hartid) return false;
  return one.harts.every((a, i) => {
    const b = two.harts[i]!;
    const [x, y] = [a.registers.header, b.registers.header];
    for (let at = PC / 4; at < X_SINK / 4; at++) if (x[at] !== y[at]) return false;
    for (let at = RESERVATION / 4; at < TLB_READ / 4; at++) if (x[at] !== y[at]) return false;
    return a.mode === b.mode && a.waiting === b.waiting && a.life === b.life &&
      a.retired === b.retired &&
      sameCsrs(a.state, b.state);
  });
}

function sameCsrs(one: object, two: object): boolean {
  for (const name in one) {
    const a = one[name as never] as unknown, b = two[name as never] as unknown;
    if (a !== b && !(Array.isArray(a) && a.every((value, i) => value === (b as unknown[])[i]))) {
      return false;
    }
  }
  return true;
}

/**
 * Whether everything is the same but what is known of harts that spin. Neither machine notices: `save`, which sees that
 * too, drops their fast write entries.
 */
export function sameButTurns(one: Machine, two: Machine): boolean {
  return sameHarts(one, two) && sameRam(one, two) &&
    one.harts.every((hart, i) => sameSaved(hart.mmu.save(), two.harts[i]!.mmu.save())) &&
    sameSaved(devices(one), devices(two));
}

const devices = ({ clint, plic, uart, finisher, virtio }: Machine) => [
  clint.save(),
  plic.save(),
  uart.save(),
  finisher.finish,
  virtio?.save(),
];

/** Whether saved states are the same. They are taken here, which both machines notice alike. */
export function sameStates(one: Machine, two: Machine): boolean {
  if (!sameRam(one, two)) return false;
  // What neither has written since its last save was compared then.
  const [a, b] = [one, two].map((machine) => ({ ...machine.save(), ram: undefined }));
  return sameSaved(a, b);
}

/**
 * Whether RAM is. Frames that neither should have written since its last save are looked at only when `all` are, and
 * lie in the first 4 MiB.
 */
export function sameRam({ ram: one }: Machine, { ram: two }: Machine, all = false): boolean {
  const words = PAGE_SIZE / 4;
  for (let frame = 0; frame < one.dirty.length; frame++) {
    if ((!all || frame >= 1024) && (one.dirty[frame]! | two.dirty[frame]!) === 0) continue;
    const first = RAM_OFFSET / 4 + frame * words;
    for (let at = first; at < first + words; at++) {
      if (one.words[at] !== two.words[at]) return false;
    }
  }
  return true;
}

/** Most lines about one difference. */
const MOST = 16;

/** What differs, in a line each; nothing: no difference. */
export function differences(one: Machine, two: Machine): string[] {
  const found: string[] = [];
  compare("", one.save(), two.save(), found);
  const more = found.length - MOST;
  return more > 0 ? [...found.slice(0, MOST), `and ${more} more`] : found;
}

function compare(path: string, one: unknown, two: unknown, found: string[]): void {
  if (sameSaved(one, two)) return;
  const [a, b] = [asArray(one), asArray(two)];
  if (a !== undefined && b !== undefined && a.length === b.length) {
    if (path === ".ram") return compareRam(a as Uint8Array, b as Uint8Array, found);
    if (path.endsWith(".registers")) return compareRegisters(path, a, b, found);
    a.forEach((value, i) => {
      if (!Object.is(value, b[i])) {
        found.push(`${path}${indexName(path, i)}: ${hex(value)} ${hex(b[i])}`);
      }
    });
    return;
  }
  if (isRecord(one) && isRecord(two)) {
    const names = new Set([...Object.keys(one), ...Object.keys(two)]);
    for (const name of names) compare(`${path}.${name}`, one[name], two[name], found);
    return;
  }
  found.push(`${path}: ${hex(one)} ${hex(two)}`);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !(value instanceof Map);

function asArray(value: unknown): Numbers | undefined {
  if (ArrayBuffer.isView(value)) return value as Numbers;
  return isRecord(value) && "tree" in value ? joined(value as unknown as Pieces) : undefined;
}

function compareRam(one: Uint8Array, two: Uint8Array, found: string[]): void {
  const [a, b] = [new BigUint64Array(one.buffer), new BigUint64Array(two.buffer)];
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) found.push(`RAM at ${hex(RAM_BASE + 8 * i)}: ${hex(a[i])} ${hex(b[i])}`);
  }
}

/** Names of a hart's words from PC on, by the place of each. */
const WORDS: ReadonlyMap<number, string> = new Map([
  [PC, "pc"],
  ...REGISTER_NAMES.map((name, i) => [X + 8 * i, name] as const),
  [RESERVATION, "the reservation"],
  [MSTATUS, "mstatus"],
  ...Object.entries(KEPT).map(([name, at]) => [at, name] as const),
]);

/** Registers and what stands beside them, from PC on. */
function compareRegisters(path: string, one: Numbers, two: Numbers, found: string[]): void {
  for (let i = 0; i < one.length; i++) {
    if (one[i] === two[i]) continue;
    const at = PC + 4 * i, first = WORDS.has(at) ? i : i - 1;
    const small = at === RESERVATION || at === MSTATUS;
    const value = (words: Numbers) =>
      small ? words[i]! : BigInt(words[first + 1]!) << 32n | BigInt(words[first]!);
    found.push(`${path}.${WORDS.get(PC + 4 * first)}: ${hex(value(one))} ${hex(value(two))}`);
    if (!small) i = first + 1;
  }
}

function indexName(path: string, i: number): string {
  if (!/\.tlb\.(page|frame|flags)$/.test(path)) return `[${i}]`;
  const table = Math.floor(i / TLB_ENTRIES);
  const access = ["reads", "writes", "fetches"][table % 3];
  return `[bank ${Math.floor(table / 3)}, ${access}, entry ${i % TLB_ENTRIES}]`;
}

function hex(value: unknown): string {
  if (typeof value === "bigint" || Number.isInteger(value)) {
    const n = value as number | bigint;
    return n < 0 ? `-0x${(-n).toString(16)}` : `0x${n.toString(16)}`;
  }
  return value === undefined ? "nothing" : JSON.stringify(value);
}

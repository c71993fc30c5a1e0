/** `find`: where bytes stand in memory. */

import { counted } from "../vm/machine/counted.ts";
import { type PaNum, paNum, va } from "../vm/machine/address.ts";
import { atPa, atVa, type Cell, note, result, table } from "../framework/result.ts";
import { command, type Context } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import type { Process } from "../vm/process.ts";
import { processFor } from "../session/target.ts";

/** Hits shown unless more are asked for. */
const MOST = 20;
/** Bytes shown from each hit on. */
const SHOWN = 8;

export default command({
  name: "find",
  group: "machine",
  summary: "search a process's memory, or all of RAM, for text or a number",
  details:
    "PATTERN is text, with escapes in double quotes; a word that begins with 0x is bytes in the " +
    "order typed: find 0x7f454c46. With --width it is a number, as it stands in memory: find -w " +
    "8 $sp. Looking changes nothing: no access is made, no A bit set.",
  args: [{ name: "pattern", kind: "text", doc: "text, bytes as 0x…, or with -w a number" }],
  flags: [
    { name: "width", short: "w", kind: "count", doc: "a number of 1, 2, 4 or 8 bytes" },
    { name: "ram", doc: "all of RAM, with who maps each frame" },
    { name: "most", short: "n", kind: "count", doc: "hits to show; 20 unless given" },
    { name: "pid", short: "p", kind: "pid", doc: "of this process" },
  ],
  examples: [
    {
      say: "a text that was stored",
      lines: ["spawn", "sbrk 4096", "store 0x3010 0x6f6c6c6568", "find hello"],
      shows: ["0x3010", "heap", "hello"],
    },
    {
      say: "a number, in all of RAM",
      lines: ["spawn", "sbrk 4096", "store 0x3010 0x1234567890", "find -w 8 0x1234567890 --ram"],
      shows: ["2:0x3010"],
    },
  ],
  run(ctx, { pattern, width, ram, most = MOST, pid }) {
    const bytes = width === undefined ? bytesOf(pattern) : numberOf(ctx, pattern, width);
    if (bytes.length === 0) throw new CommandError("find needs at least one byte");
    const hits = ram ? inRam(ctx, bytes, most) : inProcess(ctx, processFor(ctx, pid), bytes, most);
    if (hits.rows.length === 0) {
      return result([note("not found", "warn")], { json: { hits: [] }, status: EXIT.failed });
    }
    const left = hits.total - hits.rows.length;
    return result([
      table(
        ram
          ? [{ name: "PA", kind: "pa" }, { name: "KIND" }, { name: "OWNERS" }, { name: "BYTES" }, {
            name: "TEXT",
          }]
          : [{ name: "VA", kind: "va" }, { name: "PA", kind: "pa" }, { name: "AREA" }, {
            name: "BYTES",
          }, { name: "TEXT" }],
        hits.rows,
        "hits",
      ),
      ...(left > 0 ? [note(`… and ${left} more; -n ${hits.total} shows them`, "dim")] : []),
    ], { place: ram ? atPa(hits.first) : atVa(hits.first) });
  },
});

interface Hits {
  rows: Cell[][];
  total: number;
  first: bigint;
}

function bytesOf(pattern: string): Uint8Array {
  if (!/^0x/i.test(pattern)) return Uint8Array.from(new TextEncoder().encode(pattern));
  const digits = pattern.slice(2).replaceAll("_", "");
  if (!/^([0-9a-f]{2})+$/i.test(digits)) {
    throw new CommandError(`${pattern}: bytes are pairs of hexadecimal digits`);
  }
  return Uint8Array.from(digits.match(/../g)!, (pair) => parseInt(pair, 16));
}

/** A number as little-endian bytes. */
function numberOf(ctx: Context, pattern: string, width: number): Uint8Array {
  if (![1, 2, 4, 8].includes(width)) throw new CommandError(`width ${width}: 1, 2, 4 or 8 bytes`);
  const value = ctx.evaluate(pattern);
  if (value >= 1n << BigInt(8 * width) || value < -(1n << BigInt(8 * width - 1))) {
    throw new CommandError(`${pattern} does not fit in ${counted(width, "byte")}`);
  }
  return Uint8Array.from(
    { length: width },
    (_, i) => Number((value >> BigInt(8 * i)) & 0xffn),
  );
}

/** Offsets of the pattern. */
function* matches(hay: Uint8Array, needle: Uint8Array): Generator<number> {
  for (let at = hay.indexOf(needle[0]); at >= 0; at = hay.indexOf(needle[0], at + 1)) {
    if (at + needle.length > hay.length) return;
    if (needle.every((byte, i) => hay[at + i] === byte)) yield at;
  }
}

/** The pages of a process, runs that follow on each other searched as one. */
function inProcess(ctx: Context, p: Process, needle: Uint8Array, most: number): Hits {
  const { ram } = ctx.vm;
  const hits: Hits = { rows: [], total: 0, first: 0n };
  const pages = p.mappings()
    .filter((m) => m.kind !== "trampoline" && m.kind !== "trapframe")
    .filter((m) => ram.contains(paNum(Number(m.pa)), m.size));
  for (let i = 0; i < pages.length;) {
    let end = i + 1;
    while (
      end < pages.length && pages[end].va === pages[end - 1].va + BigInt(pages[end - 1].size)
    ) {
      end++;
    }
    const run = pages.slice(i, end);
    const bytes = new Uint8Array(run.reduce((sum, m) => sum + m.size, 0));
    const start = run[0].va;
    for (const m of run) {
      bytes.set(ram.bytes(paNum(Number(m.pa)), m.size), Number(m.va - start));
    }
    for (const at of matches(bytes, needle)) {
      const address = va(start + BigInt(at));
      const m = run.findLast((one) => one.va <= address)!;
      const physical = m.pa + (address - m.va);
      add(hits, most, address, () => [physical, m.kind], bytes.subarray(at, at + SHOWN));
    }
    i = end;
  }
  return hits;
}

function inRam(ctx: Context, needle: Uint8Array, most: number): Hits {
  const { ram } = ctx.vm;
  const hits: Hits = { rows: [], total: 0, first: 0n };
  const bytes = ram.bytes(ram.base, ram.size);
  for (const at of matches(bytes, needle)) {
    const address = (ram.base + at) as PaNum;
    const about = () => {
      const frame = ctx.vm.refcount(address);
      const offset = BigInt(address) - frame.pa;
      const owners = frame.owners.map((m) => {
        const first = m.va + (frame.pa - m.pa) + offset;
        return `${m.pid}:0x${first.toString(16)}`;
      });
      return [frame.kind, [...owners, ...frame.uses].join(" ")];
    };
    add(hits, most, BigInt(address), about, bytes.subarray(at, at + SHOWN));
  }
  return hits;
}

function add(
  hits: Hits,
  most: number,
  address: bigint,
  about: () => Cell[],
  bytes: Uint8Array,
): void {
  if (hits.total++ === 0) hits.first = address;
  if (hits.rows.length >= most) return;
  const hexes = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join(" ");
  const text = Array.from(bytes, (b) => b >= 32 && b < 127 ? String.fromCharCode(b) : ".").join("");
  hits.rows.push([address, ...about(), hexes, text]);
}

/** Regions of translated code as rows and text. */

import { note, type Section, table, tableOf, text } from "../framework/result.ts";
import type { Cell, ColumnOf, Json } from "../framework/result.ts";
import type { CodeOwner } from "../vm/code_owner.ts";
import { hex, va } from "../vm/machine/address.ts";
import { counted } from "../vm/machine/counted.ts";
import type { RegionReport } from "../vm/reports.ts";
import { type CodeLine, codeLine } from "./code.ts";
import { lineJson, lineText } from "./source.ts";

/** A region, and whose code it is. */
export interface OwnedRegion {
  readonly region: RegionReport;
  readonly owner: CodeOwner;
}

/** `98.7%`; `-` of nothing. */
export function share(part: number, whole: number): string {
  return whole === 0 ? "-" : `${(100 * part / whole).toFixed(1)}%`;
}

const root = ({ region }: OwnedRegion): bigint => BigInt(region.root);

/** How a region was left, as a share of its runs. */
function way(
  name: string,
  which: "lookedUp" | "outside" | "handedOver" | "ranOut",
): ColumnOf<OwnedRegion> {
  return [
    name,
    "number",
    ({ region }) => ({ value: region[which], shown: share(region[which], region.runs) }),
  ];
}

/** One row a region. */
export function regionsTable(regions: readonly OwnedRegion[]): Section {
  return tableOf(regions, "regions", [
    ["VA", "va", root],
    ["PROGRAM", "text", ({ owner }) => owner.name],
    ["SYMBOL", "text", (one) => one.owner.named(root(one))],
    ["LINE", "text", (one) => lineText(one.owner.source(root(one)))],
    ["CODE", "number", ({ region }) => region.steps],
    ["BLOCKS", "number", ({ region }) => region.blocks.length],
    ["WASM", "number", ({ region }) => region.bytes],
    ["BOUND", "number", ({ region }) => region.bindings],
    ["RUNS", "number", ({ region }) => region.runs],
    ["INSTRUCTIONS", "number", ({ region }) => region.instructions],
    [
      "PER-RUN",
      "number",
      ({ region: { runs, instructions } }) => runs === 0 ? null : Math.round(instructions / runs),
    ],
    way("ELSEWHERE", "lookedUp"),
    way("OUTSIDE", "outside"),
    way("HOST", "handedOver"),
    way("BUDGET", "ranOut"),
  ]);
}

/** The instructions of a region, block by block. */
function blocksOf({ region, owner }: OwnedRegion): { depth: number; lines: CodeLine[] }[] {
  return region.blocks.map(({ pc, depth, code }) => {
    const lines: CodeLine[] = [];
    for (let i = 0; i < code.length; i += lines.at(-1)!.length / 2) {
      const word = code[i] | ((code[i + 1] ?? 0) << 16);
      lines.push(codeLine(word, va(BigInt(pc + 2 * i)), owner));
    }
    return { depth, lines };
  });
}

/** A region's guest code, and, but for `guest`, its WebAssembly. */
export function regionSections(one: OwnedRegion, guest: boolean): Section[] {
  const { region, owner } = one;
  const { steps, blocks, bytes, entries } = region;
  const place = [owner.named(root(one)), owner.name && `of ${owner.name}`].filter(Boolean);
  const where = [hex(root(one)), ...place].join(" ");
  const others = entries.filter((pc) => pc !== region.root).map((pc) => hex(pc));
  return [
    note(
      `region at ${where}: ${counted(steps, "instruction")} in ${
        counted(blocks.length, "block")
      }, ` +
        `${counted(bytes, "byte")} of WebAssembly`,
      "strong",
    ),
    ...(others.length === 0 ? [] : [note(`entered at ${others.join(", ")}, too`, "dim")]),
    table(
      [
        { name: "BLOCK", kind: "number" },
        { name: "DEPTH", kind: "number" },
        { name: "VA", kind: "va" },
        { name: "CODE", kind: "hex" },
        { name: "SYMBOL" },
        { name: "LINE" },
        { name: "INSTRUCTION" },
      ],
      blocksOf(one).flatMap(({ depth, lines }, block) =>
        lines.map((line): Cell[] => [
          block,
          depth,
          line.va,
          {
            value: line.encoding,
            shown: line.encoding.toString(16).padStart(2 * line.length, "0"),
          },
          line.symbol,
          lineText(line.source),
          line.text,
        ])
      ),
    ),
    ...(guest ? [] : [{ ...text([...region.wat]), fold: true }]),
  ];
}

/** The same in JSON. */
export function regionJson(one: OwnedRegion, guest: boolean): { [key: string]: Json } {
  const { region, owner } = one;
  const { steps, bytes, bindings, runs, instructions, lookedUp, outside, handedOver, ranOut } =
    region;
  return {
    va: hex(root(one)),
    program: owner.name,
    symbol: owner.named(root(one)),
    entries: region.entries.map((pc) => hex(pc)),
    code: steps,
    wasm: bytes,
    bound: bindings,
    runs,
    instructions,
    elsewhere: lookedUp,
    outside,
    host: handedOver,
    budget: ranOut,
    blocks: blocksOf(one).map(({ depth, lines }) => ({
      depth,
      lines: lines.map((line) => ({
        va: hex(line.va),
        encoding: hex(line.encoding),
        symbol: line.symbol,
        source: lineJson(line.source),
        text: line.text,
      })),
    })),
    ...(guest ? {} : { wat: [...region.wat] }),
  };
}

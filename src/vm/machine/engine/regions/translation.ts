/**
 * A region that has been translated: its function, and the code that it stands for, so that it can
 * be used again wherever the same code comes to stand at the same addresses.
 *
 * @module
 */

import { mulHigh } from "../mul_high.ts";
import { STOP_BIT } from "../records.ts";
import { emit } from "./emit.ts";
import { Listing } from "./listing.ts";
import { type RegionImports, regionModule } from "./module.ts";
import { contextOf, type Region } from "./region.ts";

/** A page of the guest's code, decoded. */
export interface DecodedPage {
  /** Its halfwords. */
  readonly halves: Uint16Array;
  /** Its records' words, two for each halfword. */
  readonly heads: Int32Array;
}

/** A page's part in a translation. */
interface PagePart {
  /** One byte for each halfword of the page: whether it is part of a translated instruction. */
  readonly covers: Uint8Array;
  /** The halfwords there. */
  readonly code: Uint16Array;
}

/** A translated region. */
export class Translation {
  /** Where it begins. */
  readonly root: number;
  /** Numbers of its virtual pages, in the order of a context. */
  readonly pages: readonly number[];
  /** The number of the label at each program counter where it may be entered. */
  readonly labels: ReadonlyMap<number, number>;
  /** Its function. */
  // deno-lint-ignore ban-types -- what WebAssembly.Table takes
  readonly run: Function;
  /** Instructions of the guest in it, blocks, and bytes of its module. */
  readonly steps: number;
  readonly blocks: number;
  readonly bytes: number;
  /** See {@link Region.learned}. */
  readonly learned: number;
  /** To be shown. */
  readonly listing: Listing;
  readonly #parts: readonly PagePart[];

  /**
   * Translates a region.
   *
   * @param half The halfword at an address of the guest.
   * @param counts Whether look-ups in the TLB count hits.
   */
  constructor(
    region: Region,
    half: (pc: number) => number,
    imports: RegionImports,
    counts: boolean,
  ) {
    const emitted = emit(region, counts);
    const module = regionModule(emitted, region.root);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module), {
      m: { ...imports, mulHigh: mulHigh() } satisfies Record<
        keyof RegionImports | "mulHigh",
        unknown
      >,
    });
    // deno-lint-ignore ban-types
    this.run = instance.exports["region"] as Function;
    this.root = region.root;
    this.pages = region.pages;
    this.steps = region.steps;
    this.learned = region.learned;
    this.blocks = region.blocks.length;
    this.bytes = module.length;
    this.listing = new Listing(region, emitted, half);
    const entries = new Set(region.entries.filter((place) => contextOf(place) === 0));
    // What the interpreter has to execute itself is no place to come in.
    for (const { place, steps, end } of region.blocks) {
      if (steps.length === 1 && end.kind === "hands over") entries.delete(place);
    }
    this.labels = new Map([...emitted.labels].filter(([pc]) => entries.has(pc)));
    this.#parts = region.pages.map(() => ({
      covers: new Uint8Array(2048),
      code: new Uint16Array(2048),
    }));
    for (const { steps } of region.blocks) {
      for (const { pc, instruction: { length } } of steps) {
        const { covers, code } = this.#parts[this.pages.indexOf(Math.floor(pc / 4096))]!;
        for (let at = 0; at < length; at += 2) {
          covers[(pc % 4096 + at) >> 1] = 1;
          code[(pc % 4096 + at) >> 1] = half(pc + at);
        }
      }
    }
  }

  /** Whether some bytes of one of its pages are code of it. */
  covers(page: number, offset: number, length: number): boolean {
    const { covers } = this.#parts[page]!;
    for (let i = offset >> 1; i <= (offset + length - 1) >> 1; i++) {
      if (covers[i] !== 0) return true;
    }
    return false;
  }

  /** Whether its code of one of its pages is what stands there, and nobody wants to stop in it. */
  matches(page: number, { halves, heads }: DecodedPage): boolean {
    const { covers, code } = this.#parts[page]!;
    for (let i = 0; i < covers.length; i++) {
      if (covers[i] === 0) continue;
      if (code[i] !== halves[i] || (heads[2 * i]! & STOP_BIT) !== 0) return false;
    }
    return true;
  }
}

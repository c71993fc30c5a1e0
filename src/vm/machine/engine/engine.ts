/**
 * The engine: executes RV64IMAC instructions from RAM. It owns the emitted interpreter and the
 * decoded pages; everything else of the machine is behind {@link EngineHost} and the memory layout.
 *
 * @module
 */

import { offset, RAM_BASE } from "../address.ts";
import * as layout from "../layout.ts";
import { CodePages } from "./code_pages.ts";
import { STOP_BREAK, STOP_BUDGET, STOP_CHECK, STOP_HOST, STOP_TRAP } from "./handler.ts";
import type { EngineHost } from "./host.ts";
import type { Compile } from "../machine_state.ts";
import { emitInterpreter } from "./interpreter.ts";
import { mulHigh } from "./mul_high.ts";
import {
  type EngineSummary,
  type EngineView,
  type RegionReport,
  regionsOf,
  summaryOf,
} from "./regions/report.ts";
import type { RegionImports } from "./regions/module.ts";
import { recentFunctions } from "./regions/recent.ts";
import { Tier } from "./regions/tier.ts";

export { STOP_BREAK, STOP_BUDGET, STOP_CHECK, STOP_HOST, STOP_TRAP };

/** Longest run in one go: V8 puts its optimised code in only when a call returns. */
const LONGEST = 2 ** 20;
const NO_REGIONS = new WebAssembly.Table({ element: "anyfunc", initial: 1 });

/**
 * The interpreter, with hits of the TLB counted or not, each made once: it knows nothing of a machine
 * but what its memory holds.
 */
const modules = new Map<boolean, WebAssembly.Module>();

function interpreterModule(counts: boolean): WebAssembly.Module {
  const known = modules.get(counts);
  if (known !== undefined) return known;
  const module = new WebAssembly.Module(emitInterpreter(counts));
  modules.set(counts, module);
  return module;
}

/** How an engine works. */
export interface EngineOptions {
  /** How many harts run on it, one at a time; 1 when absent. */
  readonly harts?: number;
  /** Which code is translated; `never` when absent. */
  readonly compile?: Compile;
  /** Whether each look-up in a TLB counts a hit of its entry; true when absent. */
  readonly countHits?: boolean;
}

/** Executes instructions; see {@link Engine.run}. */
export class Engine implements EngineView {
  readonly #memory: WebAssembly.Memory;
  readonly #host: EngineHost;
  readonly #counts: boolean;
  readonly #compile: Compile;
  #instructions = 0;
  /** What is decoded. */
  readonly pages: CodePages;
  /** What is translated; undefined: nothing ever. */
  readonly tier: Tier | undefined;
  /** The interpreter, made at the first run: a shell that only looks at memory never needs it. */
  #run: ((budget: number) => number) | undefined;

  /**
   * An engine that has not run yet.
   *
   * @param memory The machine's memory (see layout.ts), never grown afterwards.
   * @param host Answers what the interpreter asks.
   */
  constructor(memory: WebAssembly.Memory, host: EngineHost, options: EngineOptions = {}) {
    const { harts = 1, compile = "never", countHits: counts = true } = options;
    this.#memory = memory;
    this.#host = host;
    this.#counts = counts;
    this.#compile = compile;
    this.pages = new CodePages(memory, host, harts, counts);
    if (compile !== "never") {
      const refill = (what: number) => host.refill?.(what) ?? 0;
      const refetch = () => host.refetch?.() ?? 0;
      const locate = (high: number, low: number) => host.locate?.(high, low) ?? 0;
      let made: RegionImports | undefined;
      // Made when the first region is: a shell that only looks at memory never needs them.
      const imports = () =>
        made ??= { memory, refill, refetch, ...recentFunctions(memory, refill) };
      this.tier = new Tier(memory, this.pages, imports, { compile, counts, locate });
    }
  }

  /** Instructions that a run is to have at most. */
  get slice(): number {
    return this.tier?.slice ?? LONGEST;
  }

  /**
   * Runs at most `budget` (0 … 2^53-1) instructions from the PC slot. Afterwards PC is exact and
   * BUDGET holds what is left. Returns {@link STOP_BUDGET}; {@link STOP_TRAP}, when nothing of the
   * instruction at PC has happened and TRAP_CAUSE and TRAP_VALUE are set; {@link STOP_HOST}; or
   * what {@link EngineHost.stopAt} said, when again nothing of that instruction has happened.
   */
  run(budget: number): number {
    this.#run ??= this.#makeInterpreter();
    const stop = this.#run(budget);
    if (stop === STOP_BUDGET) this.tier?.ran(budget);
    return stop;
  }

  /** So many instructions were executed in the last run: whoever gave its budget knows. */
  ran(instructions: number): void {
    this.#instructions += instructions;
  }

  summary(): EngineSummary {
    return summaryOf(this.#compile, this.#instructions, this.tier);
  }

  regions(): RegionReport[] {
    return this.tier === undefined ? [] : regionsOf(this.tier);
  }

  #makeInterpreter(): (budget: number) => number {
    const memory = this.#memory, host = this.#host, pages = this.pages;
    const slots = new DataView(memory.buffer);
    const instance = new WebAssembly.Instance(
      interpreterModule(this.#counts),
      {
        m: {
          memory,
          table: this.tier?.table ?? NO_REGIONS,
          mulHigh: mulHigh(),
          access: (kind: number, size: number, signed: number) => host.access(kind, size, signed),
          fetchPage: () => host.fetchPage(),
          straddle: () => {
            const answer = host.fetchStraddle();
            if (answer === 0) pages.fillScratch(slots.getInt32(layout.ACCESS_VALUE, true));
            return answer;
          },
          system: (word: number) => host.system(word),
          decode: (rp: number) => pages.fill(rp) ? 0 : 1,
          wrote: (place: number, size: number) => {
            pages.written(offset(RAM_BASE, (place >>> 0) - layout.RAM_OFFSET), size);
            host.wrote?.();
          },
          loop: (rp: number) => pages.runLoop(rp),
          stop: (rp: number) => pages.stopsAt(rp) ? host.stopAt(pages.placeOf(rp)) : 0,
        },
      },
    );
    return instance.exports["run"] as (budget: number) => number;
  }
}

/**
 * The WebAssembly module of one region.
 *
 * @module
 */

import { MUL_HIGH_IMPORT } from "../mul_high.ts";
import { assemble, I32, type ModuleParts } from "../wasm.ts";
import type { Emitted } from "./emit.ts";
import { FIND_SIGNATURE, type RecentFunctions } from "./recent.ts";

/** Index of {@link EngineHost.refill} among a region's functions. */
export const REFILL = 1;
/** Index of {@link EngineHost.refetch}. */
export const REFETCH = 2;
/** Indices of {@link RecentFunctions}. */
export const FIND = 3, PEEK = 4;

/** What a region's module imports beside MUL_HIGH. */
export interface RegionImports extends RecentFunctions {
  readonly memory: WebAssembly.Memory;
  refill(what: number): number;
  refetch(): number;
}

/** The functions that it imports, by index. */
export const IMPORTS: ModuleParts["imports"] = [
  MUL_HIGH_IMPORT,
  { name: "refill", params: [I32], results: [I32] },
  { name: "refetch", params: [], results: [I32] },
  { name: "find", ...FIND_SIGNATURE },
  { name: "peek", ...FIND_SIGNATURE },
];

/** Signature of a region: see frame.ts. */
export const REGION = { params: [I32, I32], results: [I32] };

/** The binary module; its function is exported as `region`, and named by where it begins. */
export function regionModule(
  { code, locals, unlikely }: Emitted,
  root: number,
): Uint8Array<ArrayBuffer> {
  return assemble({
    memory: { initial: 1, maximum: 65536 },
    imports: IMPORTS,
    globals: [],
    functions: [{
      ...REGION,
      name: "region",
      title: `region 0x${root.toString(16)}`,
      locals,
      code,
      unlikely,
    }],
  });
}

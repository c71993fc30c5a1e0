/**
 * The one operation of the instruction rows that WebAssembly lacks, in a module of its own, which
 * the interpreter and all regions import.
 *
 * @module
 */

import { assemble, type Bytes, type FunctionBody, get, I64, i64, op, set } from "./wasm.ts";

/** How a module imports it; it has to be the first of its imports. */
export const MUL_HIGH_IMPORT = { name: "mulHigh", params: [I64, I64], results: [I64] };

let made: WebAssembly.ExportValue | undefined;

/** The function, made once. */
export function mulHigh(): WebAssembly.ImportValue {
  if (made === undefined) {
    const module = new WebAssembly.Module(
      assemble({ imports: [], globals: [], functions: [multiply()] }),
    );
    made = new WebAssembly.Instance(module).exports["mulHigh"]!;
  }
  return made as WebAssembly.ImportValue;
}

/** The upper half of a 128-bit product, by the four products of 32-bit halves. */
function multiply(): FunctionBody {
  const A = 0, B = 1, MIDDLE = 2;
  const low = (x: Bytes) => op("i64_and", x, i64(0xffff_ffffn));
  const high = (x: Bytes) => op("i64_shr_u", x, i64(32n));
  const times = (x: Bytes, y: Bytes) => op("i64_mul", x, y);
  const [a, b] = [get(A), get(B)];
  const carried = op("i64_add", times(high(a), low(b)), high(times(low(a), low(b))));
  const cross = op("i64_add", times(low(a), high(b)), low(get(MIDDLE)));
  return {
    name: "mulHigh",
    params: [I64, I64],
    results: [I64],
    locals: [I64],
    code: [
      ...set(MIDDLE, carried),
      ...op("i64_add", op("i64_add", times(high(a), high(b)), high(get(MIDDLE))), high(cross)),
    ],
  };
}

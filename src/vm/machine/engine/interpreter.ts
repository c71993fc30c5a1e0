/**
 * The interpreter as a WebAssembly module: one function with a loop around a jump table over
 * decoded records, its handlers emitted from the instruction rows.
 *
 *     loop $far                      pc → page by the execute TLB → rp, bias
 *       loop $next                   execute the record at rp
 *         block … block              one for each handler, the slow path outermost
 *           budget - 1, br_table
 *         end  marked records: the region runs or the host is asked, then br_table again
 *         end  handler 0
 *         end  handler 1
 *         …
 *         end  slow path of loads and stores
 *
 * @module
 */

import * as layout from "../layout.ts";
import { ACCESS, DECODE, FETCH_PAGE, FUNCTIONS, STOP, STRADDLE, WROTE } from "./functions.ts";
import {
  AFTER,
  handlerCode,
  loopCode,
  pairCode,
  STOP_BUDGET,
  STOP_HOST,
  STOP_TRAP,
  tagMask,
  takeOne,
  trapTaken,
} from "./handler.ts";
import { ACCESS_RESERVE, DONE, DONE_STOP, TRAP_TAKEN, TRAPPED } from "./host.ts";
import { Labels } from "./labels.ts";
import { MUL_HIGH_IMPORT } from "./mul_high.ts";
import {
  BIAS,
  BUDGET,
  countHit,
  DESC,
  ENTRY,
  fieldA,
  LIMIT,
  LOCAL_TYPES,
  lookUp,
  OLD,
  pc,
  PLACE,
  placeOf,
  READ,
  readBack,
  register,
  RESULT,
  retire,
  RP,
  setSlot32,
  setSlot64,
  slot32,
  slot64,
  TARGET,
  VA,
  WRITE,
  writeBack,
} from "./locals.ts";
import { SCRATCH } from "./page_records.ts";
import { firstLoop, firstPair, loopHeads, pairs } from "./pairs.ts";
import { HANDLER, PAGE_END, RECORD_SHIFT, STOP_BIT } from "./records.ts";
import { LOOK_UP, MAY_ENTER, RAN_OUT } from "./regions/frame.ts";
import { REGION } from "./regions/module.ts";
import { FIRST_VARIANT, variants } from "./variants.ts";
import {
  assemble,
  block,
  brTable,
  type Bytes,
  call,
  callTable,
  either,
  end,
  F64,
  type FunctionBody,
  get,
  getGlobal,
  I32,
  i32,
  I64,
  i64,
  leave,
  load,
  loop,
  op,
  set,
  setGlobal,
  store,
  VOID,
  when,
} from "./wasm.ts";

/** The binary module. `counts`: each look-up in a TLB counts a hit of its entry. */
export function emitInterpreter(counts: boolean): Uint8Array<ArrayBuffer> {
  const result = { results: [I32] };
  return assemble({
    memory: { initial: 1, maximum: 65536 },
    imports: [
      MUL_HIGH_IMPORT,
      { name: "access", params: [I32, I32, I32], ...result },
      { name: "fetchPage", params: [], ...result },
      { name: "straddle", params: [], ...result },
      { name: "system", params: [I32], ...result },
      { name: "decode", params: [I32], ...result },
      { name: "wrote", params: [I32, I32], results: [] },
      { name: "stop", params: [I32], ...result },
      { name: "loop", params: [I32], ...result },
    ],
    globals: [0],
    table: REGION,
    functions: [
      atomic(counts),
      { name: "run", params: [F64], ...result, locals: LOCAL_TYPES, code: run(counts) },
    ],
  });
}

function run(counts: boolean): Bytes {
  // Blocks from the outside: the two loops, the shared ends, and the handlers', the last one
  // outermost.
  const [singles, doubles, firstDouble] = [variants(), pairs(), firstPair()];
  const [loops, firstOfLoop] = [loopHeads(), firstLoop()];
  const handlers = firstOfLoop + loops.length;
  const depths = { far: 0, next: 1, slow: 2, refused: 3, done: 4, exhausted: 5 };
  const outer = 6;
  const code: Bytes = [
    ...set(BUDGET, op("i64_trunc_f64_s", get(LIMIT))),
    ...set(READ, slot32(layout.TLB_READ)),
    ...set(WRITE, slot32(layout.TLB_WRITE)),
    ...set(TARGET, slot64(layout.PC)),
    ...loop,
    ...farLookup(counts),
    ...loop,
  ];
  for (let i = 2; i < outer + handlers + 1; i++) code.push(...block);
  const inside = outer - 1 + handlers;
  code.push(dispatch(handlers, new Labels(depths, inside + 1)));
  code.push(end, markedRecord(handlers, new Labels(depths, inside), counts));
  for (let handler = 0; handler < handlers; handler++) {
    // Inside the outer blocks and those of the later handlers; labels are counted from there.
    const labels = new Labels(depths, outer - 1 + handlers - 1 - handler);
    code.push(...end);
    code.push(
      handler < FIRST_VARIANT
        ? specialHandler(handler, labels)
        : handler < firstDouble
        ? handlerCode(singles[handler - FIRST_VARIANT]!, labels, counts)
        : handler < firstOfLoop
        ? pairCode(doubles[handler - firstDouble]!, labels, counts)
        : loopCode(loops[handler - firstOfLoop]!, labels, counts),
    );
  }
  code.push(end, exhausted(counts));
  code.push(end, atomicDone(new Labels(depths, 3), counts));
  code.push(end, atomicRefused(new Labels(depths, 2)));
  code.push(end, slowPath(new Labels(depths, 1), counts));
  return [...code, end, end, UNREACHABLE];
}

/**
 * A run that ends in the middle of a page goes on with a look-up that it would not have made
 * without the stop: one hit is taken back in advance, so that counts do not depend on how a run is
 * cut.
 */
function uncountLookup(counts: boolean): Bytes {
  if (!counts) return [];
  return when(
    op("i32_sub", load("i32_load16_u", 0, get(RP)), i32(PAGE_END)),
    when(
      op(
        "i64_eq",
        load("i64_load", 0, lookUp(slot32(layout.TLB_EXECUTE), pc)),
        op("i64_and", pc, i64(~0xfffn)),
      ),
      countHit(counts, ENTRY, -1),
    ),
  );
}

/**
 * pc (in TARGET) → rp and bias. The budget comes first: a run that ends here faults in the next.
 */
function farLookup(counts: boolean): Bytes {
  const entry = lookUp(slot32(layout.TLB_EXECUTE), get(TARGET));
  const page = op("i64_and", get(TARGET), i64(~0xfffn));
  const inPage = op("i32_and", op("i32_wrap_i64", get(TARGET)), i32(0xfff));
  return [
    ...when(
      op("i64_eqz", get(BUDGET)),
      setSlot64(layout.PC, get(TARGET)),
      setSlot64(layout.BUDGET, i64(0n)),
      leave(i32(STOP_BUDGET)),
    ),
    ...either(
      VOID,
      op("i64_eq", load("i64_load", 0, entry), page),
      [...countHit(counts), ...set(RP, load("i32_load", 8, get(ENTRY)))],
      [
        ...setSlot64(layout.PC, get(TARGET)),
        ...setSlot64(layout.BUDGET, get(BUDGET)),
        ...set(RP, call(FETCH_PAGE)),
        ...when(op("i32_eqz", get(RP)), leave(i32(STOP_TRAP))),
        ...readBack,
      ],
    ),
    ...set(RP, op("i32_add", get(RP), op("i32_shl", inPage, i32(RECORD_SHIFT)))),
    ...setBias,
  ];
}

/** bias = TARGET - rp / 4, so that pc = bias + rp / 4 for the rest of the page. */
const setBias: Bytes = set(
  BIAS,
  op(
    "i64_sub",
    get(TARGET),
    op("i64_extend_i32_u", op("i32_shr_u", get(RP), i32(RECORD_SHIFT))),
  ),
);

/** To the record's handler; a stop record's number is beyond the table, and leads to its code. */
function dispatch(handlers: number, labels: Labels): Bytes {
  const table = Array.from({ length: handlers }, (_, index) => index + 1);
  return [takeOne(labels), brTable(table, 0, load("i32_load16_u", 0, get(RP)))];
}

/**
 * A record that is marked. An entry, unless it is a stop as well: its region runs, as
 * regions/frame.ts says. Where that hands an instruction over, its own handler is next.
 *
 * A stop record: the host says whether to stop before its instruction, or to go on to its handler.
 * One that is not decoded yet goes on at once, and comes back when it is.
 */
function markedRecord(handlers: number, labels: Labels, counts: boolean): Bytes {
  const head = load("i32_load16_u", 0, get(RP));
  const handler = op("i32_and", head, i32(HANDLER));
  const table = Array.from({ length: handlers }, (_, index) => index);
  return [
    either(
      VOID,
      op("i32_and", head, i32(STOP_BIT)),
      when(
        handler,
        writeBack,
        set(RESULT, call(STOP, get(RP))),
        when(
          get(RESULT),
          when(op("i32_sub", get(RESULT), i32(STOP_TRAP)), uncountLookup(counts)),
          leave(get(RESULT)),
        ),
        readBack,
        takeOne(labels, 2),
      ),
      when(op("i32_eqz", slot32(layout.REGIONS_OFF)), runRegion(labels, 2)),
    ),
    brTable(table, handlers, handler),
  ];
}

/** Runs the region that begins at the record, if it was made for this program counter, and counts. */
function runRegion(labels: Labels, inside: number): Bytes {
  const index = i32((layout.REGION_ENTRY_COUNT - 1) << layout.REGION_ENTRY_SHIFT);
  const field = (at: number) => load("i32_load", layout.REGION_ENTRIES + at, get(ENTRY));
  const { instructions, lookedUp, outside, handedOver, ranOut } = layout.REGION_COUNTS;
  // PLACE: its counters.
  const count = (counter: number, by: Bytes) => {
    const at = layout.REGION_COUNTERS + counter;
    return store("i64_store", at, get(PLACE), op("i64_add", load("i64_load", at, get(PLACE)), by));
  };
  const one = i64(1n);
  return [
    // Records have 8 bytes, entries 32.
    set(ENTRY, op("i32_and", op("i32_shl", get(RP), i32(layout.REGION_ENTRY_SHIFT - 3)), index)),
    when(
      op("i64_eq", load("i64_load", layout.REGION_ENTRIES + 16, get(ENTRY)), pc),
      set(OLD, op("i64_add", get(BUDGET), one)),
      setSlot64(layout.BUDGET, get(OLD)),
      set(PLACE, op("i32_shl", field(0), i32(layout.REGION_COUNTER_SHIFT))),
      set(RESULT, callTable(FUNCTIONS, field(0), field(4), field(8))),
      set(BUDGET, slot64(layout.BUDGET)),
      set(TARGET, slot64(layout.PC)),
      count(instructions, op("i64_sub", get(OLD), get(BUDGET))),
      when(
        op("i32_eq", get(RESULT), i32(LOOK_UP)),
        count(lookedUp, one),
        labels.to("far", inside + 2),
      ),
      set(RP, op("i32_and", get(RESULT), i32(~(MAY_ENTER | RAN_OUT)))),
      setBias,
      when(
        op("i32_and", get(RESULT), i32(MAY_ENTER)),
        count(outside, one),
        labels.to("next", inside + 2),
      ),
      either(
        VOID,
        op("i32_and", get(RESULT), i32(RAN_OUT)),
        [...setSlot32(layout.REGION_RAN_OUT, i32(1)), ...count(ranOut, one)],
        count(handedOver, one),
      ),
      takeOne(labels, inside + 1),
    ),
  ];
}

/** The budget is used up before the instruction at rp. */
function exhausted(counts: boolean): Bytes {
  return [
    uncountLookup(counts),
    setSlot64(layout.PC, pc),
    setSlot64(layout.BUDGET, i64(0n)),
    leave(i32(STOP_BUDGET)),
  ];
}

/** The four handlers that execute no instruction: not decoded, page end, straddling, illegal. */
function specialHandler(handler: number, labels: Labels): Bytes {
  const unretire = set(BUDGET, op("i64_add", get(BUDGET), i64(1n)));
  const lookAgain = [...set(TARGET, pc), ...labels.to("far")];
  switch (handler) {
    case 0:
      return [
        ...unretire,
        ...when(op("i32_eqz", call(DECODE, get(RP))), labels.to("next", 1)),
        ...lookAgain,
      ];
    case 1:
      return [...unretire, ...lookAgain];
    case 2:
      // The instruction is executed from a record outside the page, with a bias that gives its own
      // pc.
      return [
        ...writeBack,
        ...when(call(STRADDLE), leave(i32(STOP_TRAP))),
        ...readBack,
        ...set(TARGET, pc),
        ...set(RP, i32(SCRATCH)),
        ...setBias,
        ...labels.to("next"),
      ];
    default:
      return [
        ...writeBack,
        ...setSlot32(layout.TRAP_CAUSE, i32(ILLEGAL_INSTRUCTION)),
        ...setSlot64(layout.TRAP_VALUE, load("i64_load32_u", 4, get(RP))),
        ...leave(i32(STOP_TRAP)),
      ];
  }
}

/** After the loops, where control never comes. */
const UNREACHABLE = 0x00;
/** scause of an illegal instruction. */
const ILLEGAL_INSTRUCTION = 2;

/** A load or store that the TLB could not serve: VA and DESC (see `describe`) say what it is. */
function slowPath(labels: Labels, counts: boolean): Bytes {
  const bits = (shift: number, mask: number) =>
    op("i32_and", op("i32_shr_u", get(DESC), i32(shift)), i32(mask));
  const storing = bits(0, 3);
  return [
    ...writeBack,
    ...setSlot64(layout.ACCESS_VA, get(VA)),
    ...when(storing, setSlot64(layout.ACCESS_VALUE, register(fieldA))),
    ...set(RESULT, call(ACCESS, bits(0, 3), bits(2, 15), bits(6, 1))),
    ...when(op("i32_eq", get(RESULT), i32(TRAPPED)), leave(i32(STOP_TRAP))),
    ...when(op("i32_eq", get(RESULT), i32(TRAP_TAKEN)), trapTaken(labels, 1)),
    ...readBack,
    ...when(op("i32_eqz", get(RESULT)), labels.to("next", 1)),
    ...retire,
    ...when(
      op("i32_eqz", storing),
      // bit 7: rd is x0, its value goes to the sink
      store(
        "i64_store",
        layout.X,
        either(I32, bits(7, 1), i32(layout.X_SINK - layout.X), fieldA),
        slot64(layout.ACCESS_VALUE),
      ),
    ),
    ...set(RP, op("i32_add", get(RP), op("i32_shr_u", get(DESC), i32(8)))),
    ...when(
      op("i32_eq", get(RESULT), i32(DONE_STOP)),
      uncountLookup(counts),
      setSlot64(layout.PC, pc),
      setSlot64(layout.BUDGET, get(BUDGET)),
      leave(i32(STOP_HOST)),
    ),
    ...labels.to("next"),
  ];
}

/** An atomic operation (on PLACE, rp being moved on) is done. */
function atomicDone(labels: Labels, counts: boolean): Bytes {
  return [
    when(
      getGlobal(AFTER),
      readBack,
      retire,
      call(WROTE, get(PLACE), i32(8)),
      when(
        op("i32_eq", getGlobal(AFTER), i32(DONE_STOP)),
        setGlobal(AFTER, i32(0)),
        uncountLookup(counts),
        setSlot64(layout.PC, pc),
        setSlot64(layout.BUDGET, get(BUDGET)),
        leave(i32(STOP_HOST)),
      ),
      setGlobal(AFTER, i32(0)),
    ),
    labels.to("next"),
  ];
}

/** An atomic operation found no place: PLACE is RETRY or TRAPPED. */
function atomicRefused(labels: Labels): Bytes {
  return [
    when(get(PLACE), leave(i32(STOP_TRAP))),
    readBack,
    labels.to("next"),
  ];
}

/**
 * The place in linear memory for an atomic access: (kind, size, address, pc, budget) → offset, or
 * RETRY or TRAPPED, which are no offsets of RAM. Sets the AFTER global when the host had to permit
 * it.
 */
function atomic(counts: boolean): FunctionBody {
  const KIND = 0, SIZE = 1, ADDRESS = 2, AT = 3, LEFT = 4, FOUND = 5, ANSWER = 6;
  const table = either(
    I32,
    op("i32_eq", get(KIND), i32(ACCESS_RESERVE)),
    slot32(layout.TLB_READ),
    slot32(layout.TLB_WRITE),
  );
  const masked = op(
    "i64_and",
    get(ADDRESS),
    either(I64, op("i32_eq", get(SIZE), i32(8)), i64(tagMask(8)), i64(tagMask(4))),
  );
  return {
    params: [I32, I32, I64, I64, I64],
    results: [I32],
    locals: [I32, I32],
    code: [
      when(
        op("i64_eq", load("i64_load", 0, lookUp(table, get(ADDRESS), FOUND)), masked),
        countHit(counts, FOUND),
        leave(placeOf(get(ADDRESS), FOUND)),
      ),
      setSlot64(layout.PC, get(AT)),
      setSlot64(layout.BUDGET, op("i64_add", get(LEFT), i64(1n))),
      setSlot64(layout.ACCESS_VA, get(ADDRESS)),
      set(ANSWER, call(ACCESS, get(KIND), get(SIZE), i32(1))),
      when(
        op("i32_and", get(ANSWER), i32(DONE)), // DONE or DONE_STOP
        setGlobal(AFTER, get(ANSWER)),
        leave(op("i32_wrap_i64", slot64(layout.ACCESS_VALUE))),
      ),
      get(ANSWER),
    ],
  };
}

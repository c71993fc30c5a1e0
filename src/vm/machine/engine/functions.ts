/**
 * The functions of the interpreter's module by their index, imports first.
 *
 * @module
 */

/**
 * The upper half of an unsigned 64 × 64 bit product; the same in every module whose code comes from
 * the instruction rows.
 */
export const MUL_HIGH = 0;
/** {@link EngineHost.access}. */
export const ACCESS = 1;
/** {@link EngineHost.fetchPage}. */
export const FETCH_PAGE = 2;
/** Puts the instruction that straddles a page end into the scratch record. */
export const STRADDLE = 3;
/** {@link EngineHost.system}. */
export const SYSTEM = 4;
/** Fills the record at an offset; 1 if its page was given up and PC must be looked up again. */
export const DECODE = 5;
/** Says that an atomic operation wrote some bytes at a linear-memory offset. */
export const WROTE = 6;
/** Whether to stop before the instruction of a stop record: 0, or the result of the run. */
export const STOP = 7;
/** Does iterations of the loop that begins with a record: where to go on, or 0 for none done. */
export const LOOP = 8;
/** The linear-memory offset an atomic operation works on, or why there is none. */
export const ATOMIC = 9;
/** Functions of the module, imports counted. */
export const FUNCTIONS = 11;

/**
 * Pairs of instructions that are executed by one handler, which saves the jump between them. Both
 * keep their records: the first one's handler number says that the next record is to be executed
 * right after it, with the budget tested in between as ever, so a pair is never seen from outside.
 *
 * The list is what compiled code is full of (pairs were counted in real user programs and kernels):
 * saving and restoring registers, making addresses, passing arguments, loop ends.
 *
 * @module
 */

import { FIRST_VARIANT, numberOfKey, type Variant, variants } from "./variants.ts";

/** First instruction, and what may follow it, in the words of `variantKey`. */
const FOLLOWERS: Record<string, string> = {
  "addi 2": "addi 2, addi 4, add 2, ld 2, sd 2, lbu 4, jal 4, jal 4 far, jalr 2 sink, BRANCHES",
  "addi 4": "addi 2, addi 4, add 2, lbu 4, auipc 4, jal 4, jal 4 far, jal 4 sink, BRANCHES",
  "add 2": "addi 2, addi 4, add 2, ld 2, lbu 4, auipc 4, jal 4, jal 4 far, BRANCHES",
  "add 4": "add 4, addi 4, lw 4, ld 4, sd 4",
  "addiw 2": "addi 2, add 2, bne 4, blt 4, slli 4",
  "slli 2": "srli 2, add 2, xor 2",
  "slli 4": "srli 2, srli 4, add 4, xor 4",
  "srli 2": "xor 2, add 2",
  "srli 4": "xor 4, xor 2",
  "xor 4": "slli 4, srli 4",
  "auipc 4": "addi 4, ld 4, lw 4",
  "lui 2": "addi 2, addiw 2",
  "lbu 4": "addi 2, addi 4, sb 4, beq 2, bne 2, beq 4, bne 4",
  "lw 2": "addi 2, addiw 2, add 2, beq 2, bne 2, beq 4, bne 4, blt 4, bge 4",
  "lw 4": "addi 4, addiw 2, add 2, sw 4, bne 4, beq 4",
  "ld 2": "ld 2, addi 2, add 2, sd 2, beq 2, bne 2, beq 4, bne 4",
  "ld 4": "ld 4, addi 4, addi 2, add 2, add 4",
  "sb 4": "addi 2, addi 4, sb 4",
  "sw 2": "addi 2, lw 2",
  "sw 4": "addi 2, addi 4, add 2, lw 4",
  "sd 2": "sd 2, addi 2, ld 2",
  "sd 4": "sd 4, addi 2, addi 4, ld 4",
};
const BRANCHES = "bne 2, beq 2, bne 4, beq 4, blt 4, bge 4, bltu 4, bgeu 4";

/** Two variants executed by one handler. */
export interface Pair {
  readonly first: Variant;
  readonly second: Variant;
}

/** Numbers of two handlers as one key. */
const keyOf = (first: number, second: number): number => first * 1024 + second;

/** The pairs by their handlers' numbers, made when code is first decoded. */
let known: { list: Pair[]; firsts: number[]; numbers: Map<number, number> } | undefined;

function table() {
  if (known !== undefined) return known;
  const list: Pair[] = [], firsts: number[] = [], numbers = new Map<number, number>();
  for (const [one, followers] of Object.entries(FOLLOWERS)) {
    for (const other of followers.replace("BRANCHES", BRANCHES).split(", ")) {
      const [first, second] = [numberOfKey(one), numberOfKey(other)];
      numbers.set(keyOf(first, second), firstPair() + list.length);
      firsts.push(first);
      const [a, b] = [first, second].map((number) => variants()[number - FIRST_VARIANT]);
      list.push({ first: a, second: b });
    }
  }
  return known = { list, firsts, numbers };
}

/** The pairs, in the order of their handlers' numbers from {@link firstPair}. */
export function pairs(): readonly Pair[] {
  return table().list;
}

/** Number of the first handler that executes a pair. */
export function firstPair(): number {
  return FIRST_VARIANT + variants().length;
}

/** The handler that executes two others' instructions in one, if there is one. */
export function pairNumber(first: number, second: number): number | undefined {
  return table().numbers.get(keyOf(first, second));
}

/** Number of the first handler that begins a loop. */
export function firstLoop(): number {
  return firstPair() + table().list.length;
}

/** What a loop of loops.ts may begin with. */
const LOOP_HEADS = ["sb 4", "addi 2", "addi 4"];

/** The instructions that loops begin with, in the order of their handlers' numbers. */
export function loopHeads(): Variant[] {
  return LOOP_HEADS.map((key) => variants()[numberOfKey(key) - FIRST_VARIANT]);
}

/** The handler that begins a loop with an instruction, given that one's own. */
export function loopNumber(first: number): number {
  const index = LOOP_HEADS.findIndex((key) => numberOfKey(key) === first);
  if (index < 0) throw new Error(`no loop begins with handler ${first}`);
  return firstLoop() + index;
}

/** The handler that executes just the first instruction of what this handler executes. */
export function firstOf(handler: number): number {
  if (handler >= firstLoop()) return numberOfKey(LOOP_HEADS[handler - firstLoop()]);
  return handler < firstPair() ? handler : table().firsts[handler - firstPair()];
}

/** The value of an expression, and what kind of address it is, where that is known. */

import { hex } from "../vm/machine/address.ts";
import { CommandError } from "./errors.ts";
import { type Node, parseExpression, type Tree } from "./expression.ts";
import { didYouMean } from "../vm/nearest.ts";
import type { Place, Space } from "./result.ts";

/**
 * Where an expression's names get their values. Every function is asked with the process in force,
 * or undefined for the current one.
 */
export interface Resolver {
  /** A general register, `pc`, or a CSR; undefined when there is none of that name. */
  register(name: string, pid: number | undefined): bigint | undefined;
  /** A program's symbol. */
  symbol(name: string, pid: number | undefined): bigint | undefined;
  /** `f(…)`, where `f` is `pa`, `va`, `u64` …; undefined when there is no such function. */
  call(name: string, args: readonly bigint[], pid: number | undefined): bigint | undefined;
  /** What a function takes and gives, where that is an address. */
  spaces(name: string): { takes?: Space; gives?: Space };
  /** `$_`: undefined before any command has shown an address. */
  readonly place: Place | undefined;
  /** `$__`. */
  readonly last: bigint;
  /** Names for suggestions. */
  names(): Iterable<string>;
}

/** A value, and the process that `PID:` named, if any. */
export interface Evaluated {
  value: bigint;
  pid: number | undefined;
  /** What kind of address it is, where the expression says so. */
  space: Space | undefined;
}

/** A value with the kind of address that it is. */
type Spaced = Pick<Evaluated, "value" | "space">;

const truth = (b: boolean) => (b ? 1n : 0n);

function shift(left: bigint, right: bigint, sign: string, at: number): bigint {
  if (right < 0n || right > 63n) {
    throw CommandError.at(at, `${sign} by ${right}: a 64-bit value shifts by 0 to 63`);
  }
  return sign === "<<" ? left << right : left >> right;
}

const BINARY: Record<string, (a: bigint, b: bigint, sign: string, at: number) => bigint> = {
  "||": (a, b) => truth(a !== 0n || b !== 0n),
  "&&": (a, b) => truth(a !== 0n && b !== 0n),
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
  "&": (a, b) => a & b,
  "==": (a, b) => truth(a === b),
  "!=": (a, b) => truth(a !== b),
  "<": (a, b) => truth(a < b),
  "<=": (a, b) => truth(a <= b),
  ">": (a, b) => truth(a > b),
  ">=": (a, b) => truth(a >= b),
  "<<": shift,
  ">>": shift,
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
};

/** Signs that leave an address one: `pa(0x3000) + 8`, `$_ & ~0xfff`. */
const KEEPS_SPACE: ReadonlySet<string> = new Set(["+", "-", "&", "|"]);
const SPACE_WORDS: Readonly<Record<Space, string>> = { va: "virtual", pa: "physical" };

/** Complains when an address of one kind stands where the other is wanted; says what is right. */
export function wantSpace(
  wanted: Space,
  source: string,
  { value, space }: Spaced,
  at: number | undefined,
): void {
  if (space === undefined || space === wanted) return;
  const name = /^[$\w.]+$/.test(source) ? `${source} (${hex(value)})` : source;
  const right = wanted === "pa"
    ? `pa(${source}) is the physical one`
    : `va(${source}) is where it is mapped`;
  throw CommandError.at(
    at,
    `${name} is a ${SPACE_WORDS[space]} address, not a ${SPACE_WORDS[wanted]} one; ${right}`,
  );
}

/** The tree's value; `PID:` in front holds for everything behind it. */
export function evaluateTree(tree: Tree, names: Resolver, outer?: number): Evaluated {
  const pid = tree.pid ?? outer;
  const plain = (value: bigint): Spaced => ({ value, space: undefined });

  function valueOf(node: Node): Spaced {
    switch (node.op) {
      case "number":
        return plain(node.value);
      case "tree":
        return evaluateTree(node.tree, names, pid);
      case "unary": {
        const { value, space } = valueOf(node.of);
        if (node.sign === "+") return { value, space };
        return plain(node.sign === "-" ? -value : node.sign === "~" ? ~value : truth(value === 0n));
      }
      case "binary":
        return binaryOf(node);
      case "register":
        return registerOf(node.name, node.at);
      case "symbol": {
        const value = names.symbol(node.name, pid) ?? unknown("symbol", node.name, node.at);
        return { value, space: "va" };
      }
      case "call": {
        const args = node.args.map((a) => evaluateTree(a, names, pid));
        const { takes, gives } = names.spaces(node.name);
        if (takes !== undefined && args.length > 0) {
          wantSpace(takes, node.args[0].source, args[0], node.at);
        }
        // pa(3:0x4000): the process named inside is the one that the function is about.
        const about = args[0]?.pid ?? pid;
        const value = names.call(node.name, args.map((a) => a.value), about) ??
          unknown("function", node.name, node.at);
        return { value, space: gives };
      }
    }
  }

  function binaryOf(node: Node & { op: "binary" }): Spaced {
    const [left, right] = [valueOf(node.left), valueOf(node.right)];
    if ((node.sign === "/" || node.sign === "%") && right.value === 0n) {
      throw CommandError.at(node.at, "division by zero");
    }
    const value = BINARY[node.sign](left.value, right.value, node.sign, node.at);
    // Of two addresses, `a - b` is a distance.
    const both = left.space !== undefined && right.space !== undefined;
    const space = KEEPS_SPACE.has(node.sign) && !both ? left.space ?? right.space : undefined;
    return { value, space };
  }

  function registerOf(name: string, at: number): Spaced {
    if (name === "__") return plain(names.last);
    if (name !== "_") {
      return plain(
        names.register(name.toLowerCase(), pid) ?? unknown("register", "$" + name, at),
      );
    }
    if (names.place === undefined) {
      throw CommandError.at(at, "$_ is the last address shown, and none has been yet");
    }
    return { value: names.place.address, space: names.place.space };
  }

  function unknown(what: string, name: string, at: number): never {
    const hint = what === "symbol" && /^[0-9a-f_]+$/i.test(name)
      ? `; did you mean 0x${name.toLowerCase()}?`
      : didYouMean(name.replace("$", ""), names.names());
    throw CommandError.at(at, `no ${what} ${name}${hint}`);
  }

  return { ...valueOf(tree.root), pid: rootPid(tree, outer) };
}

/** `(3:0x4000)` is still an address of process 3. */
function rootPid(tree: Tree, outer: number | undefined): number | undefined {
  if (tree.pid !== undefined) return tree.pid;
  return tree.root.op === "tree" ? rootPid(tree.root.tree, outer) : outer;
}

/** Parses and evaluates in one go. */
export function evaluate(source: string, names: Resolver, base = 0): Evaluated {
  return evaluateTree(parseExpression(source, base), names);
}

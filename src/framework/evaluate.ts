/** The value of an expression, and what kind of address it is, where that is known. */

import { hex } from "../vm/machine/address.ts";
import { CommandError } from "./errors.ts";
import { KernelError } from "../vm/vm.ts";
import { type Node, parseExpression, type Tree } from "./expression.ts";
import { bare, type CType, type CValue, isScalar, type Returned } from "../vm/c_values.ts";
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
  /** What a function of a guest's kernel returns; undefined: there is no such function. */
  returned(name: string, args: readonly bigint[]): Returned | undefined;
  /** A variable, with its type: one in sight of the selected frame, or a global one. */
  variable(name: string, pid: number | undefined): CValue | undefined;
  /** A type by its name in C, with stars behind it; undefined: there is none. */
  type(name: string, pid: number | undefined): CType | undefined;
  /** Where the code of a line of the source begins; throws a {@linkcode CommandError}. */
  line(file: string, line: number, pid: number | undefined, at: number): LineCode;
  /** A function that has code only where it was inlined: all these places. */
  inlined(name: string, pid: number | undefined): LineCode | undefined;
  /** What C does with values. */
  readonly c: COperations;
  /** What a function takes and gives, where that is an address. */
  spaces(name: string): { takes?: Space; gives?: Space };
  /** `$_`: undefined before any command has shown an address. */
  readonly place: Place | undefined;
  /** `$__`. */
  readonly last: bigint;
  /** Names for suggestions. */
  names(): Iterable<string>;
}

/** Operations on values of C, in the memory of a computer. */
export interface COperations {
  scalar(value: CValue): bigint;
  field(value: CValue, name: string): CValue;
  element(value: CValue, index: bigint): CValue;
  target(value: CValue): CValue;
  address(value: CValue): CValue;
  cast(type: CType, pid: number | undefined, value: bigint): CValue;
}

/** The code of a line: each place where it begins, and the line that is meant. */
export interface LineCode {
  readonly addresses: readonly bigint[];
  readonly file: string;
  /** The line asked for, or the next one that has code; of a function, where it is written. */
  readonly line: number;
  /** The line asked for. */
  readonly asked?: number;
}

/** A value, and the process that `PID:` named, if any. */
export interface Evaluated {
  value: bigint;
  pid: number | undefined;
  /** What kind of address it is, where the expression says so. */
  space: Space | undefined;
  /** What it is in C, where it is a variable or part of one, and nothing was reckoned with it. */
  c?: CValue;
  /** It is a line of the source, with all places where that has code. */
  code?: LineCode;
}

/** A value with the kind of address that it is. */
type Spaced = Pick<Evaluated, "value" | "space" | "c" | "code">;

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
      case "symbol":
        return symbolOf(node.name, node.at);
      case "line": {
        const code = names.line(node.file, node.line, pid, node.at);
        return { value: code.addresses[0], space: "va", code };
      }
      case "field":
        return inC(node.at, () => names.c.field(cOf(node.of, node.at), node.name));
      case "index": {
        const { value } = evaluateTree(node.index, names, pid);
        return inC(node.at, () => names.c.element(cOf(node.of, node.at), value));
      }
      case "deref":
        return inC(node.at, () => names.c.target(cOf(node.of, node.at)));
      case "address":
        return addressOf(node.of, node.at);
      case "cast": {
        const type = typeOf(node.type, node.at);
        return inC(node.at, () => names.c.cast(type, pid, valueOf(node.of).value));
      }
      case "sizeof":
        return plain(BigInt(typeOf(node.type, node.at).size));
      case "call": {
        const args = node.args.map((a) => evaluateTree(a, names, pid));
        const { takes, gives } = names.spaces(node.name);
        if (takes !== undefined && args.length > 0) {
          wantSpace(takes, node.args[0].source, args[0], node.at);
        }
        // pa(3:0x4000): the process named inside is the one that the function is about.
        const about = args[0]?.pid ?? pid;
        const numbers = args.map((a) => a.value);
        const back = complaining(node.at, () => names.returned(node.name, numbers));
        if (back?.c !== undefined) return spaced(back.c, node.at);
        const value = back?.value ?? names.call(node.name, numbers, about) ??
          unknown("function", node.name, node.at);
        return { value, space: gives };
      }
    }
  }

  /** A value of C as a number: its own, or where it stands when it is made of several. */
  function spaced(c: CValue, at: number): Spaced {
    if (!isScalar(c)) {
      return { value: c.address ?? 0n, space: c.address === undefined ? undefined : "va", c };
    }
    return {
      // What is optimized out is a mistake only where its number is wanted.
      get value() {
        return complaining(at, () => names.c.scalar(c));
      },
      space: undefined,
      c,
    };
  }

  /** What C says; its complaints get their place in the line. */
  function complaining<T>(at: number, body: () => T): T {
    try {
      return body();
    } catch (error) {
      if (error instanceof KernelError) throw CommandError.at(at, error.message);
      throw error;
    }
  }

  function inC(at: number, body: () => CValue): Spaced {
    return spaced(complaining(at, body), at);
  }

  function typeOf(name: string, at: number): CType {
    const type = names.type(name, pid);
    if (type !== undefined) return type;
    throw CommandError.at(at, `no type ${name} is known`);
  }

  /** What a piece of an expression is in C; an error for a plain number. */
  function cOf(node: Node, at: number): CValue {
    const { c } = valueOf(node);
    if (c !== undefined) return c;
    throw CommandError.at(at, "the type of this is unknown; a cast says it: *(uint64 *)ADDRESS");
  }

  function addressOf(node: Node, at: number): Spaced {
    const of = valueOf(node);
    if (of.c !== undefined) return inC(at, () => names.c.address(of.c!));
    // &main: a name without a type is an address already.
    if (node.op === "symbol") return of;
    throw CommandError.at(at, "only a variable has an address");
  }

  /** A variable, or a field of one where the name has dots: `kmem.freelist`; else a symbol. */
  function symbolOf(name: string, at: number): Spaced {
    const parts = name.split(".");
    for (let i = parts.length; i > 0; i--) {
      const variable = names.variable(parts.slice(0, i).join("."), pid);
      if (variable === undefined) continue;
      const of = parts.slice(i).reduce<() => CValue>(
        (of, part) => () => names.c.field(of(), part),
        () => variable,
      );
      return inC(at, of);
    }
    const value = names.symbol(name, pid);
    if (value !== undefined) return { value, space: "va" };
    const code = names.inlined(name, pid) ?? unknown("symbol", name, at);
    return { value: code.addresses[0], space: "va", code };
  }

  function binaryOf(node: Node & { op: "binary" }): Spaced {
    const [left, right] = [valueOf(node.left), valueOf(node.right)];
    if ((node.sign === "/" || node.sign === "%") && right.value === 0n) {
      throw CommandError.at(node.at, "division by zero");
    }
    const moved = pointerSum(node, left, right);
    if (moved !== undefined) return moved;
    const value = BINARY[node.sign](left.value, right.value, node.sign, node.at);
    // Of two addresses, `a - b` is a distance.
    const both = left.space !== undefined && right.space !== undefined;
    const space = KEEPS_SPACE.has(node.sign) && !both ? left.space ?? right.space : undefined;
    return { value, space };
  }

  /** A pointer and a number: it moves by so many of what it leads to. */
  function pointerSum(
    { sign, at }: Node & { op: "binary" },
    left: Spaced,
    right: Spaced,
  ): Spaced | undefined {
    if (sign !== "+" && sign !== "-") return undefined;
    const pointer = (one: Spaced) => {
      const type = one.c && bare(one.c.type);
      return type?.kind === "pointer" ? one.c : undefined;
    };
    const [a, b] = [pointer(left), pointer(right)];
    if (a === undefined && (b === undefined || sign === "-")) return undefined;
    const size = BigInt(leadsTo((a ?? b)!));
    if (a !== undefined && b !== undefined) {
      return sign === "-" ? plain((left.value - right.value) / size) : undefined;
    }
    const by = (a === undefined ? left : right).value * size;
    const from = (a === undefined ? right : left).value;
    const { type } = (a ?? b)!;
    return inC(at, () => names.c.cast(type, (a ?? b)!.pid, sign === "-" ? from - by : from + by));
  }

  /** Bytes of what a pointer leads to. */
  function leadsTo({ type }: CValue): number {
    const pointer = bare(type);
    return (pointer?.kind === "pointer" && pointer.to?.size) || 1;
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
    const known = [...names.names()];
    const register = `$${name.toLowerCase()}`;
    const hint = what === "symbol" && known.includes(name)
      ? `; ${name}(…) is a function`
      : what === "symbol" && known.includes(register)
      ? `; did you mean ${register}?`
      : what === "symbol" && /^[0-9a-f_]+$/i.test(name)
      ? `; did you mean 0x${name.toLowerCase()}?`
      : didYouMean(name, known);
    throw CommandError.at(at, `no ${what} ${name}${hint}`);
  }

  const found = valueOf(tree.root);
  return {
    get value() {
      return found.value;
    },
    pid: rootPid(tree, outer),
    space: found.space,
    ...(found.c === undefined ? {} : { c: found.c }),
    ...(found.code === undefined ? {} : { code: found.code }),
  };
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

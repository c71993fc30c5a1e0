/**
 * Expressions in arguments: 64-bit values with C's operators and precedence. A line becomes a small
 * tree, and the tree a number; nothing is ever evaluated as code.
 *
 *     expr := [PID ":"] or          or := and { "||" and } … down to unary - ~ ! +
 *     term := 0xHEX | 0bBIN | DEC | NUM{K|M|G} | $reg | $csr | $_ | symbol | f(expr {, expr}) | (expr)
 *
 * @module
 */

import { CommandError } from "./errors.ts";
import { didYouMean } from "./nearest.ts";

/** Where an expression's names get their values. Every function is asked with the process in force, or undefined for the current one. */
export interface Resolver {
  /** A general register, `pc`, or a CSR; undefined when there is none of that name. */
  register(name: string, pid: number | undefined): bigint | undefined;
  /** A program's symbol. */
  symbol(name: string, pid: number | undefined): bigint | undefined;
  /** `f(…)`: `pa`, `va`, `u64` and whatever else there is; undefined when there is no such function. */
  call(name: string, args: readonly bigint[], pid: number | undefined): bigint | undefined;
  /** `$_`. */
  readonly last: bigint;
  /** Names for suggestions. */
  names(): Iterable<string>;
}

/** A value, and the process that `PID:` named, if any. */
export interface Evaluated {
  value: bigint;
  pid: number | undefined;
}

type Node =
  | { op: "number"; value: bigint }
  | { op: "register" | "symbol"; name: string; at: number }
  | { op: "call"; name: string; args: Tree[]; at: number }
  | { op: "unary"; sign: string; of: Node }
  | { op: "binary"; sign: string; left: Node; right: Node; at: number }
  | { op: "tree"; tree: Tree };

/** A parsed expression: the process in front of the colon, and the rest. */
export interface Tree {
  readonly pid: number | undefined;
  readonly root: Node;
}

interface Token {
  kind: "number" | "name" | "register" | "sign" | "end";
  text: string;
  at: number;
}

const TOKEN =
  /\s*(?:(0x[\w]*|\d[\w]*)|(\$[\w]+)|([A-Za-z_.][\w.]*)|(<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>():,]))/y;
const LEVELS = [
  ["||"],
  ["&&"],
  ["|"],
  ["^"],
  ["&"],
  ["==", "!="],
  ["<", "<=", ">", ">="],
  [
    "<<",
    ">>",
  ],
  ["+", "-"],
  ["*", "/", "%"],
];
/** Deeper ones are no human's, and would overflow the host's stack. */
const MAX_DEPTH = 200;
const UNITS: Record<string, bigint> = { K: 1n << 10n, M: 1n << 20n, G: 1n << 30n };

/** A number as people write it here: `0x3ff`, `0b11`, `42`, `64K`; `_` may group digits. Undefined when it is none. */
export function parseNumber(text: string): bigint | undefined {
  const plain = text.replaceAll("_", "");
  if (/^0x[0-9a-f]+$/i.test(plain) || /^0b[01]+$/i.test(plain)) return BigInt(plain.toLowerCase());
  const decimal = /^(\d+)([KMG]?)$/i.exec(plain);
  return decimal ? BigInt(decimal[1]) * (UNITS[decimal[2].toUpperCase()] ?? 1n) : undefined;
}

/** What is wrong with a word that starts like a number, and what was likely meant. */
function badNumber(text: string, at: number): CommandError {
  const meant = /^[0-9a-f_]+$/i.test(text)
    ? `0x${text.toLowerCase()}`
    : /^0x[0-9a-z]/i.test(text) || /^0b/i.test(text)
    ? undefined
    : text.replace(/[^\d].*$/, "");
  const hint = meant === undefined || meant === "" ? "" : `; did you mean ${meant}?`;
  return new CommandError(`${text} is not a number${hint}`, undefined, at);
}

function tokens(source: string, base: number): Token[] {
  const list: Token[] = [];
  let position = 0;
  while (source.slice(position).trim() !== "") {
    TOKEN.lastIndex = position;
    const match = TOKEN.exec(source);
    if (!match) {
      const at = position + source.slice(position).search(/\S/);
      throw new CommandError(
        `${JSON.stringify(source[at])} has no place in an expression`,
        undefined,
        base + at,
      );
    }
    const text = match[1] ?? match[2] ?? match[3] ?? match[4];
    const kind = match[1] ? "number" : match[2] ? "register" : match[3] ? "name" : "sign";
    list.push({ kind, text, at: base + TOKEN.lastIndex - text.length });
    position = TOKEN.lastIndex;
  }
  list.push({ kind: "end", text: "the end", at: base + source.length });
  return list;
}

/**
 * Parses an expression.
 *
 * @param source the text
 * @param base offset of the text in the line, for error positions
 * @throws {CommandError} with the position and, where one is near, what was likely meant
 */
export function parseExpression(source: string, base = 0): Tree {
  const list = tokens(source, base);
  let next = 0;
  let depth = 0;
  const is = (sign: string) => list[next].kind === "sign" && list[next].text === sign;
  const unexpected = () => {
    const t = list[next];
    const what = t.kind === "end" ? "the expression stops too early" : `${t.text} is out of place`;
    return new CommandError(`${what} in ${JSON.stringify(source.trim())}`, undefined, t.at);
  };
  const expect = (sign: string) => {
    if (!is(sign)) throw unexpected();
    next++;
  };

  function tree(): Tree {
    const [first, colon] = [list[next], list[next + 1]];
    if (first.kind === "number" && colon?.kind === "sign" && colon.text === ":") {
      const pid = parseNumber(first.text);
      if (pid === undefined) throw badNumber(first.text, first.at);
      next += 2;
      return { pid: Number(pid), root: binary(0) };
    }
    return { pid: undefined, root: binary(0) };
  }

  function binary(level: number): Node {
    if (level === LEVELS.length) return unary();
    let left = binary(level + 1);
    while (list[next].kind === "sign" && LEVELS[level].includes(list[next].text)) {
      const { text: sign, at } = list[next++];
      left = { op: "binary", sign, left, right: binary(level + 1), at };
    }
    return left;
  }

  function unary(): Node {
    if (++depth > MAX_DEPTH) {
      throw new CommandError(
        `more than ${MAX_DEPTH} levels of brackets and signs`,
        undefined,
        base,
      );
    }
    try {
      return signed();
    } finally {
      depth--;
    }
  }

  function signed(): Node {
    for (const sign of ["-", "~", "!", "+"]) {
      if (is(sign)) {
        next++;
        return { op: "unary", sign, of: unary() };
      }
    }
    return term();
  }

  function term(): Node {
    const t = list[next];
    if (is("(")) {
      next++;
      const inner = tree();
      expect(")");
      return { op: "tree", tree: inner };
    }
    if (t.kind === "end" || t.kind === "sign") throw unexpected();
    next++;
    if (t.kind === "register") return { op: "register", name: t.text.slice(1), at: t.at };
    if (t.kind === "number") {
      const value = parseNumber(t.text);
      if (value === undefined) throw badNumber(t.text, t.at);
      return { op: "number", value };
    }
    if (!is("(")) return { op: "symbol", name: t.text, at: t.at };
    next++;
    const args: Tree[] = [];
    if (!is(")")) {
      args.push(tree());
      while (is(",")) {
        next++;
        args.push(tree());
      }
    }
    expect(")");
    return { op: "call", name: t.text, args, at: t.at };
  }

  const whole = tree();
  if (list[next].kind !== "end") throw unexpected();
  return whole;
}

const truth = (b: boolean) => (b ? 1n : 0n);

function shift(left: bigint, right: bigint, sign: string, at: number): bigint {
  if (right < 0n || right > 63n) {
    throw new CommandError(`${sign} by ${right}: a 64-bit value shifts by 0 to 63`, undefined, at);
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

/** The tree's value; `PID:` in front holds for everything behind it. */
export function evaluateTree(tree: Tree, names: Resolver, outer?: number): Evaluated {
  const pid = tree.pid ?? outer;

  function value(node: Node): bigint {
    switch (node.op) {
      case "number":
        return node.value;
      case "tree":
        return evaluateTree(node.tree, names, pid).value;
      case "unary": {
        const of = value(node.of);
        return node.sign === "-"
          ? -of
          : node.sign === "~"
          ? ~of
          : node.sign === "!"
          ? truth(of === 0n)
          : of;
      }
      case "binary": {
        const [left, right] = [value(node.left), value(node.right)];
        if ((node.sign === "/" || node.sign === "%") && right === 0n) {
          throw new CommandError("division by zero", undefined, node.at);
        }
        return BINARY[node.sign](left, right, node.sign, node.at);
      }
      case "register":
        return node.name === "_" ? names.last : names.register(node.name.toLowerCase(), pid) ??
          unknown("register", "$" + node.name, node.at);
      case "symbol":
        return names.symbol(node.name, pid) ?? unknown("symbol", node.name, node.at);
      case "call": {
        const args = node.args.map((a) => evaluateTree(a, names, pid));
        // pa(3:0x4000): the process named inside is the one that the function is about.
        const about = args[0]?.pid ?? pid;
        return names.call(node.name, args.map((a) => a.value), about) ??
          unknown("function", node.name, node.at);
      }
    }
  }

  function unknown(what: string, name: string, at: number): never {
    const hint = what === "symbol" && /^[0-9a-f_]+$/i.test(name)
      ? `; did you mean 0x${name.toLowerCase()}?`
      : didYouMean(name.replace("$", ""), names.names());
    throw new CommandError(`no ${what} ${name}${hint}`, undefined, at);
  }

  return { value: value(tree.root), pid: rootPid(tree, outer) };
}

/** `(3:0x4000)` is still an address of process 3. */
function rootPid(tree: Tree, outer: number | undefined): number | undefined {
  if (tree.pid !== undefined) return tree.pid;
  return tree.root.op === "tree" ? rootPid(tree.root.tree, outer) : outer;
}

/** The two sides of a comparison, `a == b`; undefined for any other expression. */
export function sidesOf(tree: Tree): { left: Tree; sign: string; right: Tree } | undefined {
  const { root, pid } = tree;
  if (root.op !== "binary" || !["==", "!=", "<", "<=", ">", ">="].includes(root.sign)) {
    return undefined;
  }
  return { left: { pid, root: root.left }, sign: root.sign, right: { pid, root: root.right } };
}

/** Parses and evaluates in one go. */
export function evaluate(source: string, names: Resolver, base = 0): Evaluated {
  return evaluateTree(parseExpression(source, base), names);
}

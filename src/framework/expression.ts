/**
 * Expressions in arguments: 64-bit values with C's operators and precedence. A line becomes a small
 * tree here, and the tree a number in `evaluate.ts`; nothing is ever evaluated as code.
 *
 *     expr := [PID ":"] or          or := and { "||" and } … down to unary - ~ ! +
 *     term := 0xHEX | 0bBIN | DEC | NUM{K|M|G|T} | $reg | $csr | $_ | $__
 *           | symbol | f(expr {, expr}) | (expr)
 */

import { CommandError } from "./errors.ts";
import { notANumber, parseNumber } from "../vm/numbers.ts";

/** A piece of an expression. */
export type Node =
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
  /** As it was typed, for messages. */
  readonly source: string;
}

interface Token {
  kind: "number" | "name" | "register" | "sign" | "end";
  text: string;
  at: number;
}

const NUMBER = /0x\w*|\d\w*(?:\.\d\w*)?/;
const REGISTER = /\$\w+/;
const NAME = /[A-Za-z_.][\w.]*/;
const SIGN = /<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>():,]/;
const KINDS = [NUMBER, REGISTER, NAME, SIGN].map(({ source }) => `(${source})`);
/** One of them, and the blanks before it. */
const TOKEN = new RegExp(`\\s*(?:${KINDS.join("|")})`, "y");
/** The binary operators, those that bind least first. */
const LEVELS = [
  ["||"],
  ["&&"],
  ["|"],
  ["^"],
  ["&"],
  ["==", "!="],
  ["<", "<=", ">", ">="],
  ["<<", ">>"],
  ["+", "-"],
  ["*", "/", "%"],
];
/** Deeper ones are no human's, and would overflow the host's stack. */
const MAX_DEPTH = 200;

function tokens(source: string, base: number): Token[] {
  const list: Token[] = [];
  let position = 0;
  while (source.slice(position).trim() !== "") {
    TOKEN.lastIndex = position;
    const match = TOKEN.exec(source);
    if (!match) {
      const at = position + source.slice(position).search(/\S/);
      const hint = source[at] === "=" ? "; did you mean ==?" : "";
      throw CommandError.at(
        base + at,
        `${JSON.stringify(source[at])} has no place in an expression${hint}`,
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
    return CommandError.at(t.at, `${what} in ${JSON.stringify(source.trim())}`);
  };
  const expect = (sign: string) => {
    if (!is(sign)) throw unexpected();
    next++;
  };

  function tree(): Tree {
    const [first, colon] = [list[next], list[next + 1]];
    const whole = (pid: number | undefined): Tree => {
      const root = binary(0);
      return { pid, root, source: source.slice(first.at - base, list[next].at - base).trim() };
    };
    if (first.kind === "number" && colon?.kind === "sign" && colon.text === ":") {
      const pid = parseNumber(first.text);
      if (pid === undefined) {
        throw CommandError.at(first.at, notANumber(first.text));
      }
      next += 2;
      return whole(Number(pid));
    }
    return whole(undefined);
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
      throw CommandError.at(base, `more than ${MAX_DEPTH} levels of brackets and signs`);
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
      if (value === undefined) throw CommandError.at(t.at, notANumber(t.text));
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

/** The two sides of a comparison, `a == b`; undefined for any other expression. */
export function sidesOf(tree: Tree): { left: Tree; sign: string; right: Tree } | undefined {
  const { root, pid, source } = tree;
  if (root.op !== "binary" || !["==", "!=", "<", "<=", ">", ">="].includes(root.sign)) {
    return undefined;
  }
  return {
    left: { pid, root: root.left, source },
    sign: root.sign,
    right: { pid, root: root.right, source },
  };
}

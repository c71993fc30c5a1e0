/**
 * Expressions in arguments: 64-bit values with C's operators and precedence. A line becomes a small
 * tree here, and the tree a number in `evaluate.ts`; nothing is ever evaluated as code.
 *
 *     expr := [PID ":"] or          or := and { "||" and } … down to unary - ~ ! + * & (type)
 *     term := 0xHEX | 0bBIN | DEC | NUM{K|M|G|T} | $reg | $csr | $_ | $__ | FILE.c:LINE
 *           | symbol | f(expr {, expr}) | (expr) | sizeof(type)
 *     behind a term: .field  ->field  [expr]
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
  | { op: "line"; file: string; line: number; at: number }
  | { op: "field"; of: Node; name: string; at: number }
  | { op: "index"; of: Node; index: Tree; at: number }
  | { op: "deref" | "address"; of: Node; at: number }
  | { op: "cast"; type: string; of: Node; at: number }
  | { op: "sizeof"; type: string; at: number }
  | { op: "tree"; tree: Tree };

/** A parsed expression: the process in front of the colon, and the rest. */
export interface Tree {
  readonly pid: number | undefined;
  readonly root: Node;
  /** As it was typed, for messages. */
  readonly source: string;
}

interface Token {
  kind: "line" | "number" | "name" | "register" | "sign" | "end";
  text: string;
  at: number;
}

/** A line of a source file: `trap.c:38`, `kernel/trap.c:38`. */
const LINE = /[A-Za-z_./][\w./-]*\.[chsS]:\d+/;
const NUMBER = /0x\w*|\d\w*(?:\.\d\w*)?/;
const REGISTER = /\$\w+/;
const NAME = /[A-Za-z_.][\w.]*/;
const SIGN = /->|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>():,[\]]/;
const KINDS = [LINE, NUMBER, REGISTER, NAME, SIGN].map(({ source }) => `(${source})`);
const TOKENS = ["line", "number", "register", "name", "sign"] as const;
/** One of them, and the blanks before it. */
const TOKEN = new RegExp(`\\s*(?:${KINDS.join("|")})`, "y");
/** Words that only a type begins with; others are one where a star or a value follows. */
const TYPE_WORDS = new Set(
  "struct union enum unsigned signed int char long short void uint uchar ushort uint8 uint16 uint32 uint64 pte_t pde_t pagetable_t"
    .split(" "),
);
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
    const found = match.findIndex((text, i) => i > 0 && text !== undefined);
    const text = match[found];
    list.push({ kind: TOKENS[found - 1], text, at: base + TOKEN.lastIndex - text.length });
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
    const { at } = list[next];
    if (is("*") || is("&")) {
      const op = list[next++].text === "*" ? "deref" : "address";
      return { op, of: unary(), at };
    }
    const type = is("(") ? typeIn(next + 1) : undefined;
    if (type !== undefined && isCast(type)) {
      next = type.end + 1;
      return { op: "cast", type: type.name, of: unary(), at };
    }
    return behind(term());
  }

  /** The type that stands from a token on up to a closing bracket. */
  function typeIn(from: number): { name: string; end: number; stars: number } | undefined {
    let end = from;
    const words: string[] = [];
    while (list[end].kind === "name" && !list[end].text.includes(".")) words.push(list[end++].text);
    let stars = 0;
    while (list[end].kind === "sign" && list[end].text === "*") [stars, end] = [stars + 1, end + 1];
    if (words.length === 0 || list[end].text !== ")") return undefined;
    return { name: `${words.join(" ")}${"*".repeat(stars)}`, end, stars };
  }

  /** Whether a type in brackets is one: `(a) - b` is a difference, `(uint64) x` is not. */
  function isCast({ name, end, stars }: { name: string; end: number; stars: number }): boolean {
    if (stars > 0 || TYPE_WORDS.has(name.split(" ")[0])) return true;
    const { kind, text } = list[end + 1];
    return kind === "number" || kind === "name" || kind === "register" || text === "(";
  }

  /** What stands behind a term: `.field`, `->field`, `[index]`, as often as one likes. */
  function behind(of: Node): Node {
    for (let node = of;;) {
      const { kind, text, at } = list[next];
      if (kind === "name" && text.startsWith(".")) {
        next++;
        node = fields(node, text.slice(1), at);
      } else if (is("->")) {
        const named = list[next + 1];
        if (named.kind !== "name") throw unexpected();
        next += 2;
        node = fields(node, named.text, named.at);
      } else if (is("[")) {
        next++;
        const index = tree();
        expect("]");
        node = { op: "index", of: node, index, at };
      } else return node;
    }
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
    if (t.kind === "line") {
      const colon = t.text.lastIndexOf(":");
      return {
        op: "line",
        file: t.text.slice(0, colon),
        line: Number(t.text.slice(colon + 1)),
        at: t.at,
      };
    }
    const size = t.text === "sizeof" && is("(") ? typeIn(next + 1) : undefined;
    if (size !== undefined) {
      next = size.end + 1;
      return { op: "sizeof", type: size.name, at: t.at };
    }
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

/** A field of a field of …: `a.b` is one word. */
function fields(of: Node, names: string, at: number): Node {
  return names.split(".").reduce<Node>((node, name) => ({ op: "field", of: node, name, at }), of);
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

/**
 * Mutation points of a source file: what each operator would change, found in the syntax tree. Types, imports,
 * strings and whatever only words an error are left alone.
 *
 * @module
 */

import ts from "typescript";
import { type Mutant, places } from "./mutant.ts";

/** A piece of source and what stands there instead. */
interface Edit {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const K = ts.SyntaxKind;

/** Binary operators, and what is written by mistake. */
const SWAPS: readonly [name: string, from: ts.SyntaxKind, to: readonly string[]][] = [
  ["comparison", K.LessThanToken, ["<="]],
  ["comparison", K.LessThanEqualsToken, ["<"]],
  ["comparison", K.GreaterThanToken, [">="]],
  ["comparison", K.GreaterThanEqualsToken, [">"]],
  ["comparison", K.EqualsEqualsEqualsToken, ["!=="]],
  ["comparison", K.ExclamationEqualsEqualsToken, ["==="]],
  ["arithmetic", K.PlusToken, ["-"]],
  ["arithmetic", K.MinusToken, ["+"]],
  ["arithmetic", K.AsteriskToken, ["/"]],
  ["arithmetic", K.SlashToken, ["*"]],
  ["arithmetic", K.PercentToken, ["/"]],
  ["logic", K.AmpersandAmpersandToken, ["||"]],
  ["logic", K.BarBarToken, ["&&"]],
  ["mask", K.AmpersandToken, ["|"]],
  ["mask", K.BarToken, ["&"]],
  ["mask", K.CaretToken, ["|"]],
  ["shift", K.LessThanLessThanToken, [">>"]],
  ["shift", K.GreaterThanGreaterThanToken, ["<<"]],
  ["shift", K.GreaterThanGreaterThanGreaterThanToken, [">>"]],
  ["assignment", K.PlusEqualsToken, ["-="]],
  ["assignment", K.MinusEqualsToken, ["+="]],
  ["assignment", K.BarEqualsToken, ["&="]],
  ["assignment", K.AmpersandEqualsToken, ["|="]],
];

/** Longer pieces are not taken: what a person could not see at a glance is no use in a list of survivors. */
const MOST_LINES = 8;

/** Every mutant of a source file, in the order of the text. */
export function mutantsOf(path: string, source: string): Mutant[] {
  const tree = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  const edits: Edit[] = [];
  const visit = (node: ts.Node) => {
    if (isSkipped(node)) return;
    edits.push(...editsAt(node, tree));
    ts.forEachChild(node, visit);
  };
  visit(tree);
  const lines = source.split("\n");
  const mutants = edits.map((edit) => toMutant(path, source, lines, tree, edit));
  return mutants.filter((m) => m.before.length <= MOST_LINES);
}

function isSkipped(node: ts.Node): boolean {
  return ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isExportDeclaration(node) ||
    ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) ||
    ts.isThrowStatement(node) || ts.isTemplateExpression(node) || ts.isStringLiteralLike(node);
}

/** Whether an expression is text as far as the syntax shows. */
function isText(node: ts.Expression): boolean {
  if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) return true;
  return ts.isBinaryExpression(node) && (isText(node.left) || isText(node.right));
}

function* editsAt(node: ts.Node, tree: ts.SourceFile): Generator<Edit> {
  const at = (name: string, part: ts.Node, text: string): Edit => {
    return { name, start: part.getStart(tree), end: part.getEnd(), text };
  };
  if (ts.isBinaryExpression(node)) yield* binaryEdits(node, at);
  else if (ts.isNumericLiteral(node)) yield* literalEdits(node, at);
  else if (ts.isBigIntLiteral(node)) yield* literalEdits(node, at);
  else if (node.kind === K.TrueKeyword) yield at("boolean", node, "false");
  else if (node.kind === K.FalseKeyword) yield at("boolean", node, "true");
  else if (ts.isPostfixUnaryExpression(node) || ts.isPrefixUnaryExpression(node)) {
    yield* unaryEdits(node, at);
  } else if (ts.isIfStatement(node)) {
    yield at("condition", node.expression, `!(${node.expression.getText(tree)})`);
    if (node.elseStatement) {
      yield { ...at("else", node.elseStatement, ""), start: node.thenStatement.getEnd() };
    }
  } else if (ts.isConditionalExpression(node)) {
    yield at("condition", node.condition, `!(${node.condition.getText(tree)})`);
  } else if (ts.isExpressionStatement(node)) {
    if (isEffect(node.expression)) yield at("statement", node, ";");
  } else if (ts.isCallExpression(node)) {
    const called = node.expression.getText(tree);
    if (called === "Math.min") yield at("bound", node.expression, "Math.max");
    if (called === "Math.max") yield at("bound", node.expression, "Math.min");
  } else if (ts.isBlock(node) && isProcedure(node)) {
    const first = node.statements[0];
    yield at("return", first, `return; ${first.getText(tree)}`);
  }
}

type At = (name: string, part: ts.Node, text: string) => Edit;

function* binaryEdits(node: ts.BinaryExpression, at: At): Generator<Edit> {
  const { operatorToken: token, left, right } = node;
  if (isText(left) || isText(right)) return;
  for (const [name, from, to] of SWAPS) {
    if (token.kind === from) { for (const text of to) yield at(name, token, text); }
  }
  // A flag forgotten: `a | b` is `a`; a mask forgotten: `a & b` is `a`.
  if (token.kind === K.BarToken || token.kind === K.AmpersandToken) {
    yield at("dropped", node, left.getText());
  }
}

function* literalEdits(node: ts.NumericLiteral | ts.BigIntLiteral, at: At): Generator<Edit> {
  const text = node.getText();
  const big = text.endsWith("n");
  const value = Number(text.replaceAll("_", "").replace(/n$/, ""));
  if (!Number.isSafeInteger(value)) return;
  const hex = text.startsWith("0x");
  const write = (n: number) => (hex ? `0x${n.toString(16)}` : String(n)) + (big ? "n" : "");
  yield at("constant", node, write(value + 1));
  if (value > 0) yield at("constant", node, write(value - 1));
}

function* unaryEdits(
  node: ts.PostfixUnaryExpression | ts.PrefixUnaryExpression,
  at: At,
): Generator<Edit> {
  const operand = node.operand.getText();
  if (node.operator === K.PlusPlusToken || node.operator === K.MinusMinusToken) {
    const other = node.operator === K.PlusPlusToken ? "--" : "++";
    yield at("step", node, ts.isPostfixUnaryExpression(node) ? operand + other : other + operand);
  } else if (node.operator === K.ExclamationToken) {
    yield at("condition", node, operand);
  } else if (node.operator === K.TildeToken) {
    yield at("mask", node, operand);
  }
}

/** Whether a statement's expression is there for its effect: a call, an assignment, a step. */
function isEffect(node: ts.Expression): boolean {
  if (ts.isCallExpression(node)) return node.expression.kind !== K.SuperKeyword;
  if (ts.isPostfixUnaryExpression(node) || ts.isPrefixUnaryExpression(node)) return true;
  if (ts.isDeleteExpression(node)) return true;
  return ts.isBinaryExpression(node) && node.operatorToken.kind >= K.FirstAssignment &&
    node.operatorToken.kind <= K.LastAssignment;
}

/** Whether a block is the body of a function that returns no value. */
function isProcedure(block: ts.Block): boolean {
  const { parent } = block;
  if (!ts.isFunctionLike(parent) || ts.isConstructorDeclaration(parent)) return false;
  if (block.statements.length === 0 || ("asteriskToken" in parent && parent.asteriskToken)) {
    return false;
  }
  let isValued = false;
  const visit = (node: ts.Node) => {
    if (ts.isFunctionLike(node)) return;
    if (ts.isReturnStatement(node) && node.expression) isValued = true;
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(block, visit);
  return !isValued;
}

/** The edit as whole lines, with the number of their place where they stand more than once. */
function toMutant(
  path: string,
  source: string,
  lines: readonly string[],
  tree: ts.SourceFile,
  edit: Edit,
): Mutant {
  const first = tree.getLineAndCharacterOfPosition(edit.start).line;
  const last = tree.getLineAndCharacterOfPosition(edit.end).line;
  const starts = tree.getLineStarts();
  const end = starts[last + 1] === undefined ? source.length : starts[last + 1] - 1;
  const changed = source.slice(starts[first], edit.start) + edit.text + source.slice(edit.end, end);
  const before = lines.slice(first, last + 1).map((line) => line.trim());
  const after = changed.split("\n").map((line) => line.trim());
  const found = places(lines, before);
  const nth = found.length > 1 ? { nth: found.indexOf(first) + 1 } : {};
  return { name: edit.name, path, before, after, ...nth };
}

/** The line-by-line difference that `assertEquals` prints. */
import { bold, gray, green, red, white } from "../fmt/colors.ts";

/** One line of a difference: in both texts, only in the actual one, or only in the expected one. */
interface DiffLine {
  /** `removed` is a line of the actual text, `added` one of the expected text. */
  readonly type: "common" | "removed" | "added";
  /** The line without its newline. */
  readonly value: string;
}

/** Cells of a table of common subsequences; for a larger one all lines are shown as changed. */
const LARGEST_TABLE = 4_000_000;
/** Unchanged lines kept on each side of a change when a difference is long. */
const CONTEXT = 10;
/** Differences of at most this many lines are shown whole. */
const SHORT = 200;

/** The shortest edit from `actual` to `expected`, removed lines before added ones. */
function diffLines(actual: readonly string[], expected: readonly string[]): DiffLine[] {
  let start = 0;
  while (start < actual.length && start < expected.length && actual[start] === expected[start]) {
    start++;
  }
  let a = actual.length, b = expected.length;
  while (a > start && b > start && actual[a - 1] === expected[b - 1]) a--, b--;
  const common = (lines: readonly string[]) =>
    lines.map((value): DiffLine => ({ type: "common", value }));
  return [
    ...common(actual.slice(0, start)),
    ...diffMiddle(actual.slice(start, a), expected.slice(start, b)),
    ...common(actual.slice(a)),
  ];
}

function diffMiddle(actual: readonly string[], expected: readonly string[]): DiffLine[] {
  const out: DiffLine[] = [];
  const width = expected.length + 1;
  let i = 0, j = 0;
  if ((actual.length + 1) * width <= LARGEST_TABLE) {
    // table[i][j] = length of the longest common subsequence of actual[i..] and expected[j..]
    const table = new Uint32Array((actual.length + 1) * width);
    for (let r = actual.length - 1; r >= 0; r--) {
      for (let c = expected.length - 1; c >= 0; c--) {
        table[r * width + c] = actual[r] === expected[c]
          ? table[(r + 1) * width + c + 1] + 1
          : Math.max(table[(r + 1) * width + c], table[r * width + c + 1]);
      }
    }
    while (i < actual.length && j < expected.length) {
      if (actual[i] === expected[j]) {
        out.push({ type: "common", value: actual[i] });
        i++, j++;
      } else if (table[(i + 1) * width + j] >= table[i * width + j + 1]) {
        out.push({ type: "removed", value: actual[i++] });
      } else {
        out.push({ type: "added", value: expected[j++] });
      }
    }
  }
  for (; i < actual.length; i++) out.push({ type: "removed", value: actual[i] });
  for (; j < expected.length; j++) out.push({ type: "added", value: expected[j] });
  return out;
}

/** Control characters as escapes, so that a difference in white space can be seen. */
function escapeControls(line: string): string {
  const code = (c: string) =>
    c === "\t" ? "\\t" : c === "\r" ? "\\r" : `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`;
  // deno-lint-ignore no-control-regex -- C0 but for the newline, DEL and C1
  return line.replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, code);
}

/** The lines that follow the first one of a failed `assertEquals`. */
export function diffMessage(actual: string, expected: string, strings: boolean): string {
  const lines = strings
    ? diffLines(splitText(actual), splitText(expected))
    : diffLines(actual.split("\n"), expected.split("\n"));
  const body = shorten(lines).map((line) => typeof line === "string" ? gray(line) : paint(line));
  return [
    "",
    "",
    "",
    `    ${gray(bold("[Diff]"))} ${red(bold("Actual"))} / ${green(bold("Expected"))}`,
    "",
    "",
    ...body,
    "",
  ].join("\n");
}

/** Lines of a string, each with its newline written out when one follows. */
function splitText(text: string): string[] {
  const lines = text.split("\n").map(escapeControls);
  return lines.map((line, i) => i < lines.length - 1 ? `${line}\\n` : line);
}

/** Long runs of unchanged lines become one line that counts them. */
function shorten(lines: readonly DiffLine[]): (DiffLine | string)[] {
  if (lines.length <= SHORT) return [...lines];
  const near = new Uint8Array(lines.length);
  lines.forEach((line, i) => {
    if (line.type !== "common") near.fill(1, Math.max(0, i - CONTEXT), i + CONTEXT + 1);
  });
  const out: (DiffLine | string)[] = [];
  for (let i = 0; i < lines.length;) {
    if (near[i]) {
      out.push(lines[i++]);
      continue;
    }
    const from = i;
    while (i < lines.length && !near[i]) i++;
    out.push(`    ... ${i - from} unchanged lines ...`);
  }
  return out;
}

function paint({ type, value }: DiffLine): string {
  if (type === "common") return white(`    ${value}`);
  return type === "added" ? green(bold(`+   ${value}`)) : red(bold(`-   ${value}`));
}

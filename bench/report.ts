/**
 * How the bench prints what it found.
 *
 * @module
 */

import process from "node:process";

/** A cell: text to the left, numbers as they are given to the right. */
export type Cell = string | number;

/** Prints a title and a table with its columns lined up. */
export function table(title: string, columns: string[], rows: Cell[][]): void {
  const lines = [columns, ...rows].map((row) => row.map(String));
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  console.log(`\n${title}`);
  lines.forEach((line, n) => {
    const cells = line.map((cell, i) => {
      const left = i === 0 || (n > 0 && typeof rows[n - 1]![i] === "string" && /[a-z]/.test(cell));
      return left ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!);
    });
    console.log("  " + cells.join("  ").trimEnd());
  });
}

/** Seconds with as many digits as mean something. */
export function seconds(value: number): string {
  if (value < 1e-3) return `${(value * 1e6).toFixed(value < 1e-5 ? 2 : 0)} us`;
  return value < 1 ? `${(value * 1e3).toFixed(value < 0.1 ? 1 : 0)} ms` : `${value.toFixed(2)} s`;
}

/** Seconds of processor time that something takes: what others do on the machine is left out. */
export function processorTime(body: () => void): number {
  const start = process.cpuUsage();
  body();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

/** A ratio. */
export function times(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)}x`;
}

/** The middle one of some values; between the two middle ones where their number is even. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("no values, no median");
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [(sorted.length - 1) >> 1, sorted.length >> 1];
  return (sorted[low]! + sorted[high]!) / 2;
}

/** The geometric mean of some ratios. */
export function geometricMean(ratios: readonly number[]): number {
  if (ratios.length === 0) throw new RangeError("no ratios, no mean");
  return Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
}

/** The shortest of several runs in seconds, and what the last run gave. */
export async function best<T>(
  tries: number,
  run: () => T | Promise<T>,
): Promise<{ seconds: number; result: T }> {
  let shortest = Infinity;
  let result: T;
  for (let i = 0; i < tries; i++) {
    const start = performance.now();
    result = await run();
    shortest = Math.min(shortest, (performance.now() - start) / 1000);
  }
  return { seconds: shortest, result: result! };
}

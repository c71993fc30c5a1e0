/**
 * Where a scenario is performed: on a terminal, with progress lines, or in a test, with sub-steps;
 * and what becomes of its recording.
 */

import { AssertionError } from "@std/assert";
import { bold, dim, green, red, setColorEnabled, stripAnsiCode } from "@std/fmt/colors";
import { wantsColor } from "../host/color.ts";
import { visible, visibleInColor } from "../host/visible.ts";
import { FileWriter, folderOf } from "../host/file.ts";
import { CastError } from "../record/cast.ts";
import { parseCast } from "../record/parse.ts";

/** Shows the steps of a scenario. */
export interface Stage {
  /** Runs a step; `summary` says afterwards what it did. */
  step<T>(name: string, body: () => Promise<T>, summary: () => string): Promise<T>;
  /** A line, or several, between steps or inside one. */
  say(text: string): void;
}

/** Progress lines on the terminal. */
export class TerminalStage implements Stage {
  readonly #name: string;
  readonly #color = wantsColor();
  #depth = 0;
  #step: string | undefined;

  /** Prints the scenario's name. */
  constructor(name: string) {
    this.#name = name;
    // What it prints of differences, too.
    setColorEnabled(this.#color);
    this.#print(this.#paint(bold, name));
  }

  /** A step with its mark and what it did. */
  async step<T>(name: string, body: () => Promise<T>, summary: () => string): Promise<T> {
    this.#step = name;
    this.#print(`${this.#indent}· ${name}`);
    this.#depth++;
    const value = await body();
    this.#depth--;
    this.#print(`${this.#indent}${this.#paint(green, "✓")} ${this.#paint(dim, summary())}`);
    this.#step = undefined;
    return value;
  }

  /** Explanation, or what the shell printed. */
  say(text: string): void {
    for (const line of text.split("\n")) this.#print(`${this.#indent}${visible(line, "\t")}`);
  }

  /** What became of the recording. */
  note(text: string): void {
    this.#print(this.#paint(dim, text));
  }

  /** All went well. */
  end(): void {
    this.#print(`${this.#paint(green, "✓")} ${this.#name}\n`);
  }

  /** A check failed, or something was thrown. */
  failed(error: unknown): void {
    const where = this.#step === undefined ? this.#name : `${this.#name}: ${this.#step}`;
    const text = error instanceof AssertionError
      ? error.message
      : error instanceof Error
      ? error.stack ?? error.message
      : String(error);
    const place = error instanceof AssertionError ? placeOf(error) : "";
    const shown = this.#color ? visibleInColor(text, "\n\t") : visible(stripAnsiCode(text), "\n\t");
    this.#print(`${this.#paint(red, "✗")} ${where}\n${shown}${place}\n`);
  }

  get #indent(): string {
    return "  ".repeat(this.#depth + 1);
  }

  #paint(color: (text: string) => string, text: string): string {
    return this.#color ? color(text) : text;
  }

  #print(text: string): void {
    console.log(text);
  }
}

/** `\n    at file:///…/script.ts:12:3`: the script's line that checked, not ours. */
function placeOf(error: Error): string {
  const lines = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  const own = lines.find((line) => !/\/src\/(api|std)\//.test(line));
  return own === undefined ? "" : `\n${own}`;
}

/** Sub-steps of a test. */
export class TestStage implements Stage {
  #context: Deno.TestContext | undefined;

  /** For one test; without its context steps are no sub-steps. */
  constructor(context: Deno.TestContext | undefined) {
    this.#context = context;
  }

  /** A sub-step; what it throws ends the scenario, too. */
  async step<T>(name: string, body: () => Promise<T>): Promise<T> {
    const outer = this.#context;
    if (outer === undefined) return await body();
    let value: { readonly of: T } | undefined;
    await outer.step(name, async (t) => {
      this.#context = t;
      try {
        value = { of: await body() };
      } finally {
        this.#context = outer;
      }
    });
    if (value === undefined) throw new Error(`step "${name}" failed`);
    return value.of;
  }

  /** Tests print nothing. */
  say(): void {}
}

/** Writes a recording where that is allowed, over an older one too; says what became of it. */
export function writeRecording(path: string, text: string): string {
  const folder = folderOf(path);
  const rights = [{ name: "read", path: folder }, { name: "write", path: folder }] as const;
  if (rights.some((right) => Deno.permissions.querySync(right).state !== "granted")) {
    return `recording not written: deno run ${rightsFor(path)} would write it`;
  }
  new FileWriter().write(path, new TextEncoder().encode(text), isRecording(path));
  return `recorded in ${path}`;
}

/** The permissions that writing a recording takes: the new one is made beside the old one. */
function rightsFor(path: string): string {
  return `--allow-read=${folderOf(path)} --allow-write=${folderOf(path)}`;
}

/** Whether there is a recording, which a newer one may replace; anything else is kept. */
function isRecording(path: string): boolean {
  try {
    parseCast(Deno.readTextFileSync(path));
    return true;
  } catch (error) {
    if (error instanceof CastError || error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Compares a recording with the one on disk, if that may be read. Throws when they differ. */
export function compareRecording(path: string, text: string): void {
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return;
  let committed: string;
  try {
    committed = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (committed === text) return;
  const [was, is] = [committed.split("\n"), text.split("\n")];
  const at = was.findIndex((line, i) => line !== is[i]);
  throw new AssertionError(
    `the recording is not the one in ${path}; line ${at + 1} was\n${was[at]}\nand is\n${is[at]}\n` +
      `If the new one is right, run the scenario with deno run ${rightsFor(path)}`,
  );
}

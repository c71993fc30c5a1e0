/**
 * A lab's own grading script, run in a copy of a built xv6 tree with one emulator or another in
 * PATH, and what it said.
 *
 * The tree is copied because the script writes into it, and because `fs.img` carries what an
 * earlier run wrote. Nothing of the copy is changed: the emulator is found by its name alone.
 *
 * @module
 */

import { QEMU } from "../../bench/qemu.ts";
import { setsPmp, WITHOUT_PMP } from "../../bench/qemu_xv6.ts";

/** The folder with our launcher, which has QEMU's name. */
export const BIN: string = new URL("../../bin", import.meta.url).pathname;

/** How a grading script went. */
export interface Grade {
  /** Points given; undefined if the script ended without a score. */
  readonly points?: number;
  /** Points that there were. */
  readonly possible?: number;
  /** Wall-clock seconds of the whole script, its `make` included. */
  readonly seconds: number;
  /** For each graded test, in the script's order, whether it passed. */
  readonly verdicts: Readonly<Record<string, boolean>>;
  /** Tests that ended because their time was over. */
  readonly timeouts: number;
  /** The last lines, if there is no score. */
  readonly instead?: string;
}

/** What a grading script's output says; `seconds` is passed on. */
export function parseGrade(text: string, seconds: number): Grade {
  const verdicts: Record<string, boolean> = {};
  // "== Test   simple == \n  simple: OK (0.1s) ", and without a line's end between for a test that
  // has no parent; what the test itself printed may stand before the verdict.
  const titles = new Set([...text.matchAll(/^== Test (.+?) == /gm)].map((found) => found[1]!));
  for (const title of titles) {
    const verdict = new RegExp(`(?:^|== |! )${literal(title)}: (OK|FAIL)\\b`, "m").exec(text);
    if (verdict !== null) verdicts[title.trim()] = verdict[1] === "OK";
  }
  const timeouts = text.match(/Timeout! /g)?.length ?? 0;
  const score = /^Score: (\d+)\/(\d+)$/m.exec(text);
  if (score === null) {
    return {
      seconds,
      verdicts,
      timeouts,
      instead: text.trimEnd().split("\n").slice(-4).join("\n"),
    };
  }
  return { points: +score[1]!, possible: +score[2]!, seconds, verdicts, timeouts };
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** The lab that a tree is configured for: `LAB=cow` in its `conf/lab.mk`. */
export function labOf(tree: string): string {
  const file = `${tree}/conf/lab.mk`;
  const lab = /^LAB\s*=\s*(\w+)/m.exec(Deno.readTextFileSync(file))?.[1];
  if (lab === undefined) throw new Error(`${file}: no line "LAB=name"`);
  return lab;
}

/** The lab trees of a folder by name: those of its folders that have a `conf/lab.mk`. */
export function treesIn(folder: string): string[] {
  const names = [...Deno.readDirSync(folder)].filter((entry) => entry.isDirectory)
    .map((entry) => entry.name).filter((name) => exists(`${folder}/${name}/conf/lab.mk`));
  if (names.length === 0) throw new Error(`${folder}: no xv6 lab tree (NAME/conf/lab.mk) in it`);
  return names.sort();
}

/** Grades a copy of `tree` with the emulator that stands in the folder `bin`. */
export async function gradeTree(tree: string, bin: string): Promise<Grade> {
  const work = await Deno.makeTempDir({ prefix: "xv6-grade-" });
  try {
    // With times kept, so that make has nothing to build.
    await succeed("cp", ["-a", `${tree}/.`, work]);
    const start = performance.now();
    const { stdout } = await new Deno.Command(`${work}/grade-lab-${labOf(work)}`, {
      cwd: work,
      env: { PATH: `${bin}:${Deno.env.get("PATH")}`, PYTHONUNBUFFERED: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).output();
    const seconds = (performance.now() - start) / 1000;
    return parseGrade(new TextDecoder().decode(stdout), seconds);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/**
 * Puts the installed QEMU into `folder`, as a script, with what this tree's kernel needs besides its
 * Makefile's words: see {@link setsPmp}. False if there is none installed.
 */
export async function putQemu(tree: string, folder: string): Promise<boolean> {
  const qemu = installedQemu();
  if (qemu === undefined) return false;
  const words = await setsPmp(tree) ? [] : WITHOUT_PMP;
  const line = ["exec", `'${qemu}'`, ...words, '"$@"'].join(" ");
  await Deno.writeTextFile(`${folder}/${QEMU}`, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  return true;
}

/** The QEMU in PATH: not ours, should that be in it, too. */
export function installedQemu(): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  return folders.filter((folder) => !exists(folder) || !same(folder, BIN))
    .map((folder) => `${folder}/${QEMU}`).find(exists);
}

function same(a: string, b: string): boolean {
  return exists(b) && Deno.realPathSync(a) === Deno.realPathSync(b);
}

async function succeed(command: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args, stdout: "null" }).output();
  if (success) return;
  throw new Error(`${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}

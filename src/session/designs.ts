/**
 * Designs to compare: a fork policy with mechanisms switched on, written `cow+superpages`; and one
 * workload run under a design on a computer of its own.
 */

import { type BootOptions, Vm } from "../vm/vm.ts";
import { CommandError } from "../framework/errors.ts";
import { didYouMean } from "../vm/nearest.ts";
import { POLICY_NAMES } from "../vm/boot_options.ts";
import type { Run } from "../vm/run.ts";

/** What no design has unless it says so, whatever the session was booted with. */
const PLAIN: BootOptions = { superpages: false, superpageCow: "split", exec: "eager", lazy: false };

/** What can stand behind a `+`, and what it does. */
const MECHANISMS: Readonly<Record<string, BootOptions>> = {
  superpages: { superpages: true },
  whole: { superpages: true, superpageCow: "whole" },
  demand: { exec: "demand" },
  lazy: { lazy: true },
};

/** Programs that come with the shell, by the names that say what they are for. */
export const WORKLOADS: Readonly<Record<string, { line: readonly string[]; input?: string }>> = {
  "fork-exec": { line: ["forkexec", "100"] },
  "fork-write-tenth": { line: ["forkwrite", "16"] },
  "shell-pipeline": { line: ["sh"], input: "cat README | grep xv6 | wc\nls | grep test | wc\n" },
  "big-heap": { line: ["bigheap", "32"] },
  "tlb-1M": { line: ["bigheap", "1"] },
  "tlb-8M": { line: ["bigheap", "8"] },
  "tlb-64M": { line: ["bigheap", "64"] },
};

/** What one workload cost under one design. */
export interface Measured {
  readonly design: string;
  /** Exit status; null when it did not finish. */
  readonly status: number | null;
  readonly faults: { readonly fetch: number; readonly load: number; readonly store: number };
  readonly framesCopied: number;
  readonly bytesCopied: number;
  readonly forks: number;
  /** PTEs written and table pages taken by all forks. */
  readonly forkPtes: number;
  readonly forkTables: number;
  /** Most frames in use at a time, beyond those in use before. */
  readonly peakFrames: number;
  readonly instructions: number;
  readonly tlbMisses: number;
  readonly swappedIn: number;
  readonly swappedOut: number;
}

/**
 * The boot options of a design; RAM, swap and the like are the session's. Throws {@linkcode
 * CommandError} for an unknown word.
 */
function designOptions(design: string, base: BootOptions): BootOptions {
  const [policy, ...mechanisms] = design.split("+");
  if (!POLICY_NAMES.includes(policy)) {
    const hint = didYouMean(policy, POLICY_NAMES) || `: ${POLICY_NAMES.join(", ")}`;
    throw new CommandError(`no policy ${policy}${hint}`);
  }
  let options: BootOptions = { ...base, ...PLAIN, policy };
  for (const word of mechanisms) {
    if (!(word in MECHANISMS)) {
      const known = Object.keys(MECHANISMS);
      throw new CommandError(
        `no mechanism ${word}${didYouMean(word, known) || `: ${known.join(", ")}`}`,
      );
    }
    options = { ...options, ...MECHANISMS[word] };
  }
  return options;
}

/** A computer of its own for a design, with the session's disk as it is now. */
function bootDesign(design: string, session: Vm): Vm {
  const { image, fat } = session.disk;
  return new Vm({
    ...designOptions(design, session.options),
    ...(image === undefined ? {} : { fs: image.slice() }),
    ...(fat === undefined ? {} : { fat: fat.slice() }),
  });
}

/** A workload under way on its computer. */
interface Trial {
  readonly vm: Vm;
  readonly run: Run;
  readonly design: string;
  readonly freeBefore: number;
  /** The host's milliseconds in the kernel's fork so far; stays 0 unless it is timed. */
  readonly fork: { ms: number };
}

/** Times each fork of a trial's kernel by the host's clock, which the computer never reads. */
export function timeForks(trial: Trial): void {
  let before = 0;
  trial.vm.observeForks({
    begins: () => before = performance.now(),
    ended: () => trial.fork.ms += performance.now() - before,
  });
}

/** Starts a workload under a design. */
export function startTrial(
  design: string,
  session: Vm,
  line: readonly string[],
  input: string | undefined,
  bytes: Uint8Array | undefined,
): Trial {
  const vm = bootDesign(design, session);
  const freeBefore = vm.free().free;
  if (input !== undefined) vm.type(input + "\x04");
  return { vm, run: vm.start(line[0], line.slice(1), bytes), design, freeBefore, fork: { ms: 0 } };
}

/** What it has cost, once it is over. */
export function measure(trial: Trial): Measured {
  const { vm, run, design } = trial;
  const report = run.report();
  const counters = vm.mark().counters;
  const misses = vm.tlb.counters();
  const all = [misses.read, misses.write, misses.execute].flatMap((c) => [...c.misses]);
  return {
    design,
    status: report.status ?? null,
    faults: { fetch: report.faults[12], load: report.faults[13], store: report.faults[15] },
    framesCopied: report.framesCopied,
    bytesCopied: report.bytesCopied,
    forks: report.forks,
    forkPtes: vm.forkTotals.ptes,
    forkTables: vm.forkTotals.tables,
    peakFrames: trial.freeBefore - vm.census().lowest!,
    instructions: report.instructions,
    tlbMisses: all.reduce((sum, n) => sum + n, 0),
    swappedIn: counters["swap-in"],
    swappedOut: counters["swap-out"],
  };
}

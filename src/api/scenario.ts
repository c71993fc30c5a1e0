/**
 * Scenarios: a story told to a VM step by step, with checks. One body is a program that prints its
 * progress, a test with sub-steps, and a recording.
 */

import { attach, ATTACH_NAMES, type AttachOptions } from "./attach.ts";
import { boot } from "./boot.ts";
import { BOOT_OPTIONS } from "../vm/boot_options.ts";
import { onlyNames } from "../vm/checks.ts";
import { Recording } from "./recording.ts";
import { type LineShell, shellOn } from "./shell.ts";
import { compareRecording, type Stage, TerminalStage, TestStage, writeRecording } from "./stage.ts";
import { effects, summary } from "./summary.ts";
import type { BootOptions, Vm } from "../vm/vm.ts";

/**
 * How a scenario is set up: how its VM boots, and where its recording goes. With `kernel` it is
 * told to somebody's own kernel, and the other options are those of {@link attach}.
 */
export interface ScenarioOptions
  extends BootOptions, Partial<Omit<AttachOptions, "seed" | "quantum" | "mem">> {
  /**
   * A file for the recording, relative to the working directory: asciicast v2, the same bytes on
   * every run. Written by `deno run` when all went well and it may read and write the folder; under
   * `deno test` an existing one is compared.
   */
  record?: string;
}

/** What the body of a scenario gets. */
export interface Scene {
  /** A freshly booted computer. */
  readonly vm: Vm;
  /**
   * One step: a progress line, a sub-step of the test, a marker of the recording. Hands back what
   * its body returns; the line it prints tells what the step did to memory.
   */
  step<T>(name: string, body: () => T | Promise<T>): Promise<T>;
  /** A line of explanation. */
  say(text: string): void;
  /** Runs a line of the shell on the VM and shows it with what it prints. Throws when it fails. */
  shell(line: string): Promise<string>;
}

/** What a scenario does. */
export type ScenarioBody = (scene: Scene) => void | Promise<void>;

/**
 * Tells a story to a freshly booted VM. Under `deno run` each step prints a line, and the exit code
 * is 1 when a check fails; under `deno test` the scenario is a test and each step one of its steps;
 * inside another test it throws what fails. With `record`, a run without failures writes the
 * recording; one that failed leaves none behind.
 *
 * @example
 * ```ts
 * import { expect, scenario } from "@cowsh/cowsh";
 *
 * await scenario("one child write copies one page", { policy: "cow" }, async ({ vm, step }) => {
 *   const parent = await vm.spawn();
 *   const va = await parent.sbrk("4 pages");
 *   await parent.store(va, 42n);
 *   const before = vm.counters();
 *   const child = await step("fork", () => parent.fork());
 *   const frame = parent.pte(va).frame;
 *   expect(frame).toHaveRefcount(2);
 *   expect(frame).toBeMappedBy([parent.at(va), child.at(va)]);
 *   await step("child writes", () => child.store(va, 7n));
 *   expect(vm.since(before).copied).toEqual({ pages: 1, bytes: 4096 });
 *   expect(vm).toPassAudit();
 * });
 * ```
 */
export function scenario(name: string, options: ScenarioOptions, body: ScenarioBody): Promise<void>;
/** Tells a story to a VM booted without options. */
export function scenario(name: string, body: ScenarioBody): Promise<void>;
export async function scenario(
  name: string,
  optionsOrBody: ScenarioOptions | ScenarioBody,
  maybeBody?: ScenarioBody,
): Promise<void> {
  const [options, body] = typeof optionsOrBody === "function"
    ? [{}, optionsOrBody]
    : [optionsOrBody, maybeBody!];
  const names = options.kernel === undefined
    ? BOOT_OPTIONS.map((option) => option.name)
    : ATTACH_NAMES;
  onlyNames("scenario", options, [...names, "record"]);
  const { record, ...bootOptions } = options;
  if (underTest()) {
    const test = async (t?: Deno.TestContext) => {
      const text = await perform(name, bootOptions, body, new TestStage(t));
      if (record !== undefined) compareRecording(record, text);
    };
    if (!registered(name, test)) await test();
    return;
  }
  const stage = new TerminalStage(name);
  try {
    const text = await perform(name, bootOptions, body, stage);
    if (record !== undefined) stage.note(writeRecording(record, text));
    stage.end();
  } catch (error) {
    stage.failed(error);
    Deno.exitCode = 1;
  }
}

/** Tells the story once; the text of its recording. */
async function perform(
  name: string,
  options: BootOptions | AttachOptions,
  body: ScenarioBody,
  stage: Stage,
): Promise<string> {
  const vm = "kernel" in options && options.kernel !== undefined
    ? attach(options)
    : boot(options as BootOptions);
  const recording = new Recording(name);
  let shell: LineShell | undefined;
  const scene: Scene = {
    vm,
    async step(title, run) {
      recording.step(title);
      const mark = vm.mark();
      let done = "";
      const value = await stage.step(title, async () => {
        const value = await run();
        for (const line of effects(vm.events(mark.event))) scene.say(line);
        done = summary(vm.since(mark));
        return value;
      }, () => done);
      recording.done(done);
      return value;
    },
    say(text) {
      recording.say(text);
      stage.say(text);
    },
    async shell(line) {
      shell ??= await shellOn(vm);
      const { output, status } = await shell.run(line);
      recording.line(line, output);
      stage.say(`> ${line}\n${output.trimEnd()}`);
      if (status !== 0) throw new Error(`the line "${line}" failed: ${output.trim()}`);
      return output;
    },
  };
  await body(scene);
  return recording.toString();
}

/** Makes it a test; false inside of one, which has to perform it itself. */
function registered(name: string, test: (t: Deno.TestContext) => Promise<void>): boolean {
  try {
    Deno.test(name, test);
    return true;
  } catch (error) {
    if (error instanceof TypeError && error.message.includes("Nested")) return false;
    throw error;
  }
}

/** Whether `deno test` runs this: its Deno.test refuses a test without a name. */
function underTest(): boolean {
  try {
    Deno.test("", () => {});
    return false;
  } catch {
    return true;
  }
}

/**
 * Real xv6 on QEMU, or on what stands in its place: boots a tree's kernel on a copy of its disk,
 * types a command, and waits for what it should print.
 *
 * @module
 */

import { QEMU } from "./qemu.ts";

/** The launcher that stands in QEMU's place. */
export const OURS: string = new URL(`../bin/${QEMU}`, import.meta.url).pathname;
const PROMPT = "$ ";

/** How a command went. */
export interface Transcript {
  /** Seconds from typing the command to the awaited text. */
  readonly seconds: number;
  /** What it printed. */
  readonly text: string;
}

/**
 * Runs `command` in the shell of the tree's kernel, on `emulator` with one hart, until its output
 * matches `end`. Throws if the emulator ends first.
 */
export async function onTree(
  emulator: string,
  tree: string,
  command: string,
  end: RegExp,
): Promise<Transcript> {
  let text = "";
  let typed: number | undefined;
  await session(emulator, tree, 1, async (said, type) => {
    text += said;
    if (typed === undefined && text.endsWith(PROMPT)) {
      text = "";
      typed = performance.now();
      await type(command + "\n");
    }
    return typed !== undefined && end.test(text);
  });
  return { seconds: (performance.now() - typed!) / 1000, text };
}

/** Seconds from the start of `emulator`'s process to the shell's first prompt, on so many harts. */
export async function promptSeconds(emulator: string, tree: string, harts: number) {
  let text = "";
  const start = performance.now();
  let prompt = start;
  await session(emulator, tree, harts, (said) => {
    text += said;
    prompt = performance.now();
    return text.endsWith(PROMPT);
  });
  return (prompt - start) / 1000;
}

/** What is done with output: true to end the session. */
type Listener = (said: string, type: (text: string) => Promise<void>) => boolean | Promise<boolean>;

async function session(emulator: string, tree: string, harts: number, listen: Listener) {
  const folder = await Deno.makeTempDir();
  const disk = `${folder}/fs.img`;
  await Deno.copyFile(`${tree}/fs.img`, disk);
  const drive = ["-drive", `file=${disk},if=none,format=raw,id=x0`];
  const cpu = await setsPmp(tree) ? [] : WITHOUT_PMP;
  const child = new Deno.Command(emulator, {
    args: [...await machineArgs(tree, harts), ...drive, ...emulator === QEMU ? cpu : []],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const keys = child.stdin.getWriter();
  const type = (text: string) => keys.write(new TextEncoder().encode(text));
  let last = "";
  try {
    for await (const bytes of child.stdout) {
      last = new TextDecoder("latin1").decode(bytes);
      if (await listen(last, type)) return;
    }
    throw new Error(`${emulator} ended before its time: ${last.slice(-200)}`);
  } finally {
    child.kill("SIGKILL");
    // The pipe may be closed already by the process that it led to.
    await keys.close().catch((error) => {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    });
    await child.status;
    await Deno.remove(folder, { recursive: true });
  }
}

/** As the tree's own Makefile starts QEMU. */
async function machineArgs(tree: string, harts: number): Promise<string[]> {
  const args = ["-machine", "virt", "-bios", "none", "-m", "128M", "-smp", `${harts}`];
  args.push("-nographic", "-kernel", `${tree}/kernel/kernel`);
  args.push("-device", "virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0");
  if ((await Deno.readTextFile(`${tree}/Makefile`)).includes("force-legacy=false")) {
    args.push("-global", "virtio-mmio.force-legacy=false");
  }
  return args;
}

/**
 * Whether a tree's kernel allows lower modes anything. Those of before 2021 leave physical memory
 * protection alone, which QEMU since 6.0 takes by the letter of the specification, as "nothing is
 * allowed": such a kernel never starts.
 */
export async function setsPmp(tree: string): Promise<boolean> {
  return (await Deno.readTextFile(`${tree}/kernel/start.c`)).includes("pmpaddr0");
}

/** What gives a kernel that does not the QEMU that its students had. */
export const WITHOUT_PMP = ["-cpu", "rv64,pmp=false"] as const;

/**
 * Real xv6 on QEMU: boots a tree's kernel on a copy of its disk, types a command, and waits for
 * what it should print.
 *
 * @module
 */

const PROMPT = "$ ";

/** How a command went. */
export interface Transcript {
  /** Seconds from typing the command to the awaited text. */
  readonly seconds: number;
  /** What it printed. */
  readonly text: string;
}

/** Runs `command` in the tree's shell until its output matches `end`; throws if QEMU ends first. */
export async function onQemu(tree: string, command: string, end: RegExp): Promise<Transcript> {
  const folder = await Deno.makeTempDir();
  const disk = `${folder}/fs.img`;
  await Deno.copyFile(`${tree}/fs.img`, disk);
  const child = new Deno.Command("qemu-system-riscv64", {
    args: [...await machineArgs(tree), "-drive", `file=${disk},if=none,format=raw,id=x0`],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const keys = child.stdin.getWriter();
  let text = "";
  let typed: number | undefined;
  try {
    for await (const bytes of child.stdout) {
      text += new TextDecoder("latin1").decode(bytes);
      if (typed === undefined && text.endsWith(PROMPT)) {
        text = "";
        typed = performance.now();
        await keys.write(new TextEncoder().encode(command + "\n"));
      } else if (typed !== undefined && end.test(text)) {
        return { seconds: (performance.now() - typed) / 1000, text };
      }
    }
    throw new Error(`QEMU ended before "${command}" was done: ${text.slice(-200)}`);
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

/** As the tree's own Makefile starts QEMU, with one hart. */
async function machineArgs(tree: string): Promise<string[]> {
  const args = ["-machine", "virt", "-bios", "none", "-m", "128M", "-smp", "1", "-nographic"];
  args.push("-kernel", `${tree}/kernel/kernel`);
  args.push("-device", "virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0");
  if ((await Deno.readTextFile(`${tree}/Makefile`)).includes("force-legacy=false")) {
    args.push("-global", "virtio-mmio.force-legacy=false");
  }
  // Before 2021 xv6 left physical memory protection alone, which QEMU takes as "nothing allowed".
  if (!(await Deno.readTextFile(`${tree}/kernel/riscv.h`)).includes("pmpaddr0")) {
    args.push("-cpu", "rv64,pmp=false");
  }
  return args;
}

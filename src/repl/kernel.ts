/**
 * `--kernel ELF`: somebody's own kernel, booted to its prompt, under cowsh's shell. `console` and
 * Ctrl-A c change over between the shell and the guest's console.
 */

import { CommandError, EXIT } from "../framework/errors.ts";
import { isDumb, wantsColor } from "../host/color.ts";
import { size } from "../vm/numbers.ts";
import type { Guest } from "../vm/guest.ts";
import { refusing } from "../session/target.ts";
import { type Booted, GuestBoot } from "../vm/guest_boot.ts";
import type { Vm } from "../vm/vm.ts";
import { breathe, clock, denoFiles, denoTty, output, stderr } from "./deno_host.ts";
import type { Options } from "./flags.ts";
import { GuestDesk } from "./guest_desk.ts";
import { type DeskWord, Mux } from "./guest_mux.ts";
import { shellOf } from "./guest_shell.ts";
import { Hearing } from "./hearing.ts";
import { withSignals } from "./raw.ts";

/** A kernel that has been booted, as far as it came. */
export interface BootedKernel {
  readonly vm: Vm;
  readonly guest: Guest;
  /** It did not come to its prompt: a line that says so, and the exit code of who cannot go on. */
  readonly trouble: { readonly line: string; readonly code: number } | undefined;
  /** What it has said on its console. */
  readonly said: string;
}

/** Instructions of a slice of the boot: some 20 ms. */
const SLICE = 10_000_000;
/** Milliseconds after which somebody wants to know how far it is. */
const PATIENCE_MS = 1000;

/**
 * Boots the kernel of the flags to its prompt; Ctrl-C stops it where it is. With a person in front
 * of it a boot of more than a second says how far it is.
 *
 * @throws {CommandError} exit code 5 for a file that cannot be used
 */
export async function bootKernel(options: Options, person: boolean): Promise<BootedKernel> {
  const boot = await load(options);
  let stopped = false;
  const stop = () => void (stopped = true);
  const begun = clock();
  let told = false;
  const tell = (line: string) => {
    if (told || line !== "") stderr(`\r\x1b[K${line}`);
    told = line !== "";
  };
  Deno.addSignalListener("SIGINT", stop);
  try {
    for (;;) {
      const came = boot.slice(SLICE);
      const { vm, guest } = boot;
      const said = boot.console;
      if (came !== undefined) return { vm, guest, said, trouble: troubleOf(came, options) };
      await breathe();
      if (stopped) {
        const line = `stopped by Ctrl-C while it booted, at instruction ${boot.instret}`;
        return { vm, guest, said, trouble: { line, code: EXIT.interrupted } };
      }
      if (!person || clock() - begun < PATIENCE_MS) continue;
      tell(`booting: ${Math.floor(boot.instret / 1e6)} million instructions; Ctrl-C stops it`);
    }
  } finally {
    tell("");
    Deno.removeSignalListener("SIGINT", stop);
  }
}

async function load({ own, guest, budget, facts }: Options): Promise<GuestBoot> {
  const elf = await denoFiles.read(own.elf!);
  const disk = own.disk === undefined ? undefined : await denoFiles.read(own.disk);
  try {
    const files = { elf: own.elf, disk: own.disk };
    const options = { ...guest, files, facts, ...(disk === undefined ? {} : { disk }) };
    const most = budget === undefined ? undefined : Number(budget);
    return refusing(() => new GuestBoot(elf, options, most), EXIT.usage);
  } catch (error) {
    if (!(error instanceof Error) || !/^(Elf|Disk)Error$/.test(error.name)) throw error;
    const file = error.name === "DiskError" ? own.disk : own.elf;
    throw new CommandError(`${file}: ${error.message}`, EXIT.load);
  }
}

/** What is said of a boot that ended elsewhere than at the prompt. */
function troubleOf({ kind, console }: Booted, { own }: Options): BootedKernel["trouble"] {
  const { elf, disk } = own;
  switch (kind) {
    case "prompt":
      return undefined;
    case "panic": {
      const why = [...console.matchAll(/panic: *(.*)/g)].at(-1)?.[1]?.trim();
      const help = disk === undefined ? "; it had no disk: --disk IMAGE gives it one" : "";
      const line = `${elf}: panicked while it booted${why ? `: ${why}` : ""}${help}`;
      return { line, code: EXIT.guest };
    }
    case "stuck": {
      const line = `${elf}: stands still while it boots: no hart can go on`;
      return { line, code: EXIT.guest };
    }
    case "sleeps": {
      const line = `${elf}: while it boots all its processes sleep, and none for the console`;
      return { line, code: EXIT.guest };
    }
    case "off":
      return { line: `${elf}: turned the machine off while it booted`, code: EXIT.guest };
    case "budget": {
      const line = `${elf}: not at its prompt within the instructions of --budget`;
      return { line, code: EXIT.budget };
    }
  }
}

/** What is said where the guest's machine does not go on; its shell is there to look at it. */
const ENDS = {
  exit: "the guest has turned the machine off; boot goes back to its prompt",
  stuck: "the machine stands still: no hart can go on; boot goes back to its prompt",
  panic: "the guest's kernel has panicked; boot goes back to its prompt",
  budget: "the instructions of --budget are used up",
};

const CTRL_A = 1;
const mux = new Mux<DeskWord>([
  ["h", "help", "print this help"],
  ["x", "exit", "end it all"],
  ["c", "shell", "switch between the guest's console and cowsh's shell"],
], CTRL_A);

/** With a person in front of it: the shell first. */
export async function sitAtKernel(
  { vm, guest, trouble, said }: BootedKernel,
  options: Options,
  version: string,
): Promise<number> {
  const harts = vm.harts === 1 ? "" : `, ${vm.harts} harts`;
  const banner = `cowsh ${version}: ${options.own.elf}, RV64, ${size(vm.ram.size)} RAM${harts}, ` +
    (trouble === undefined ? "at its prompt" : "not at its prompt") +
    "\nhelp lists the commands; console or Ctrl-A c changes to the guest's, and back.\n" +
    (trouble === undefined ? "" : `${trouble.line}\n`);
  return await sitAtGuest(guest, banner, options, said);
}

/**
 * The shell of a guest on our terminal, and its console behind it; the exit code.
 *
 * @param said What it has said on its console: its last line is where one types.
 */
export async function sitAtGuest(
  guest: Guest,
  banner: string,
  options: Partial<Pick<Options, "color" | "json" | "budget">> = {},
  said = "",
): Promise<number> {
  const tty = isDumb() ? undefined : denoTty;
  const raw = { cbreak: false };
  const hearing = new Hearing(["SIGINT", "SIGHUP", "SIGTERM"]);
  const color = wantsColor(options.color);
  const shell = shellOf(guest);
  shell.settings = { json: options.json ?? false, budget: options.budget, ends: true };
  const desk: GuestDesk<DeskWord> = new GuestDesk<DeskWord>({
    guest,
    mux,
    shell: () => Promise.resolve(shell),
    ends: ({ end }) => {
      if (end === "reset") guest.reset();
      else desk.openShell(`${ENDS[end]}\n`);
      return undefined;
    },
    greeting: "cowsh: the machine stands still; console or C-a c goes on\n",
    farewell: "",
    said,
  }, {
    read: hearing.read,
    hearInterrupt: () => hearing.watch(true),
    out: output,
    breathe,
    clock,
    person: true,
    watched: true,
    tty,
    color,
    setRaw: (on) => Deno.stdin.setRaw(on, raw),
  });
  try {
    return await withSignals(
      { SIGHUP: () => 128 + 1, SIGTERM: () => 128 + 15 },
      { raw },
      () => desk.run("shell", banner),
    );
  } finally {
    hearing.end();
  }
}

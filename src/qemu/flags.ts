/** QEMU's command line, as far as xv6's Makefiles and the people who change them use it. */

import { CommandError } from "../framework/errors.ts";
import { didYouMean } from "../vm/nearest.ts";
import { Draft, FLAGS, refused } from "./flag_table.ts";

/** What the command line asks for. */
export interface Options {
  /** Path of the kernel, an ELF file. */
  readonly kernelFile: string;
  /** Bytes of RAM. */
  readonly memBytes: number;
  readonly harts: number;
  /** Chooses the interleaving of the harts. */
  readonly seed: number | undefined;
  /** What somebody knows of the kernel, in order. */
  readonly facts: readonly string[];
  /** The disk on the first virtio-mmio bus. */
  readonly disk: DiskOptions | undefined;
  /** Registers of virtio-mmio: 1 where it is forced to be legacy, as it is unless told otherwise. */
  readonly virtioVersion: 1 | 2;
  /** Stands still until gdb lets it go. */
  readonly halted: boolean;
  /** The port that gdb connects to. */
  readonly gdb: number | undefined;
  /** Ends where the guest asks for a reset. */
  readonly noReboot: boolean;
  /**
   * The byte that begins the keys that are not the guest's, 1 for Ctrl-A. None: every byte is the
   * guest's, and Ctrl-C on a terminal ends the run.
   */
  readonly escape: number | undefined;
}

/** A disk image. */
export interface DiskOptions {
  /** Its path. */
  readonly file: string;
  /** The guest's writes stay in memory. */
  readonly snapshot: boolean;
}

/** The program's name, as it stands in front of each of its messages. */
export const NAME = "qemu-system-riscv64";

/** The table, a flag a line, as `-help` prints it. */
export function helpLines(): string[] {
  const typed = FLAGS.map(({ names, value }) => {
    const name = names.map((name) => `-${name}`).join(" or ");
    return value === undefined ? name : `${name} ${value}`;
  });
  // A long value has the line for itself, as in QEMU's own help.
  return FLAGS.flatMap(({ doc }, i) =>
    typed[i].length < 16 ? [`${typed[i].padEnd(16)}${doc}`] : [typed[i], `${" ".repeat(16)}${doc}`]
  );
}

/**
 * The command line as options.
 *
 * @throws {CommandError} exit code 2, on a flag that is unknown, lacks its value or has one that
 * cannot be had
 */
export function parseFlags(argv: readonly string[]): Options {
  const draft = new Draft();
  for (let i = 0; i < argv.length; i++) {
    const typed = argv[i];
    if (!typed.startsWith("-")) {
      throw new CommandError(
        `${typed}: an IDE disk, which there is none of here: -drive and -device`,
      );
    }
    const name = typed.replace(/^--?/, "");
    const flag = FLAGS.find(({ names }) => names.includes(name));
    if (flag === undefined) {
      const names = FLAGS.flatMap(({ names }) => names.map((name) => `-${name}`));
      throw new CommandError(
        `${typed}: not known here${didYouMean(`-${name}`, names) || "; -help lists what is"}`,
      );
    }
    if (flag.value === undefined) flag.take(draft, "", typed);
    else if (i + 1 >= argv.length) throw new CommandError(`${typed}: needs a value: ${flag.value}`);
    else flag.take(draft, argv[i + 1], `${typed} ${argv[++i]}`);
  }
  return finished(draft);
}

function finished(draft: Draft): Options {
  const { kernelFile, board, bios, monitor } = draft;
  if (board === undefined) throw new CommandError("no -machine: the machine here is virt");
  if (bios === undefined) throw new CommandError("no -bios: there is no firmware here: -bios none");
  if (kernelFile === undefined) throw new CommandError("no -kernel: which ELF file shall run?");
  if (draft.halted && draft.gdb === undefined) {
    throw new CommandError("-S: only gdb lets it go: -gdb tcp::PORT or -s");
  }
  const drive = draft.device && draft.drives.get(draft.device.drive);
  if (draft.device !== undefined && drive === undefined) {
    throw refused(draft.device.given, `there is no -drive with id=${draft.device.drive}`);
  }
  const plain = draft.serial === "stdio" || draft.serial === undefined && monitor === "none";
  return {
    kernelFile,
    memBytes: draft.memBytes,
    harts: draft.harts,
    seed: draft.seed,
    facts: draft.facts,
    disk: drive && { file: drive.file, snapshot: draft.snapshot || drive.snapshot },
    virtioVersion: draft.legacy ? 1 : 2,
    halted: draft.halted,
    gdb: draft.gdb,
    noReboot: draft.noReboot,
    escape: plain ? undefined : draft.echr,
  };
}

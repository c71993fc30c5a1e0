/**
 * The flags of QEMU that are known here, one row each: its names, its value, what it means. What
 * QEMU would do and we do not is refused in one line, never passed over.
 */

import { CommandError } from "../framework/errors.ts";
import { count, memory, onlyKeys, port, readProperties } from "./values.ts";

/** Harts at most; hart numbers of xv6 go from 0 to NCPU - 1 = 7. */
export const MOST_HARTS = 8;
/** RAM in MiB when not given, as on QEMU's `virt`; and what the machine can be built with. */
const DEFAULT_MIB = 128, LEAST_MIB = 16, MOST_MIB = 2048;
/** What `-s` listens on. */
const USUAL_PORT = 1234;

/** What is known while the line is read. */
export class Draft {
  kernelFile: string | undefined;
  board: string | undefined;
  bios: string | undefined;
  memBytes = DEFAULT_MIB * 2 ** 20;
  harts = 1;
  seed: number | undefined;
  facts: string[] = [];
  drives = new Map<string, { file: string; snapshot: boolean; given: string }>();
  /** The drive of the block device, and how it was given. */
  device: { drive: string; given: string } | undefined;
  netdevs = new Set<string>();
  legacy = true;
  snapshot = false;
  halted = false;
  gdb: number | undefined;
  noReboot = false;
  echr = 1;
  serial: string | undefined;
  monitor: string | undefined;
}

/** A flag. */
export interface Flag {
  /** Its names, the usual first, without the dash; `--name` is the same. */
  readonly names: readonly string[];
  /** What its value is called; none for a switch. */
  readonly value?: string;
  readonly doc: string;
  /** Takes the value; `given` is the flag as it was typed, for messages. */
  take(draft: Draft, value: string, given: string): void;
}

/** All of them, in the order of the help. */
export const FLAGS: readonly Flag[] = [
  // The launcher itself answers these two, before anything is loaded.
  { names: ["h", "help"], doc: "this text", take() {} },
  { names: ["version"], doc: "the version", take() {} },
  {
    names: ["machine", "M"],
    value: "virt",
    doc: "the only machine there is here; it has to be given",
    take(draft, value, given) {
      const name = value.replace(/^type=/, "");
      if (name !== "virt") throw refused(given, "the machine here is virt");
      draft.board = name;
    },
  },
  {
    names: ["cpu"],
    value: "rv64",
    doc: "the only hart there is here: RV64IMAC with M, S, U, Sv39 and Sstc",
    take(_draft, value, given) {
      if (value !== "rv64") throw refused(given, "the hart here is rv64, without properties");
    },
  },
  {
    names: ["accel"],
    value: "tcg",
    doc: "accepted: instructions are always emulated",
    take(_draft, value, given) {
      if (!/^(accel=)?tcg(,thread=(single|multi))?$/.test(value)) {
        throw refused(given, "instructions are always emulated here: -accel tcg, or nothing");
      }
    },
  },
  {
    names: ["bios"],
    value: "none",
    doc: "no firmware: the kernel starts in M-mode at its entry; it has to be given",
    take(draft, value, given) {
      if (value !== "none") throw refused(given, "there is no firmware here: -bios none");
      draft.bios = value;
    },
  },
  {
    names: ["kernel"],
    value: "FILE",
    doc: "the kernel, an ELF file; it has to be given",
    take(draft, value) {
      draft.kernelFile = value;
    },
  },
  {
    names: ["m"],
    value: "SIZE",
    doc: `RAM, like 128M or 1G, without a letter in MiB; ${DEFAULT_MIB}M when not given`,
    take(draft, value, given) {
      const bytes = memory(onlyKeys(readProperties(value, "size"), given, ["size"]).get("size"));
      if (bytes === undefined || bytes < LEAST_MIB * 2 ** 20 || bytes > MOST_MIB * 2 ** 20) {
        throw refused(given, `RAM is ${LEAST_MIB}M to ${MOST_MIB}M, in whole pages`);
      }
      draft.memBytes = bytes;
    },
  },
  {
    names: ["smp"],
    value: "N",
    doc: `harts, 1 to ${MOST_HARTS}; 1 when not given`,
    take(draft, value, given) {
      const harts = count(onlyKeys(readProperties(value, "cpus"), given, ["cpus"]).get("cpus"));
      if (harts === undefined || harts < 1 || harts > MOST_HARTS) {
        throw refused(given, `1 to ${MOST_HARTS} harts`);
      }
      draft.harts = harts;
    },
  },
  {
    names: ["seed"],
    value: "N",
    doc: "another interleaving of the harts; the same seed, the same run",
    take(draft, value, given) {
      draft.seed = count(value);
      if (draft.seed === undefined || draft.seed >= 2 ** 32) {
        throw refused(given, "a number below 2^32");
      }
    },
  },
  {
    names: ["fact"],
    value: "NAME=EXPR",
    doc: "what you know of the kernel, for the shell behind C-a c; may be repeated",
    take(draft, value, given) {
      if (!/^\w+=./.test(value)) throw refused(given, "NAME=EXPR, as in counts=ref.cnt");
      draft.facts.push(value);
    },
  },
  {
    names: ["drive"],
    value: "file=IMAGE,if=none,format=raw,id=ID",
    doc: "a disk image; the guest's writes go to it, in their order; more: snapshot=on",
    take: drive,
  },
  {
    names: ["device"],
    value: "virtio-blk-device,drive=ID,bus=virtio-mmio-bus.0",
    doc: "the disk: the only device that can be added",
    take: device,
  },
  {
    names: ["global"],
    value: "virtio-mmio.force-legacy=false",
    doc: "virtio's present registers, which xv6 drives since 2021; else the legacy ones",
    take(draft, value, given) {
      const match = /^virtio-mmio\.force-legacy=(on|off|true|false|yes|no)$/.exec(value);
      if (match === null) {
        throw refused(given, "the one global property here is virtio-mmio.force-legacy=false");
      }
      draft.legacy = /^(on|true|yes)$/.test(match[1]);
    },
  },
  {
    names: ["netdev"],
    value: "user,id=ID,…",
    doc: "accepted, and nothing is connected to it: there is no network card here",
    take(draft, value, given) {
      const id = readProperties(value, "type").get("id");
      if (id === undefined) throw refused(given, "a netdev needs an id=");
      draft.netdevs.add(id);
    },
  },
  {
    names: ["object"],
    value: "filter-dump,id=ID,netdev=ID,file=FILE",
    doc: "accepted: what no packet goes through is not dumped, and FILE is not made",
    take(draft, value, given) {
      const object = readProperties(value, "type");
      if (object.get("type") !== "filter-dump") {
        throw refused(given, "the one object here is filter-dump");
      }
      const netdev = object.get("netdev") ?? "";
      if (!draft.netdevs.has(netdev)) throw refused(given, `there is no -netdev with id=${netdev}`);
    },
  },
  {
    names: ["nographic"],
    doc: "the terminal is the guest's console; C-a h lists the keys that are not its",
    take() {},
  },
  {
    names: ["display"],
    value: "none",
    doc: "no window, as always here",
    take(_draft, value, given) {
      if (value !== "none") throw refused(given, "there is no window here: -display none");
    },
  },
  {
    names: ["serial"],
    value: "mon:stdio",
    doc: "as always here; stdio alone: every key is the guest's but Ctrl-C, which ends it",
    take(draft, value, given) {
      if (value !== "mon:stdio" && value !== "stdio") {
        throw refused(given, "the console is the terminal here: mon:stdio or stdio");
      }
      draft.serial = value;
    },
  },
  {
    names: ["monitor"],
    value: "none",
    doc: "the same as -serial stdio, where no -serial is given",
    take(draft, value, given) {
      if (value !== "none" && value !== "stdio") {
        throw refused(given, "cowsh's shell is the monitor, behind Ctrl-A c: none or stdio");
      }
      draft.monitor = value;
    },
  },
  {
    names: ["echr"],
    value: "N",
    doc: "the byte in place of Ctrl-A, 1 to 255, as 20 or 0x14",
    take(draft, value, given) {
      const byte = count(value);
      if (byte === undefined || byte < 1 || byte > 255) throw refused(given, "1 to 255");
      draft.echr = byte;
    },
  },
  {
    names: ["snapshot"],
    doc: "the guest's writes to the disk stay in memory; the image file is not changed",
    take(draft) {
      draft.snapshot = true;
    },
  },
  {
    names: ["S"],
    doc: "stands still at the first instruction until gdb lets it go",
    take(draft) {
      draft.halted = true;
    },
  },
  {
    names: ["gdb"],
    value: "tcp::PORT",
    doc: "gdb may connect to PORT, from this computer",
    take(draft, value, given) {
      draft.gdb = port(value);
      if (draft.gdb === undefined) {
        throw refused(given, "gdb connects by the loopback only: tcp::PORT, 1 to 65535");
      }
    },
  },
  {
    names: ["s"],
    doc: `the same as -gdb tcp::${USUAL_PORT}`,
    take(draft) {
      draft.gdb = USUAL_PORT;
    },
  },
  {
    names: ["no-reboot"],
    doc: "ends where the guest asks for a reset",
    take(draft) {
      draft.noReboot = true;
    },
  },
];

/** Devices that people ask for, and what there is to say about them. */
const MISSING: Readonly<Record<string, string>> = {
  e1000: "there is no network card here, so the net lab needs QEMU itself",
  "virtio-net-device": "there is no network card here",
  "virtio-blk-pci": "there is no PCI here: virtio-blk-device",
};

/** A flag's value that cannot be, as one line with what would be right. */
export function refused(given: string, why: string): CommandError {
  return new CommandError(`${given}: ${why}`);
}

function drive(draft: Draft, value: string, given: string): void {
  const keys = ["file", "if", "format", "id", "snapshot"];
  const known = onlyKeys(readProperties(value, "file"), given, keys);
  const { file, id, format = "raw", snapshot = "off" } = Object.fromEntries(known);
  if (file === undefined || file === "") throw refused(given, "which image? file=IMAGE");
  if (known.get("if") !== "none") {
    throw refused(given, "if=none, and -device virtio-blk-device,drive=ID connects it");
  }
  if (format !== "raw") throw refused(given, "an image is raw here: format=raw");
  if (id === undefined) throw refused(given, "a drive needs an id= to be connected by");
  if (draft.drives.has(id)) throw refused(given, `there is a drive with id=${id} already`);
  if (!/^(on|off)$/.test(snapshot)) throw refused(given, "snapshot=on or snapshot=off");
  draft.drives.set(id, { file, snapshot: snapshot === "on", given });
}

function device(draft: Draft, value: string, given: string): void {
  const properties = readProperties(value, "driver");
  const driver = properties.get("driver") ?? "";
  if (driver !== "virtio-blk-device") {
    const why = MISSING[driver] ?? "the one device here is virtio-blk-device";
    throw refused(given, why);
  }
  const known = onlyKeys(properties, given, ["driver", "drive", "bus", "id"]);
  const drive = known.get("drive");
  if (drive === undefined) throw refused(given, "which drive? drive=ID");
  const bus = known.get("bus") ?? "virtio-mmio-bus.0";
  if (bus !== "virtio-mmio-bus.0") throw refused(given, "the disk is on virtio-mmio-bus.0 here");
  if (draft.device !== undefined) throw refused(given, "one disk is all there is room for here");
  draft.device = { drive, given };
}

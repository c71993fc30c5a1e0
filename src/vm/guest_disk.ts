/**
 * A guest's disk: whether an image can be one, and which version of virtio-mmio it stands behind.
 * Drivers take one of the two: xv6 of 2019 to 2021 panics unless the version register reads 1,
 * later ones unless it reads 2, and no file says which it is. So each answer is tried on the
 * machine itself, and the one with which the driver goes on to set the device up is given.
 */

import { FsError } from "./disk.ts";
import { handProgram } from "./guest/hand_program.ts";
import { quietly } from "./guest/quietly.ts";
import { writeBytes } from "./kernel/files/file_system.ts";
import {
  BSIZE,
  FSMAGIC,
  readSuperblock,
  ROOTINO,
  truncation,
} from "./kernel/files/xv6fs/layout.ts";
import { O_CREATE, O_WRONLY } from "./kernel/files/xv6fs/namespace.ts";
import { byteString } from "./kernel/files/xv6fs/path.ts";
import { openXv6fs, type Xv6fs } from "./kernel/files/xv6fs/xv6fs.ts";
import { SECTOR_SIZE } from "./machine/devices/disk_writes.ts";
import type { Machine } from "./machine/machine.ts";

/** An image that can be no disk; the message is one line and says why. */
export class DiskError extends Error {
  /** The error's kind. */
  override readonly name = "DiskError";
}

/** Throws a {@link DiskError} for an image that breaks off in a sector or its xv6 file system. */
export function checkImage(image: Uint8Array): void {
  const { length } = image;
  if (length >= 2 * BSIZE) {
    const { magic, ...sb } = readSuperblock(image);
    const cut = magic === FSMAGIC ? truncation(sb, length) : undefined;
    if (cut !== undefined) throw new DiskError(cut);
  }
  if (length === 0 || length % SECTOR_SIZE !== 0) {
    throw new DiskError(
      `${length} bytes are no disk: an image is whole sectors of ${SECTOR_SIZE} bytes, ` +
        "like xv6's fs.img",
    );
  }
}

/** A driver that takes the version sets the status in so many instructions; xv6 in some dozens. */
const PATIENCE = 100_000;
/** Instructions between two looks at the status. */
const STEP = 1000;
const STATUS = 0x070;

/**
 * Decides the version for a machine that has stopped with "version", and leaves it otherwise as it
 * was. When the driver takes neither, or asks long before it does anything, the version is 2.
 */
export function chooseVersion(machine: Machine): void {
  const state = machine.save();
  const taken = quietly(machine, () =>
    ([2, 1] as const).find((version) => {
      const works = tries(machine, version);
      machine.restore(state);
      return works;
    }));
  machine.virtio!.version = taken ?? 2;
}

/** Whether the driver sets the device up when it reads this version. */
function tries(machine: Machine, version: 1 | 2): boolean {
  const virtio = machine.virtio!;
  virtio.version = version;
  for (let left = PATIENCE; left > 0; left -= STEP) {
    const { kind } = machine.run(STEP);
    if (virtio.read(STATUS, 4) !== 0) return true;
    if (kind !== "budget") return false;
  }
  return false;
}

/** What the program of manual processes is called on a guest's disk, if the name is not taken. */
const HAND_NAMES = ["demo", "demo0", "cowsh-demo"];

/**
 * Puts the program of manual processes on a disk image, which is changed: what it is called there.
 * Undefined where it cannot be put: the image holds no xv6 file system, a damaged or a full one.
 */
export function putHandProgram(image: Uint8Array): string | undefined {
  if (image.length < 2 * BSIZE || readSuperblock(image).magic !== FSMAGIC) return undefined;
  const before = image.slice();
  try {
    const fs = openXv6fs(image);
    const name = HAND_NAMES.find((name) => fs.namei(ROOTINO, byteString(`/${name}`)) < 0);
    if (name !== undefined && putFile(fs, byteString(`/${name}`), handProgram())) {
      // The guest mounts what a clean stop left: nothing in the log.
      const { logstart, nlog } = fs.superblock;
      image.fill(0, logstart * BSIZE, (logstart + nlog) * BSIZE);
      return name;
    }
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
  }
  image.set(before);
  return undefined;
}

function putFile(fs: Xv6fs, path: string, bytes: Uint8Array): boolean {
  const inum = fs.open(ROOTINO, path, O_WRONLY | O_CREATE);
  if (inum < 0) return false;
  const written = writeBytes(fs, inum, 0, bytes);
  fs.iput(inum);
  return written === bytes.length;
}

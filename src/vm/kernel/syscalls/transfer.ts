/**
 * Reading and writing, by what stands behind the descriptor: the console, a pipe, a file. What
 * cannot finish now sleeps and is run again; how far it got is in the process record.
 */

import { spaceOf } from "../process/table.ts";
import { sleepOn, wake } from "../process/sleep.ts";
import { copyin, copyout } from "../memory/faults/copyin.ts";
import { overlayCached, patchCached } from "../memory/reclaim/page_cache.ts";
import { offset, PAGE_SIZE, type VaNum } from "../../machine/address.ts";
import { acceptPending, consoleReady, consoleTake, consoleWrite } from "../files/console.ts";
import { CONSOLE_MAJOR, type File } from "../files/file.ts";
import { ROOT_FS } from "../files/mount.ts";
import { peekPipe, type Pipe, pipeLength, pipeSpace, putIntoPipe } from "../files/pipe.ts";
import type { Kernel } from "../kernel.ts";
import type { Proc } from "../process/proc.ts";

/** Where a call's bytes are in user memory; undefined: an address that no user page can have. */
type UserBytes = VaNum | undefined;
/** How many bytes were moved, or -1; undefined: the process sleeps. */
type Moved = number | undefined;

/** read() on an open, readable file. */
export function readFile(k: Kernel, p: Proc, file: File, buffer: UserBytes, n: number): Moved {
  switch (file.type) {
    case "device":
      return file.major === CONSOLE_MAJOR ? readConsole(k, p, buffer, n) : -1;
    case "pipe":
      return readPipe(k, p, k.state.pipes.get(file.pipe)!, buffer, n);
    case "inode": {
      const key = { fs: ROOT_FS, inode: file.inode };
      const mapped = k.state.cache.byKey.size > 0;
      const got = k.files.at(file.inode).readi(file.inode, file.offset, n, (chunk, done) => {
        // Mappers may have stored into the file: those bytes are newer than the disk's.
        const bytes = mapped ? chunk.slice() : chunk;
        if (mapped) overlayCached(k, key, file.offset + done, bytes);
        return buffer !== undefined && copyout(k, spaceOf(k, p), offset(buffer, done), bytes);
      });
      if (got > 0) file.offset += got;
      return got < 0 ? -1 : got;
    }
  }
}

/** write() on an open, writable file. */
export function writeFile(k: Kernel, p: Proc, file: File, buffer: UserBytes, n: number): Moved {
  switch (file.type) {
    case "device":
      return file.major === CONSOLE_MAJOR ? writeConsole(k, p, buffer, n) : -1;
    case "pipe":
      return writePipe(k, p, k.state.pipes.get(file.pipe)!, buffer, n);
    case "inode": {
      const key = { fs: ROOT_FS, inode: file.inode };
      const wrote = k.files.at(file.inode).write(file.inode, file.offset, n, (chunk, done) => {
        const bytes = buffer === undefined
          ? undefined
          : copyin(k, spaceOf(k, p), offset(buffer, done), chunk.length);
        if (bytes === undefined) return false;
        chunk.set(bytes);
        patchCached(k, key, file.offset + done, bytes);
        return true;
      });
      if (wrote > 0) file.offset += wrote;
      return wrote === n ? n : -1;
    }
  }
}

/** Copies out up to the first bad address; how many bytes, -1 when the first is bad. */
function copyoutPart(k: Kernel, p: Proc, buffer: UserBytes, at: number, bytes: Uint8Array): number {
  let done = 0;
  if (buffer === undefined) return bytes.length === 0 ? 0 : -1;
  while (done < bytes.length) {
    const to = offset(buffer, at + done);
    const part = bytes.subarray(done, done + PAGE_SIZE - to % PAGE_SIZE);
    if (!copyout(k, spaceOf(k, p), to, part)) return done > 0 ? done : -1;
    done += part.length;
  }
  return done;
}

/**
 * A line at a time, as consoleread: up to a newline, an end of file or `n` bytes, waiting for them;
 * `progress` counts the bytes of before a wait. Bytes for a bad address stay for the next read.
 */
function readConsole(k: Kernel, p: Proc, buffer: UserBytes, n: number): Moved {
  let done = p.progress ?? 0;
  while (done < n) {
    if (!consoleReady(k.state.console)) {
      if (p.killed) return -1;
      // A call made by hand is taken back where it would wait, but what it has read is gone.
      if (p.manual && done > 0) break;
      p.progress = done;
      return sleepOn(p, { on: "console" });
    }
    const { bytes, ended } = consoleTake(k.state.console, n - done, done);
    const part = copyoutPart(k, p, buffer, done, bytes);
    k.state.console.r -= bytes.length - Math.max(0, part);
    acceptPending(k.state.console);
    if (part < 0) return done > 0 ? done : -1;
    done += part;
    if (ended || part < bytes.length) break;
  }
  return done;
}

/** Up to the first bad address, as consolewrite; how many bytes, -1 when the first is bad. */
function writeConsole(k: Kernel, p: Proc, buffer: UserBytes, n: number): number {
  let done = 0;
  while (done < n) {
    const bytes = copyinPart(k, p, buffer, done, n - done);
    if (bytes === undefined) return done > 0 ? done : -1;
    consoleWrite(k.state.console, bytes);
    done += bytes.length;
  }
  return done;
}

/** At most `n` bytes and only up to a page's end, so that a bad page stops only its own. */
function copyinPart(
  k: Kernel,
  p: Proc,
  buffer: UserBytes,
  done: number,
  n: number,
): Uint8Array | undefined {
  if (buffer === undefined) return undefined;
  const from = offset(buffer, done);
  return copyin(k, spaceOf(k, p), from, Math.min(n, PAGE_SIZE - from % PAGE_SIZE));
}

/**
 * What is there, as piperead; waits while it is empty with a writer. Bytes for a bad address stay
 * in the pipe.
 */
function readPipe(k: Kernel, p: Proc, pipe: Pipe, buffer: UserBytes, n: number): Moved {
  if (pipeLength(pipe) === 0 && pipe.writeOpen) {
    if (p.killed) return -1;
    return sleepOn(p, { on: "pipe-data", pipe: pipe.id });
  }
  const done = copyoutPart(k, p, buffer, 0, peekPipe(pipe, Math.max(0, n)));
  pipe.nread += Math.max(0, done);
  wake(k, (_, wait) => wait.on === "pipe-space" && wait.pipe === pipe.id);
  return done;
}

/**
 * All of it, as pipewrite; `progress` counts the bytes before a wait for space. At a bad address:
 * how many went in, -1 when none did.
 */
function writePipe(k: Kernel, p: Proc, pipe: Pipe, buffer: UserBytes, n: number): Moved {
  let done = p.progress ?? 0;
  while (done < n) {
    if (!pipe.readOpen || p.killed) return -1;
    const space = Math.min(pipeSpace(pipe), n - done);
    if (space === 0) {
      p.progress = done;
      wakeReaders(k, pipe);
      return sleepOn(p, { on: "pipe-space", pipe: pipe.id });
    }
    const bytes = copyinPart(k, p, buffer, done, space);
    if (bytes === undefined) {
      if (done === 0) done = -1;
      break;
    }
    putIntoPipe(pipe, bytes);
    done += bytes.length;
  }
  wakeReaders(k, pipe);
  return done;
}

function wakeReaders(k: Kernel, pipe: Pipe): void {
  wake(k, (_, wait) => wait.on === "pipe-data" && wait.pipe === pipe.id);
}

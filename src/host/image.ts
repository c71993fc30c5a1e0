/**
 * A disk image that a guest works on: read whole, locked as long as it is open, and written in
 * place, sector by sector. The one file that is not written whole, see file.ts: a killed machine
 * leaves on it what its disk would hold.
 */

import { FileError, fileError, need } from "./file.ts";

/** An open image. */
export class ImageFile {
  /** What was in it when it was opened. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #path: string;
  readonly #file: Deno.FsFile;

  private constructor(path: string, file: Deno.FsFile, bytes: Uint8Array<ArrayBuffer>) {
    this.#path = path;
    this.#file = file;
    this.bytes = bytes;
  }

  /**
   * Opens an image. While one who writes has it open nobody else can open it, as far as they ask,
   * and many who only read can.
   *
   * @throws {FileError} When it cannot be read, or written if it is to be; when another has it.
   */
  static open(path: string, { write }: { write: boolean }): ImageFile {
    need("read", path);
    if (write) need("write", path);
    let file: Deno.FsFile;
    try {
      file = Deno.openSync(path, { read: true, write });
    } catch (error) {
      const denied = error instanceof Deno.errors.PermissionDenied;
      throw fileError(write && denied && readable(path) ? "write" : "read", path, error);
    }
    try {
      if (!file.statSync().isFile) throw new FileError(`${path}: no regular file`);
      if (!file.tryLockSync(write)) {
        throw new FileError(`${path}: in use by another machine that runs on it`);
      }
      return new ImageFile(path, file, readAll(file));
    } catch (error) {
      file.close();
      throw fileError("read", path, error);
    }
  }

  /** Writes bytes at a place inside the image. */
  write(at: number, bytes: Uint8Array): void {
    try {
      this.#file.seekSync(at, Deno.SeekMode.Start);
      for (let done = 0; done < bytes.length;) {
        done += this.#file.writeSync(bytes.subarray(done));
      }
    } catch (error) {
      throw fileError("write", this.#path, error);
    }
  }

  /** Closes it, and others may have it. */
  close(): void {
    this.#file.close();
  }
}

function readAll(file: Deno.FsFile): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(file.statSync().size);
  let at = 0;
  while (at < bytes.length) {
    const count = file.readSync(bytes.subarray(at));
    if (count === null) break;
    at += count;
  }
  return bytes.subarray(0, at);
}

/** Whether it can be opened for reading, so that writing is what fails. */
function readable(path: string): boolean {
  try {
    Deno.openSync(path, { read: true }).close();
    return true;
  } catch {
    return false;
  }
}

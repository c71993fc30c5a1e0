/**
 * Files of the host, written whole or not at all: the new bytes go beside the old file, reach the
 * disk and then take its name. Every file that cowsh writes is written here.
 */

/** Why a file was not read or written, in one line that begins with its path. */
export class FileError extends Error {
  override name = "FileError";
}

/** Raised for a file that is there and that nobody said to replace. */
export class FileThereError extends FileError {
  override name = "FileThereError";
}

/** A file that is longer after each line. What is killed leaves the lines written so far. */
export interface GrowingFile {
  /** Where the lines are now; not the file that was asked for when that is there already. */
  readonly path: string;
  /** Adds whole lines. When that fails, none of them is left. */
  append(text: string): void;
  /** Puts the file in its place, with these bytes in place of the lines. */
  finish(bytes: Uint8Array): void;
  /** Leaves the lines where they are. */
  leave(): void;
  /** Takes the lines away; a file that was there before is as it was. */
  drop(): void;
}

/** What a path leads to, when it may be written. */
interface Target {
  /** The file itself, links followed. */
  readonly path: string;
  /** What is there now; nothing for a new file. */
  readonly was?: Deno.FileInfo;
}

/** Writes files, and knows those that it wrote itself. */
export class FileWriter {
  /** What was left under a path: a file that is still that one may be replaced without `force`. */
  readonly #own = new Map<string, string>();

  /**
   * Replaces a file, or makes it. A symbolic link stays, and what it leads to is replaced; a device
   * is written to. The file keeps its rights and, where the system allows it, its owner.
   *
   * @throws {FileThereError} For a file or link that is there already and that it did not write,
   * without `force`.
   * @throws {FileError} When it cannot be written. The old file is as it was then.
   */
  write(path: string, bytes: Uint8Array, force = false): void {
    this.#put(this.#target(path, force), path, bytes);
  }

  /** Throws at once what {@linkcode write} would find wrong with a path. */
  check(path: string, force = false): void {
    this.#target(path, force);
  }

  /** Opens a file that grows: under its own name, or as NAME.part beside one to be replaced. */
  grow(path: string, force = false): GrowingFile {
    const target = this.#target(path, force);
    if (target.was?.isFile === false) throw new FileError(`${path}: no regular file`);
    const part = target.was === undefined ? target.path : `${target.path}.part`;
    const file = told(part, "write", () => openNew(part));
    let length = 0;
    const close = () => {
      file.close();
      this.#keep(part);
    };
    return {
      path: part,
      append(text) {
        try {
          length += writeAll(file, new TextEncoder().encode(text));
        } catch (error) {
          file.truncateSync(length);
          throw fileError("write", part, error);
        }
      },
      finish: (bytes) => {
        close();
        if (part === target.path) return this.write(part, bytes);
        this.#put(this.#target(path, force), path, bytes);
        Deno.removeSync(part);
      },
      leave: close,
      drop: () => {
        close();
        Deno.removeSync(part);
      },
    };
  }

  /** Looks where a path leads and whether it may be written. */
  #target(path: string, force: boolean): Target {
    return told(path, "write", () => {
      need("read", path);
      const there = stat(() => Deno.lstatSync(path));
      if (there === undefined) {
        const folder = folderOf(path);
        need("read", folder);
        need("write", folder);
        if (stat(() => Deno.statSync(folder)) === undefined) {
          throw new FileError(`${path}: no such directory`);
        }
        return { path };
      }
      const was = there.isSymlink ? stat(() => Deno.statSync(path)) : there;
      const link = there.isSymlink ? `a symbolic link to ${Deno.readLinkSync(path)}` : "";
      if (was === undefined) throw new FileError(`${path}: ${link}, which is not there`);
      if (was.isDirectory) throw new FileError(`${path}: is a directory`);
      if (!was.isFile) {
        need("write", path);
        return { path, was };
      }
      const real = Deno.realPathSync(path);
      // The new bytes are written beside it.
      need("read", folderOf(real));
      need("write", folderOf(real));
      if (!force && this.#own.get(real) !== mark(was)) {
        throw new FileThereError(
          link === ""
            ? `${path}: there already; --force replaces it`
            : `${path}: ${link}; --force replaces what it leads to`,
        );
      }
      // Taking its name needs no right to the file itself, so that is asked for here.
      if (was.mode !== null && (was.mode & 0o222) === 0) {
        throw new FileError(`${path}: is read-only`);
      }
      Deno.openSync(real, { write: true }).close();
      return { path: real, was };
    });
  }

  #put({ path: real, was }: Target, path: string, bytes: Uint8Array): void {
    if (was?.isFile === false) {
      return told(path, "write", () => {
        using file = Deno.openSync(real, { write: true });
        writeAll(file, bytes);
      });
    }
    const beside = `${folderOf(real)}/.cowsh-${crypto.randomUUID()}.tmp`;
    told(path, "write", () => {
      const file = openNew(beside);
      try {
        try {
          writeAll(file, bytes);
          file.syncSync();
        } finally {
          file.close();
        }
        if (was !== undefined) likeBefore(beside, was);
        Deno.renameSync(beside, real);
      } catch (error) {
        Deno.removeSync(beside);
        throw error;
      }
    });
    this.#keep(real);
  }

  #keep(path: string): void {
    this.#own.set(Deno.realPathSync(path), mark(Deno.statSync(path)));
  }
}

/** The bytes of a file. */
export async function readFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  need("read", path);
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw fileError("read", path, error);
  }
}

/** Asks nobody: where a permission is missing, it says which. */
export function need(name: "read" | "write", path: string): void {
  if (Deno.permissions.querySync({ name, path }).state !== "granted") {
    throw new FileError(`${path}: no permission; run deno with --allow-${name}`);
  }
}

/**
 * From now on a write beyond `ulimit -f` fails as one to a full disk does. The system's answer is a
 * signal that ends whoever does not listen; a program calls this once, and goes on listening.
 */
export function makeLimitsErrors(): void {
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGXFSZ", () => {});
}

/** Writes all bytes; how many they are. */
function writeAll(file: Deno.FsFile, bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
  return bytes.length;
}

function openNew(path: string): Deno.FsFile {
  return Deno.openSync(path, { write: true, createNew: true });
}

/** Gives a new file the rights and the owner of the one whose place it takes. */
function likeBefore(path: string, was: Deno.FileInfo): void {
  if (was.mode === null) return;
  const made = Deno.statSync(path);
  if (was.uid !== null && (made.uid !== was.uid || made.gid !== was.gid)) {
    try {
      Deno.chownSync(path, was.uid, was.gid);
    } catch (error) {
      // Only root gives files away: who is another one has written it from now on.
      if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    }
  }
  Deno.chmodSync(path, was.mode & 0o777);
}

/** The folder of a path, where a file that is to take its name is written first. */
export function folderOf(path: string): string {
  const slash = Math.max(
    path.lastIndexOf("/"),
    Deno.build.os === "windows" ? path.lastIndexOf("\\") : -1,
  );
  return slash < 0 ? "." : path.slice(0, slash) || "/";
}

/** What a file is and when it changed last. */
function mark({ dev, ino, size, mtime }: Deno.FileInfo): string {
  return [dev, ino, size, mtime?.getTime()].join(":");
}

/** What is there; undefined when nothing is. */
function stat(look: () => Deno.FileInfo): Deno.FileInfo | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Does something with a file; what the system complains about becomes one line. */
function told<T>(path: string, what: "read" | "write", body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw fileError(what, path, error);
  }
}

/** What the system says about a file, as one line that begins with its path. */
export function fileError(what: "read" | "write", path: string, error: unknown): FileError {
  if (error instanceof FileError) return error;
  if (!(error instanceof Error)) throw error;
  return new FileError(`${path}: ${reason(what, error)}`);
}

function reason(what: "read" | "write", error: Error): string {
  const { errors } = Deno;
  if (error instanceof errors.NotCapable) return `no permission to ${what} it`;
  if (error instanceof errors.NotFound) {
    return what === "read" ? "no such file" : "no such directory";
  }
  if (error instanceof errors.IsADirectory) return "is a directory";
  if (error instanceof errors.AlreadyExists) return "another file is in the way";
  if (error instanceof errors.PermissionDenied) return `not allowed to ${what}`;
  // `No space left on device (os error 28): write …` is about a file whose name nobody knows.
  return error.message.replace(/ \(os error \d+\).*$/s, "");
}

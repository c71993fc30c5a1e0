/**
 * The programs that a guest's processes run, from its disk: a process of some name runs the file of
 * that name in the root directory, when the code in its memory is that file's.
 */

import type { DiskSource } from "./disk.ts";
import { FsError } from "./disk.ts";
import { ImageSymbols } from "./guest/symbols.ts";
import type { GuestView } from "./guest/view.ts";
import { readBytes } from "./kernel/files/file_system.ts";
import { byteString } from "./kernel/files/xv6fs/path.ts";
import { ROOTINO, T_FILE } from "./kernel/files/xv6fs/layout.ts";
import { PAGE_SIZE, type PaNum, vaNum } from "./machine/address.ts";
import { type Elf, ElfError, parseElf } from "./machine/elf.ts";
import type { Ram } from "./machine/memory.ts";
import type { NamedImage } from "./parts.ts";
import { walk } from "./machine/sv39.ts";

/** A program's file, and what its addresses are called. */
interface Program {
  readonly elf: Elf;
  readonly symbols: ImageSymbols;
}

/** The programs of one guest. */
export class GuestPrograms {
  readonly #disk: DiskSource;
  readonly #ram: Ram;
  readonly #view: () => GuestView;
  readonly #moment: () => object;
  readonly #known = new Map<string, Program>();
  /** Names of which there is no such file, and the moment at which that was so. */
  readonly #missing = new Map<string, object>();

  /** Those on a disk; `view`: the kernel whose processes run them. `moment` as for the view. */
  constructor(disk: DiskSource, ram: Ram, view: () => GuestView, moment: () => object) {
    this.#disk = disk;
    this.#ram = ram;
    this.#view = view;
    this.#moment = moment;
  }

  /** The symbols of the program that a process runs; undefined: unknown. */
  symbols(pid: number): ImageSymbols | undefined {
    const process = pid > 0 ? this.#view().process(pid) : undefined;
    if (process?.root === undefined) return undefined;
    const { name, root } = process;
    const known = this.#known.get(name);
    if (known !== undefined && this.#runs(root, known.elf)) return known.symbols;
    if (this.#missing.get(name) === this.#moment()) return undefined;
    const elf = this.file(name);
    if (elf === undefined || !this.#runs(root, elf)) {
      this.#missing.set(name, this.#moment());
      return undefined;
    }
    const symbols = new ImageSymbols(elf);
    this.#known.set(name, { elf, symbols });
    return symbols;
  }

  /** Whether the program that a process runs may write at an address, as its file says. */
  mayWrite(pid: number, address: number): boolean | undefined {
    if (this.symbols(pid) === undefined) return undefined;
    const { elf } = this.#known.get(this.#view().process(pid)!.name)!;
    const there = elf.segments.filter(({ vaddr, memSize }) => {
      const start = Number(vaddr);
      return start < address + PAGE_SIZE && address < start + memSize;
    });
    return there.length === 0 ? undefined : there.some(({ write }) => write);
  }

  /** What a file of the root directory is called, by its i-number; undefined: nothing there. */
  nameOf(inum: number): string | undefined {
    try {
      const names = this.#disk.tree?.xv6.entries(ROOTINO);
      return typeof names === "object" ? names.find((one) => one.inum === inum)?.name : undefined;
    } catch (error) {
      if (error instanceof FsError) return undefined;
      throw error;
    }
  }

  /** All programs in the root directory, those of processes first. */
  *all(): Generator<NamedImage> {
    const ran = this.#view().processes().map(({ name }) => name);
    for (const name of new Set([...ran, ...this.#names()])) {
      const elf = this.file(name);
      if (elf !== undefined) yield { name, symbols: new ImageSymbols(elf) };
    }
  }

  /** Names of all that is in the root directory; none, where it is damaged. */
  #names(): readonly string[] {
    try {
      const names = this.#disk.tree?.xv6.entries(ROOTINO);
      return typeof names === "object" ? names.map(({ name }) => name) : [];
    } catch (error) {
      if (error instanceof FsError) return [];
      throw error;
    }
  }

  /** Whether there is a program of that name. */
  has(name: string): boolean {
    return this.file(name) !== undefined;
  }

  /** The file of that name in the root directory; undefined: there is none, or it is no program. */
  file(name: string): Elf | undefined {
    try {
      const tree = this.#disk.tree;
      if (tree === undefined) return undefined;
      const root = tree.xv6.root();
      const handle = tree.namei(root, byteString(name));
      tree.xv6.iput(root);
      if (handle < 0 || tree.at(handle).type(handle) !== T_FILE) return undefined;
      const bytes = readBytes(tree.at(handle), handle, 0, Infinity);
      return typeof bytes === "number" ? undefined : parseElf(bytes);
    } catch (error) {
      if (error instanceof FsError || error instanceof ElfError) return undefined;
      throw error;
    }
  }

  /** Whether the first page of a file's code is what a process has there. */
  #runs(root: PaNum, { segments }: Elf): boolean {
    const code = segments.find(({ execute, bytes }) => execute && bytes.length > 0);
    if (code === undefined || code.vaddr % BigInt(PAGE_SIZE) !== 0n) return false;
    const { leaf } = walk(this.#ram, root, vaNum(Number(code.vaddr)));
    const length = Math.min(PAGE_SIZE, code.bytes.length);
    if (leaf === undefined || !this.#ram.contains(leaf.pa, length)) return false;
    const there = this.#ram.bytes(leaf.pa, length);
    return there.every((byte, i) => byte === code.bytes[i]);
  }
}

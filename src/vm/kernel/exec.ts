/**
 * exec: a static ELF file becomes a process's memory, with xv6's layout. Segments stand at their
 * addresses from 0; above them a guard page, one stack page with the arguments, then the heap.
 */

import { spaceOf } from "./process/table.ts";
import { copyout, loadBytes } from "./memory/faults/copyin.ts";
import { mapArea } from "./memory/areas/populate.ts";
import { callTableOf } from "./stubs.ts";
import { activate } from "./memory/tables/flush.ts";
import { createSpace, leaveSpace, releaseSpace } from "./memory/areas/spaces.ts";
import { hex, MAXVA, offset, PAGE_SIZE, pageUp, type VaNum, vaNum } from "../machine/address.ts";
import { type Elf, ElfError, type ElfSegment, parseElf } from "../machine/elf.ts";
import type { CallTable } from "./abi.ts";
import type { Kernel } from "./kernel.ts";
import type { Inode } from "./files/file.ts";
import { ROOT_FS } from "./files/mount.ts";
import {
  type AddressSpace,
  type Area,
  newArea,
  PERM_R,
  PERM_W,
  PERM_X,
} from "./memory/areas/space.ts";
import { becomeFirst, writeKernelSatp } from "./process/lifecycle.ts";
import { leaveMemory, placeOf, unshareFiles } from "./process/threads.ts";
import { NAME_LENGTH, type Proc } from "./process/proc.ts";
import { mapUsyscall, writeUsyscall } from "./process/usyscall.ts";
import { A1, SP, writeEpc, writeRegister } from "./process/trapframe.ts";
import { MAXARG } from "./syscalls/strings.ts";

/** The arguments of a program. */
export type Argv = readonly string[];

/** A new image in memory, not yet any process's. */
interface Loaded {
  readonly space: AddressSpace;
  readonly entry: bigint;
  readonly sp: number;
  readonly argc: number;
  readonly callTable: CallTable;
}

/**
 * exec() for a process: the program at `path` in the file system, seen from its directory. Returns
 * argc, or a few words that say why not, with the process as it was.
 */
export function exec(k: Kernel, p: Proc, path: string, argv: Argv): number | string {
  const inode = k.files.findFile(placeOf(k, p).cwd, path);
  if (inode === undefined) return `no file ${path}`;
  const bytes = k.files.readBytes(inode, 0, Infinity);
  const loaded = typeof bytes === "number" ? "cannot be read" : load(k, bytes, argv, inode);
  k.files.at(inode).iput(inode);
  if (typeof loaded === "string") return loaded;
  become(k, p, loaded, path);
  return loaded.argc;
}

/** The process takes the loaded image for its own and releases its old memory. */
function become(k: Kernel, p: Proc, loaded: Loaded, path: string): void {
  becomeFirst(k, p);
  unshareFiles(k, p);
  leaveMemory(k, p);
  const old = spaceOf(k, p);
  const { trapframe } = p;
  p.space = loaded.space.id;
  p.trapframe = loaded.space.trapframes[0].frame;
  writeKernelSatp(k, p);
  if (old.users > 1) leaveSpace(k, old, trapframe);
  else releaseSpace(k, old);
  if (k.state.current === p.pid) activate(k, spaceOf(k, p));
  setUp(k, p, loaded, path);
  if (p.manual) {
    p.manual = false;
    p.held = true;
  }
}

/** Registers at the program's start, and the name that `ps` shows. */
export function setUp(k: Kernel, p: Proc, loaded: Loaded, path: string): void {
  const { ram } = k;
  writeEpc(ram, p.trapframe, loaded.entry);
  writeRegister(ram, p.trapframe, SP, BigInt(loaded.sp));
  writeRegister(ram, p.trapframe, A1, BigInt(loaded.sp));
  writeUsyscall(k, p);
  p.callTable = loaded.callTable;
  // Its handler is in the memory that is gone.
  p.alarm = undefined;
  p.name = path.split("/").at(-1)!.slice(0, NAME_LENGTH);
  k.events.note("exec", p.pid, loaded.argc, p.name);
}

/**
 * Loads a program into a new address space, arguments on its stack. Says in a few words why not,
 * with nothing kept, when it is no program or memory runs out. `inode`: its file, if it has one.
 */
export function load(k: Kernel, bytes: Uint8Array, argv: Argv, inode?: Inode): Loaded | string {
  const elf = parse(bytes);
  if (typeof elf === "string") return elf;
  if (argv.length >= MAXARG) return `more than ${MAXARG - 1} arguments`;
  const space = createSpace(k);
  if (space === undefined) return "out of memory";
  const done = fill(k, space, elf, argv, inode);
  if (typeof done === "string") {
    releaseSpace(k, space);
    return done;
  }
  const callTable = callTableOf(k, elf);
  return { space, entry: elf.entry, sp: done, argc: argv.length, callTable };
}

/** Segments, guard, stack and arguments; the stack pointer. */
function fill(
  k: Kernel,
  space: AddressSpace,
  elf: Elf,
  argv: Argv,
  inode?: Inode,
): number | string {
  let size = vaNum(0);
  const segments = elf.segments.toSorted((a, b) => Number(a.vaddr - b.vaddr));
  for (const segment of segments) {
    const start = vaNum(Number(segment.vaddr));
    const area = segmentArea(segment, start, size);
    if (area === undefined) continue;
    const { bytes } = segment;
    if (k.demandExec && inode !== undefined && area.start === start) {
      const file = { fs: ROOT_FS, inode };
      area.lazy = true;
      area.backing = { file, offset: segment.offset, length: bytes.length, writable: false };
    }
    const done = mapArea(k, space, area) && (area.lazy || loadBytes(k, space, start, bytes));
    if (!done) return "out of memory";
    size = area.end;
  }
  const guard = pageUp(size), stack = offset(guard, PAGE_SIZE), top = offset(stack, PAGE_SIZE);
  const made = mapArea(k, space, newArea("guard", guard, stack, 0)) &&
    mapArea(k, space, newArea("stack", stack, top, PERM_R | PERM_W)) && mapUsyscall(k, space);
  if (!made) return "out of memory";
  space.size = top;
  return pushArguments(k, space, stack, argv);
}

/** A segment's area, from the end of the one before where they share a page (as uvmalloc would). */
function segmentArea(segment: ElfSegment, from: VaNum, before: VaNum): Area | undefined {
  const end = pageUp(offset(from, segment.memSize));
  const start = vaNum(Math.max(from, before));
  if (start >= end) return undefined;
  const perm = PERM_R | (segment.write ? PERM_W : 0) | (segment.execute ? PERM_X : 0);
  return newArea(segment.execute ? "text" : "data", start, end, perm);
}

/** Strings, each 16-aligned, then the pointers to them and a NULL, where sp and a1 point. */
function pushArguments(k: Kernel, space: AddressSpace, stack: VaNum, argv: Argv): number | string {
  let sp = stack + PAGE_SIZE;
  const push = (bytes: Uint8Array) => {
    sp -= bytes.length;
    sp -= sp % 16;
    return sp >= stack && copyout(k, space, vaNum(sp), bytes);
  };
  const pointers = new BigUint64Array(argv.length + 1);
  for (const [i, text] of argv.entries()) {
    const string = Uint8Array.from(text + "\0", (c) => c.charCodeAt(0));
    if (!push(string)) return "arguments too long";
    pointers[i] = BigInt(sp);
  }
  return push(new Uint8Array(pointers.buffer)) ? sp : "arguments too long";
}

/** The program in a file, with its segments as xv6's exec wants them; or why it is none. */
function parse(bytes: Uint8Array): Elf | string {
  try {
    const elf = parseElf(bytes);
    if (elf.segments.length === 0) return "nothing to load: no PT_LOAD program header";
    for (const { vaddr, memSize } of elf.segments) {
      if (vaddr % BigInt(PAGE_SIZE) !== 0n) return `segment at ${hex(vaddr)}: not page-aligned`;
      if (vaddr + BigInt(memSize) > MAXVA) return `segment at ${hex(vaddr)}: beyond MAXVA`;
    }
    return elf;
  } catch (error) {
    if (error instanceof ElfError) return error.message;
    throw error;
  }
}

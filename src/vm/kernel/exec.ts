/**
 * exec: a static ELF file becomes a process's memory, with xv6's layout. Segments stand at their
 * addresses from 0; above them a guard page, one stack page with the arguments, then the heap.
 *
 * @module
 */

import { spaceOf } from "./process/table.ts";
import { copyout, loadBytes } from "./memory/faults/copyin.ts";
import { mapArea } from "./memory/areas/populate.ts";
import { callTableOf } from "./stubs.ts";
import { activate } from "./memory/tables/flush.ts";
import { createSpace, leaveSpace, releaseSpace } from "./memory/areas/spaces.ts";
import { MAXVA, PAGE_SIZE, pageUp, type VaNum, vaNum } from "../machine/address.ts";
import type { CallTable } from "./abi.ts";
import type { Kernel } from "./kernel.ts";
import type { Inode } from "./files/file.ts";
import { ROOT_FS } from "./files/mount.ts";
import { type AddressSpace, type Area, PERM_R, PERM_W, PERM_X } from "./memory/areas/space.ts";
import { becomeFirst, writeKernelSatp } from "./process/lifecycle.ts";
import { leaveMemory, placeOf, unshareFiles } from "./process/threads.ts";
import { NAME_LENGTH, type Proc } from "./process/proc.ts";
import { mapUsyscall, writeUsyscall } from "./process/usyscall.ts";
import { A1, SP, writeEpc, writeRegister } from "./process/trapframe.ts";
import { MAXARG } from "./syscalls/strings.ts";

const ELF_MAGIC = 0x464c457f;
const MACHINE_RISCV = 243;
const PT_LOAD = 1;
const PF_X = 1;
const PF_W = 2;

/** A loadable segment, checked. */
interface Segment {
  readonly offset: number;
  readonly start: VaNum;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly perm: number;
}

/** What exec finds in a file. */
interface Image {
  readonly entry: bigint;
  readonly segments: readonly Segment[];
}

/** A new image in memory, not yet any process's. */
interface Loaded {
  readonly space: AddressSpace;
  readonly entry: bigint;
  readonly sp: number;
  readonly argc: number;
  readonly callTable: CallTable;
}

/**
 * exec() for a process: the program at `path` in the file system, seen from its directory. Returns argc, or
 * a few words that say why not, with the process as it was.
 */
export function exec(
  k: Kernel,
  p: Proc,
  path: string,
  argv: readonly string[],
): number | string {
  const inode = k.files.findFile(placeOf(k, p).cwd, path);
  if (inode === undefined) return `no file ${path}`;
  const bytes = k.files.readBytes(inode, 0, k.files.size({ fs: ROOT_FS, inode }));
  const loaded = typeof bytes === "number" ? "cannot be read" : load(k, bytes, argv, inode);
  k.files.putInode(inode);
  if (typeof loaded === "string") return loaded;
  become(k, p, loaded, path);
  return loaded.argc;
}

/** The process takes the loaded image for its own and lets its old memory go. */
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
  const { ram } = k.machine;
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
 * Loads a program into a new address space, arguments on its stack. A few words that say why not, with
 * nothing kept, when the file is not a program or memory runs out. `inode` is the file, where there is one.
 */
export function load(
  k: Kernel,
  bytes: Uint8Array,
  argv: readonly string[],
  inode?: Inode,
): Loaded | string {
  const image = parse(bytes);
  if (typeof image === "string") return image;
  if (argv.length >= MAXARG) return `more than ${MAXARG - 1} arguments`;
  const space = createSpace(k);
  if (space === undefined) return "out of memory";
  const done = fill(k, space, bytes, image, argv, inode);
  if (typeof done === "string") {
    releaseSpace(k, space);
    return done;
  }
  const callTable = callTableOf(k, bytes);
  return { space, entry: image.entry, sp: done, argc: argv.length, callTable };
}

/** Segments, guard, stack and arguments; the stack pointer. */
function fill(
  k: Kernel,
  space: AddressSpace,
  bytes: Uint8Array,
  image: Image,
  argv: readonly string[],
  inode: Inode | undefined,
): number | string {
  let size = vaNum(0);
  for (const segment of image.segments) {
    const area = segmentArea(segment, size);
    if (area === undefined) continue;
    if (k.demandExec && inode !== undefined && area.start === segment.start) {
      const file = { fs: ROOT_FS, inode };
      area.lazy = true;
      area.backing = {
        file,
        offset: segment.offset,
        length: segment.fileSize,
        writable: false,
      };
    }
    if (!mapArea(k, space, area)) return "out of memory";
    if (!area.lazy) {
      const content = bytes.subarray(segment.offset, segment.offset + segment.fileSize);
      if (!loadBytes(k, space, segment.start, content)) return "out of memory";
    }
    size = area.end;
  }
  const guard = pageUp(size);
  const stack = vaNum(guard + PAGE_SIZE);
  const top = vaNum(stack + PAGE_SIZE);
  if (!mapArea(k, space, area("guard", guard, stack, 0))) return "out of memory";
  if (!mapArea(k, space, area("stack", stack, top, PERM_R | PERM_W))) {
    return "out of memory";
  }
  space.size = top;
  if (!mapUsyscall(k, space)) return "out of memory";
  return pushArguments(k, space, stack, top, argv);
}

function area(kind: Area["kind"], start: VaNum, end: VaNum, perm: number): Area {
  return { kind, start, end, perm, shared: false, lazy: false };
}

/** The area of a segment, from where the one before ended when they share a page (as uvmalloc would). */
function segmentArea(segment: Segment, before: VaNum): Area | undefined {
  const end = pageUp(vaNum(segment.start + segment.memorySize));
  const start = vaNum(Math.max(segment.start, before));
  if (start >= end) return undefined;
  const kind = segment.perm & PERM_X ? "text" : "data";
  return area(kind, start, end, segment.perm);
}

/** Strings, each 16-aligned, then the NULL-ended pointer array, 16-aligned, where sp and a1 point. */
function pushArguments(
  k: Kernel,
  space: AddressSpace,
  stack: VaNum,
  top: VaNum,
  argv: readonly string[],
): number | string {
  let sp: number = top;
  const pointers = new BigUint64Array(argv.length + 1);
  for (const [i, text] of argv.entries()) {
    const string = Uint8Array.from(text + "\0", (c) => c.charCodeAt(0));
    sp -= string.length;
    sp -= sp % 16;
    if (sp < stack || !copyout(k, space, vaNum(sp), string)) return "arguments too long";
    pointers[i] = BigInt(sp);
  }
  sp -= pointers.byteLength;
  sp -= sp % 16;
  if (sp < stack || !copyout(k, space, vaNum(sp), new Uint8Array(pointers.buffer))) {
    return "arguments too long";
  }
  return sp;
}

/** The checks that xv6's exec makes, each with its reason. */
function parse(bytes: Uint8Array): Image | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 64 || view.getUint32(0, true) !== ELF_MAGIC) return "not an ELF file";
  if (bytes[4] !== 2 || bytes[5] !== 1) return "not a 64-bit little-endian ELF file";
  const machine = view.getUint16(18, true);
  if (machine !== MACHINE_RISCV) return `not a RISC-V program (ELF machine ${machine}, not 243)`;
  const segments: Segment[] = [];
  const table = Number(view.getBigUint64(32, true));
  const count = view.getUint16(56, true);
  for (let i = 0; i < count; i++) {
    const at = table + 56 * i;
    if (at + 56 > bytes.length) return `truncated: program header ${i} is beyond the end`;
    if (view.getUint32(at, true) !== PT_LOAD) continue;
    const segment = parseSegment(view, at);
    if (typeof segment === "string") return `program header ${i}: ${segment}`;
    segments.push(segment);
  }
  if (segments.length === 0) return "nothing to load: no PT_LOAD program header";
  segments.sort((a, b) => a.start - b.start);
  return { entry: view.getBigUint64(24, true), segments };
}

function parseSegment(view: DataView, at: number): Segment | string {
  const flags = view.getUint32(at + 4, true);
  const [offset, address, , fileSize, memorySize] = [8, 16, 24, 32, 40].map((field) =>
    view.getBigUint64(at + field, true)
  );
  if (memorySize < fileSize) return "smaller in memory than in the file";
  if (address % BigInt(PAGE_SIZE) !== 0n) return "address not page-aligned";
  if (address + memorySize > BigInt(MAXVA)) return "address beyond MAXVA";
  if (offset + fileSize > BigInt(view.byteLength)) return "truncated: contents beyond the end";
  return {
    offset: Number(offset),
    start: vaNum(Number(address)),
    fileSize: Number(fileSize),
    memorySize: Number(memorySize),
    perm: PERM_R | (flags & PF_W ? PERM_W : 0) | (flags & PF_X ? PERM_X : 0),
  };
}

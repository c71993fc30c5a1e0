/** A small ELF reader of the tests' own, so that the programs are not judged by the loader they are for. */

export interface Segment {
  offset: number;
  address: number;
  fileSize: number;
  memSize: number;
  read: boolean;
  write: boolean;
  execute: boolean;
}

export interface Symbol {
  name: string;
  address: number;
  size: number;
  kind: number;
}

export interface ElfFile {
  bytes: Uint8Array;
  type: number;
  machine: number;
  flags: number;
  entry: number;
  segments: Segment[];
  symbols: Map<string, Symbol>;
}

export const FUNCTION = 2;

export function readElf(bytes: Uint8Array): ElfFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u16 = (at: number) => view.getUint16(at, true);
  const u32 = (at: number) => view.getUint32(at, true);
  const u64 = (at: number) => Number(view.getBigUint64(at, true));
  if (u32(0) !== 0x464c457f || bytes[4] !== 2 || bytes[5] !== 1) throw new Error("no 64-bit ELF");

  const segments: Segment[] = [];
  for (let i = 0; i < u16(56); i++) {
    const at = u64(32) + i * u16(54);
    if (u32(at) !== 1) continue;
    const flags = u32(at + 4);
    segments.push({
      offset: u64(at + 8),
      address: u64(at + 16),
      fileSize: u64(at + 32),
      memSize: u64(at + 40),
      read: (flags & 4) !== 0,
      write: (flags & 2) !== 0,
      execute: (flags & 1) !== 0,
    });
  }

  const symbols = new Map<string, Symbol>();
  const section = (i: number) => u64(40) + i * u16(58);
  for (let i = 0; i < u16(60); i++) {
    if (u32(section(i) + 4) !== 2) continue;
    const names = u64(section(u32(section(i) + 40)) + 24);
    const start = u64(section(i) + 24);
    for (let at = start; at < start + u64(section(i) + 32); at += 24) {
      let name = "";
      for (let c = names + u32(at); bytes[c] !== 0; c++) name += String.fromCharCode(bytes[c]);
      const symbol = { name, address: u64(at + 8), size: u64(at + 16), kind: bytes[at + 4] & 15 };
      if (name !== "") symbols.set(name, symbol);
    }
  }
  return {
    bytes,
    type: u16(16),
    machine: u16(18),
    flags: u32(48),
    entry: u64(24),
    segments,
    symbols,
  };
}

/** The bytes at a virtual address, as far as the file holds them. */
export function bytesAt(elf: ElfFile, address: number, length: number): Uint8Array {
  const s = elf.segments.find((s) => address >= s.address && address < s.address + s.fileSize);
  if (s === undefined) throw new Error(`no bytes at 0x${address.toString(16)}`);
  const start = s.offset + address - s.address;
  return elf.bytes.subarray(start, start + length);
}

import { assert, assertEquals } from "@std/assert";
import { writeBytes } from "../../src/vm/kernel/files/file_system.ts";
import { type Fat32, openFat32 } from "../../src/vm/kernel/files/fat32/fat32.ts";
import { formatFat32 } from "./format.ts";
import { O_CREATE, O_RDONLY, O_RDWR } from "../../src/vm/kernel/files/xv6fs/namespace.ts";
import { consistent } from "./sequences.ts";

const BOOT = { reservedSectors: 14, fatSectors: 36, rootCluster: 44 } as const;

function put(fs: Fat32, dir: number, name: string, bytes: Uint8Array): void {
  const file = fs.open(dir, name, O_CREATE | O_RDWR);
  assert(file > 0);
  assertEquals(writeBytes(fs, file, 0, bytes), bytes.length);
  fs.iput(file);
}

Deno.test("the reserved bits of a FAT entry stay as they are, whatever becomes of the cluster", () => {
  const image = formatFat32(34 * 1024 * 1024);
  const view = new DataView(image.buffer);
  const fat = view.getUint16(BOOT.reservedSectors, true) * 512;
  const copy = fat + view.getUint32(BOOT.fatSectors, true) * 512;
  const cluster = view.getUint32(BOOT.rootCluster, true) + 1; // the first that a file gets
  for (const at of [fat, copy]) view.setUint32(at + 4 * cluster, 0xa000_0000, true);
  const fs = openFat32(image);
  const root = fs.root();
  const entries = () => [fat, copy].map((at) => view.getUint32(at + 4 * cluster, true));
  put(fs, root, "f", new Uint8Array(10));
  assertEquals(entries(), [0xafff_ffff, 0xafff_ffff]);
  assertEquals(fs.unlink(root, "f"), 0);
  assertEquals(entries(), [0xa000_0000, 0xa000_0000]);
});

Deno.test("a directory that grows into what a file left behind holds its own names only", () => {
  const fs = openFat32(formatFat32(34 * 1024 * 1024));
  const root = fs.root();
  assertEquals(fs.mkdir(root, "dir"), 0);
  // Bytes that would be names.
  put(fs, root, "old", new Uint8Array(64 * 1024).fill(0x41));
  assertEquals(fs.unlink(root, "old"), 0);
  const dir = fs.open(root, "dir", O_RDONLY);
  const names: string[] = [];
  for (let i = 0; i < 200; i++) {
    names.push(`N${i}`);
    put(fs, dir, names[i], new Uint8Array(0));
  }
  const list = fs.entries(dir);
  assert(typeof list !== "number");
  assertEquals(list.map(({ name }) => name), names);
  fs.iput(dir);
  fs.iput(root);
  consistent(fs);
});

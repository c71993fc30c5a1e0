/**
 * Real xv6 as the judge: images its mkfs made, its kernel on images of ours under QEMU, and images it wrote.
 *
 * `XV6_TREES` names a folder of built trees (NAME/fs.img, NAME/kernel/kernel). Without it nothing here can run.
 * A tree whose kernel leaks blocks fails, rightly: some solutions of the file-system lab do.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openXv6fs, type Xv6fs } from "../../src/vm/kernel/files/xv6fs/xv6fs.ts";
import { mkfs } from "../../src/vm/kernel/files/xv6fs/mkfs.ts";
import { fsck } from "../../src/vm/kernel/files/xv6fs/fsck.ts";
import { listTree, readFile } from "./host.ts";
import { DOUBLE } from "../../src/vm/kernel/files/xv6fs/layout.ts";
import { pattern } from "./workload.ts";
import { TREES, treesIn } from "../trees.ts";

const trees = TREES;

/** Built trees that have an image and a kernel. */
function builtTrees(): string[] {
  return trees === undefined ? [] : treesIn(trees).map((name) => `${trees}/${name}`);
}

if (trees === undefined) console.log("real xv6 images are not checked: XV6_TREES is not set");

Deno.test({
  name: "images of xv6's own mkfs are clean, and ours of the same files hold the same",
  ignore: builtTrees().length === 0,
  fn() {
    for (const dir of builtTrees()) {
      const theirs = Deno.readFileSync(`${dir}/fs.img`);
      assertEquals(fsck(theirs).filter((p) => p.severity === "error"), [], dir);
      const fs = openXv6fs(theirs.slice());
      const { size, ninodes, nlog } = fs.superblock;
      const source = Deno.readTextFileSync(`${dir}/kernel/fs.h`);
      const double = fs.addressing === DOUBLE;
      // Some trees keep xv6's own beside it, for the other labs.
      assertEquals(double, /NDIRECT +11/.test(source), dir);
      const listed = listTree(fs).filter((f) => f.type === 2);
      const names = [...new Set(listed.map((f) => f.path))];
      const files = names.map((name) => ({ name, bytes: readFile(fs, name) }));
      assert(files.some((f) => f.name === "/usertests"), dir);
      const image = mkfs({ size, ninodes, nlog, double, files });
      const ours = openXv6fs(image.slice());
      assertEquals(ours.superblock, fs.superblock, dir);
      assertEquals(image.length, theirs.length);
      for (const { name, bytes } of files) assertEquals(readFile(ours, name), bytes, name);
      // The same files take the same room, when no name is given twice.
      if (names.length === listed.length) {
        assertEquals(
          [ours.freeBlocks(), ours.freeInodes()],
          [fs.freeBlocks(), fs.freeInodes()],
          dir,
        );
      }
    }
  },
});

/** Types lines at xv6's shell under QEMU, one after each prompt, and returns the console's text. The image is changed. */
async function boot(dir: string, image: string, lines: readonly string[]): Promise<string> {
  const has = (file: string, word: string) =>
    Deno.readTextFileSync(`${dir}/${file}`).includes(word);
  const args = ["-machine", "virt", "-bios", "none", "-kernel", `${dir}/kernel/kernel`];
  args.push("-m", "128M", "-smp", "1", "-nographic");
  args.push("-drive", `file=${image},if=none,format=raw,id=x0`);
  args.push("-device", "virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0");
  if (has("Makefile", "force-legacy=false")) args.push("-global", "virtio-mmio.force-legacy=false");
  if (!has("kernel/riscv.h", "pmpaddr0")) args.push("-cpu", "rv64,pmp=false");
  const qemu = new Deno.Command("qemu-system-riscv64", {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const stdin = qemu.stdin.getWriter();
  const reader = qemu.stdout.getReader();
  const decoder = new TextDecoder();
  let text = "";
  const left = [...lines];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
    if (text.includes("panic")) break;
    if (!text.endsWith("$ ")) continue;
    const line = left.shift();
    if (line === undefined) break;
    await stdin.write(new TextEncoder().encode(`${line}\n`));
  }
  qemu.kill("SIGKILL");
  await reader.cancel();
  await stdin.abort();
  await qemu.status;
  return text;
}

function qemuInstalled(): boolean {
  try {
    return new Deno.Command("qemu-system-riscv64", { args: ["--version"] }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The plain kernels, oldest, middle and newest. */
function kernels(): string[] {
  const plain = builtTrees().filter((dir) => /\d{4}-xv6$/.test(dir));
  return [...new Set([plain[0], plain[plain.length >> 1], plain[plain.length - 1]])]
    .filter((dir) => dir !== undefined);
}

/** Kernels of the file-system lab, whose disks have files with a doubly indirect block. */
function labKernels(): string[] {
  return builtTrees().filter((dir) =>
    openXv6fs(Deno.readFileSync(`${dir}/fs.img`)).addressing === DOUBLE
  );
}

/**
 * Has the kernel of `dir` run `lines` on an image of ours with `files` and some of its own programs: its console, and
 * the image as it left it, which is clean.
 */
async function onOurs(
  dir: string,
  double: boolean,
  files: readonly { name: string; bytes: Uint8Array }[],
  lines: readonly string[],
): Promise<{ text: string; fs: Xv6fs }> {
  const theirs = openXv6fs(Deno.readFileSync(`${dir}/fs.img`));
  const here = new Set(listTree(theirs).map((f) => f.path.slice(1)));
  const programs = ["init", "sh", "ls", "cat", "echo", "mkdir", "rm", "ln", "wc", "stressfs"]
    .concat(["symlinktest", "bigfile"].filter((name) => here.has(name)))
    .map((name) => ({ name, bytes: readFile(theirs, name) }));
  const { size } = theirs.superblock;
  const path = await Deno.makeTempFile({ suffix: ".img" });
  try {
    const made = mkfs({ size, double, files: [...programs, ...files], dirs: ["deep/empty"] });
    await Deno.writeFile(path, made);
    const text = await boot(dir, path, lines);
    assert(!text.includes("panic"), text);
    const image = await Deno.readFile(path);
    assertEquals(fsck(image).filter((p) => p.severity === "error"), [], dir);
    const fs = openXv6fs(image);
    assertEquals(fsck(image), [], dir);
    return { text, fs };
  } finally {
    await Deno.remove(path);
  }
}

const letters = (n: number) => pattern(n, 1).map((b) => 97 + (b % 26));

Deno.test({
  name: "real xv6 boots from an image of ours, and what it writes is clean",
  ignore: kernels().length === 0 || !qemuInstalled(),
  async fn() {
    const big = letters(200_000);
    for (const dir of kernels()) {
      const { text, fs } = await onOurs(dir, false, [{ name: "deep/er/big", bytes: big }], [
        "wc deep/er/big",
        "mkdir deep/new",
        "echo written by xv6 > deep/new/file",
        "cat deep/new/file",
        "ln deep/er/big big2",
        "rm deep/er/big",
        "rm deep/empty",
        "cat big2 > big3",
        "stressfs",
        "ls deep",
      ]);
      assertStringIncludes(text, "200000 deep/er/big", dir);
      assertStringIncludes(text, "written by xv6", dir);
      assertEquals(readFile(fs, "deep/new/file"), new TextEncoder().encode("written by xv6\n"));
      assertEquals(readFile(fs, "big2"), big);
      assertEquals(readFile(fs, "big3"), big);
      const paths = listTree(fs).map((f) => f.path);
      assert(!paths.includes("/deep/empty") && paths.includes("/console"), paths.join(" "));
    }
  },
});

Deno.test({
  name: "kernels of the file-system lab read our doubly indirect files and links, and we theirs",
  ignore: labKernels().length === 0 || !qemuInstalled(),
  async fn() {
    const big = letters(600_000);
    for (const dir of labKernels()) {
      const { text, fs } = await onOurs(dir, true, [{ name: "big", bytes: big }], [
        "wc big",
        "cat big > big2",
        "symlinktest",
        "rm big",
      ]);
      assertStringIncludes(text, "600000 big", dir);
      assertStringIncludes(text, "test concurrent symlinks: ok", dir);
      assertEquals(fs.addressing, DOUBLE, dir);
      assertEquals(readFile(fs, "big2"), big, dir);
    }
  },
});

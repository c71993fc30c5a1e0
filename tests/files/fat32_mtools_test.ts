/** Debian's mkfs.fat, mtools and fsck.fat as the judges of what we read and write. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readBytes, writeBytes } from "../../src/vm/kernel/files/file_system.ts";
import { type Fat32, openFat32 } from "../../src/vm/kernel/files/fat32/fat32.ts";
import { FAT_ROOT } from "../../src/vm/kernel/files/fat32/nodes.ts";
import { formatFat32 } from "./format.ts";
import { byteString } from "../../src/vm/kernel/files/xv6fs/path.ts";
import { O_CREATE, O_RDONLY, O_RDWR, O_TRUNC } from "../../src/vm/kernel/files/xv6fs/namespace.ts";
import { fatSubject, play } from "./sequences.ts";
import { pattern, random, randomOp, Runner } from "./workload.ts";

const env = { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C.UTF-8", MTOOLS_SKIP_CHECK: "1" };

function run(
  command: string,
  args: readonly string[],
): { code: number; stdout: Uint8Array; text: string } {
  const { code, stdout, stderr } = new Deno.Command(command, { args: [...args], env }).outputSync();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout, text: decode(stdout) + decode(stderr) };
}

function ok(command: string, ...args: string[]): { stdout: Uint8Array; text: string } {
  const result = run(command, args);
  assertEquals(result.code, 0, `${command} ${args.join(" ")}: ${result.text}`);
  return result;
}

function installed(): boolean {
  try {
    return ["mkfs.fat", "fsck.fat", "mtype"].every((tool) => run(tool, ["--help"]).code >= 0);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const ready = installed();
if (!ready) console.log("FAT32 is not judged by mtools and fsck.fat: they are not installed");

/** Runs `body` with a folder that is gone afterwards. */
function inFolder(body: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync();
  try {
    body(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function put(fs: Fat32, path: string, bytes: Uint8Array): void {
  const root = fs.root();
  const file = fs.open(root, byteString(path), O_CREATE | O_RDWR | O_TRUNC);
  assert(file > 0, `${path}: ${file}`);
  assertEquals(writeBytes(fs, file, 0, bytes), bytes.length);
  fs.iput(file);
  fs.iput(root);
}

function get(fs: Fat32, path: string): Uint8Array {
  const root = fs.root();
  const file = fs.open(root, byteString(path), O_RDONLY);
  assert(file > 0, `${path}: ${file}`);
  const bytes = readBytes(fs, file, 0, fs.size(file));
  assert(typeof bytes !== "number");
  fs.iput(file);
  fs.iput(root);
  return bytes;
}

/** Nothing to say for fsck.fat: clean, the free count right. */
function judged(image: string): void {
  // The name of the folder is random, and may well hold "bad".
  const text = ok("fsck.fat", "-n", "-v", image).text.replaceAll(image, "the image");
  assert(!/wrong|Dirty|Orphan|Reclaim|Truncat|Bad|dup/i.test(text), text);
}

const names = [
  "README.TXT",
  "lower.txt",
  "A long name, with spaces and + signs.markdown",
  "ümläut – 日本語.txt",
  "x".repeat(120),
  "UPPER.low",
  "no extension at all",
];

for (
  const [megabytes, options] of [[34, []], [68, ["-s", "2"]], [68, [
    "-S",
    "1024",
    "-f",
    "1",
  ]]] as const
) {
  Deno.test({
    name: `images of mkfs.fat: ${megabytes} MiB ${options.join(" ")}`,
    ignore: !ready,
    fn: () =>
      inFolder((folder) => {
        const path = `${folder}/disk.img`;
        Deno.writeFileSync(path, new Uint8Array(0));
        Deno.truncateSync(path, megabytes << 20);
        ok("mkfs.fat", "-F", "32", ...options, "-n", "COWSH", path);
        ok("mmd", "-i", path, "::docs", "::docs/Deeper directory");
        const sample = (name: string, i: number) => pattern(1 + i * 7777, name.length);
        names.forEach((name, i) => {
          Deno.writeFileSync(`${folder}/host`, sample(name, i));
          ok("mcopy", "-i", path, `${folder}/host`, `::docs/${name}`);
        });

        // What they wrote, we read.
        const image = Deno.readFileSync(path);
        const fs = openFat32(image);
        names.forEach((name, i) => assertEquals(get(fs, `docs/${name}`), sample(name, i), name));
        const docs = fs.chdir(fs.root(), "docs");
        const entries = fs.entries(docs);
        assert(typeof entries !== "number");
        assertEquals(entries.map((e) => e.name).sort(), ["Deeper directory", ...names].sort());

        // What we write, they read.
        const root = fs.root();
        assertEquals(fs.mkdir(root, "ours"), 0);
        assertEquals(fs.mkdir(root, byteString("docs/Deeper directory/Noch tiefer ü")), 0);
        names.forEach((name, i) => put(fs, `ours/${name}`, sample(name, i + 3)));
        put(fs, "docs/Deeper directory/Noch tiefer ü/file", pattern(100_000, 1));
        put(fs, "docs/README.TXT", pattern(5, 2)); // shorter than before
        assertEquals(fs.unlink(root, "docs/no extension at all"), 0);
        Deno.writeFileSync(path, image);
        judged(path);
        names.forEach((name, i) => {
          assertEquals(ok("mtype", "-i", path, `::ours/${name}`).stdout, sample(name, i + 3), name);
        });
        const deep = ok("mtype", "-i", path, "::docs/Deeper directory/Noch tiefer ü/file").stdout;
        assertEquals(deep, pattern(100_000, 1));
        assertEquals(ok("mtype", "-i", path, "::docs/README.TXT").stdout, pattern(5, 2));
        const listing = ok("mdir", "-i", path, "-b", "::ours").text;
        for (const name of names) assertStringIncludes(listing, `::/ours/${name}\n`);
        assert(!ok("mdir", "-i", path, "-b", "::docs").text.includes("no extension"));
        const free = /([\d ]+) bytes free/.exec(ok("mdir", "-i", path, "::").text)![1];
        assertEquals(Number(free.replaceAll(" ", "")), fs.freeBytes());
      }),
  });
}

Deno.test({
  name:
    "an image of our own formatting, after random calls, passes fsck.fat and mcopy reads it all",
  ignore: !ready,
  fn: () =>
    inFolder((folder) => {
      const path = `${folder}/disk.img`;
      for (let seed = 1; seed <= 6; seed++) {
        const below = random(seed);
        const fs = openFat32(formatFat32(34 << 20));
        const runner = new Runner(fs);
        for (let i = 0; i < 120; i++) {
          const op = randomOp(below);
          // Names of every kind in place of single letters.
          runner.run("path" in op ? { ...op, path: op.path.replaceAll("a", "A long name.e") } : op);
        }
        runner.closeAll();
        Deno.writeFileSync(path, fs.image);
        judged(path);
        const out = `${folder}/out${seed}`;
        Deno.mkdirSync(out);
        ok("mcopy", "-s", "-n", "-i", path, "::*", out);
        let files = 0;
        const visit = (dir: string, prefix: string) => {
          for (const { name, isFile } of Deno.readDirSync(dir)) {
            if (isFile) {
              assertEquals(get(fs, `${prefix}${name}`), Deno.readFileSync(`${dir}/${name}`));
              files++;
            } else visit(`${dir}/${name}`, `${prefix}${name}/`);
          }
        };
        visit(out, "");
        assert(files > 0);
      }
    }),
});

Deno.test({
  name: "a disk that fills up, empties and fills again: fsck.fat finds nothing, mcopy reads it all",
  ignore: !ready,
  fn: () =>
    inFolder((folder) => {
      const path = `${folder}/disk.img`;
      const subject = fatSubject();
      let looks = 0, full = 0, largest = 0;
      const look = (fs: Fat32) => {
        // Files that are open without a name would be lost clusters to fsck.fat.
        if (fs.inUse().some(({ inum }) => fs.stat(inum).nlink === 0)) return;
        if (++looks % 3 > 0) return;
        Deno.writeFileSync(path, fs.image);
        judged(path);
        Deno.removeSync(path);
        const entries = fs.entries(FAT_ROOT);
        assert(typeof entries !== "number");
        largest = Math.max(largest, entries.reduce((sum, { slots }) => sum + slots.length, 0));
      };
      for (let seed = 11; seed <= 12; seed++) full += play(subject, random(seed), 150, look);
      assert(looks > 8 && full > 5 && largest > 16, `${looks} ${full} ${largest}`);

      // The last state once more, read by others.
      const fs = subject.fresh();
      const root = fs.root();
      const long = (i: number) => `A name that needs entries of its own, number ${i}.text`;
      for (let round = 0; round < 3; round++) {
        let i = 0;
        while (fs.freeBytes() > 4 * 512) put(fs, `${long(i)}`, pattern(200 + 60 * i++, round));
        assert(i > 20, `${i} files`);
        Deno.writeFileSync(path, fs.image);
        judged(path);
        for (let k = 0; k < i; k++) {
          const { stdout } = ok("mtype", "-i", path, `::${long(k)}`);
          assertEquals(stdout, get(fs, long(k)));
        }
        const gone = round === 2 ? 0 : i;
        for (let k = round; k < gone; k++) assertEquals(fs.unlink(root, long(k)), 0);
        Deno.writeFileSync(path, fs.image);
        judged(path);
      }
    }),
});

/**
 * The reader of debug information held against binutils over every address of real xv6 kernels and programs:
 * `XV6_TREES` is a folder with one built tree in each of its folders.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { DebugInfo } from "../../../src/vm/dwarf/debug_info.ts";
import { parseElf } from "../../../src/vm/machine/elf.ts";
import { TREES, treesIn } from "../../trees.ts";

const folder = TREES;
const TOOL = "riscv64-unknown-elf-";

/** Files with debug information: not every student's Makefile asks for it. */
function files(folder: string): string[] {
  return treesIn(folder).flatMap((name) =>
    ["kernel/kernel", "user/_sh", "user/_usertests"].map((file) => `${folder}/${name}/${file}`)
  ).filter((path) => exists(path) && DebugInfo.of(parseElf(Deno.readFileSync(path))) !== undefined);
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function tool(name: string, args: string[], input: string): Promise<string> {
  const child = new Deno.Command(TOOL + name, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  const [{ stdout }] = await Promise.all([
    child.output(),
    writer.write(new TextEncoder().encode(input)).then(() => writer.close()),
  ]);
  return new TextDecoder().decode(stdout);
}

async function has(name: string): Promise<boolean> {
  try {
    return (await new Deno.Command(TOOL + name, { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
}

if (folder === undefined) {
  console.log(
    "debug information of xv6 kernels: skipped, XV6_TREES is not set to a folder of trees",
  );
} else if (!await has("addr2line")) {
  console.log(`debug information of xv6 kernels: skipped, ${TOOL}addr2line is not installed`);
} else {
  for (const path of files(folder)) {
    const name = path.slice(folder.length + 1);
    Deno.test(`${name}: every instruction is of the line that addr2line says`, async () => {
      const elf = parseElf(Deno.readFileSync(path));
      const info = DebugInfo.of(elf)!;
      const functions = elf.symbols.filter(({ kind, size }) => kind === "function" && size > 0);
      const addresses = functions.flatMap(({ value, size }) =>
        Array.from({ length: size / 2 }, (_, i) => value + 2n * BigInt(i))
      );
      assert(addresses.length > 1000);
      const asked = addresses.map((at) => `0x${at.toString(16)}\n`).join("");
      const said = (await tool("addr2line", ["-f", "-i", "-a", "-e", path], asked))
        .split(/^0x/m).slice(1).map((block) => block.trim().split("\n").slice(1));
      const ours = addresses.map((at) => {
        const place = info.place(at);
        if (place === undefined) return ["?"];
        const base = (file: string | undefined) => file?.split("/").at(-1);
        const lines = [`${base(place.file.path)}:${place.line}`];
        for (const { file, line } of place.inlined) lines.push(`${base(file?.path)}:${line}`);
        const names = [...place.inlined.map(({ name }) => name), info.functionAt(at) ?? "?"];
        return lines.map((line, i) => `${names[i]} ${line}`);
      });
      const theirs = said.map((block) => {
        const lines: string[] = [];
        for (let i = 0; i + 1 < block.length; i += 2) {
          const line = block[i + 1].replace(/ \(discriminator \d+\)$/, "").split("/").at(-1)!;
          lines.push(line.startsWith("??") ? "?" : `${block[i]} ${line}`);
        }
        return lines;
      });
      const wrong = addresses.map((at, i) => ({ at, ours: ours[i], theirs: theirs[i] }))
        .filter(({ ours, theirs }) => ours.join() !== theirs.join());
      assertEquals(wrong.slice(0, 5), [], `${wrong.length} of ${addresses.length}`);
      assertEquals(info.problem, undefined);
    });
  }
}

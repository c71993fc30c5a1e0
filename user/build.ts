/**
 * Builds the guest programs. A program is a file `user/NAME.c`, or a folder `user/NAME/` of C files;
 * `user/lib` is linked to each. The ELF files go to `user/bin`, and once more, as base64, into
 * `user/programs.ts`, so that the shell carries them without reading a file.
 *
 *     deno task user            build all
 *     deno task user --check    build aside, and name every committed file that differs
 *
 * Exit codes: 0 built, or nothing differs; 1 something differs or does not compile; 2 no compiler.
 */

const here = new URL(".", import.meta.url).pathname;
const prefix = "riscv64-unknown-elf-";

const compile = [
  "-march=rv64imac",
  "-mabi=lp64",
  "-mcmodel=medany",
  "-std=gnu11",
  "-O2",
  // Lines of the source, and how the stack is unwound: what shell and tests show beside addresses.
  "-gdwarf-5",
  "-g1", // behind it, which would ask for all there is
  "-gno-record-gcc-switches",
  "-gno-column-info",
  "-gno-statement-frontiers",
  "-gno-variable-location-views",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-ffreestanding",
  "-fno-builtin",
  "-fno-common",
  "-fno-pie",
  "-fno-stack-protector",
  "-fno-asynchronous-unwind-tables",
  "-fno-tree-loop-distribute-patterns", // or memset's loop becomes a call of memset
  "-fno-inline", // so that each function of a program can be found by name and stopped at
  "-fno-ipa-sra", // nor under a name of the compiler's
  "-fno-ipa-cp",
  "-ffunction-sections",
  "-fdata-sections",
  // Nothing of the place gets in, by the compiler or the assembler.
  `-ffile-prefix-map=${here.slice(0, -1)}=user`,
  `-Wa,--debug-prefix-map=${here.slice(0, -1)}=user`,
];

const link = [
  "-nostdlib",
  "-static",
  "-no-pie",
  "-Wl,-T,lib/user.ld",
  "-Wl,-z,max-page-size=4096",
  "-Wl,--gc-sections",
  "-Wl,--build-id=none",
];

/** A failure to report in one line, with the exit code it deserves. */
class BuildError extends Error {
  constructor(message: string, readonly code: number) {
    super(message);
  }
}

async function tool(name: string, args: string[]): Promise<string> {
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(prefix + name, { args, cwd: here }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new BuildError(`${prefix}${name} not found: install gcc-riscv64-unknown-elf`, 2);
  }
  if (!output.success) {
    const said = new TextDecoder().decode(output.stderr).trim();
    throw new BuildError(`${prefix}${name} ${args.at(-1)}: failed\n${said}`, 1);
  }
  return new TextDecoder().decode(output.stdout);
}

function sources(folder: string): string[] {
  return [...Deno.readDirSync(here + folder)]
    .filter((entry) => entry.isFile && /\.[cS]$/.test(entry.name))
    .map((entry) => folder + entry.name)
    .sort();
}

/** Every program's name and its C files. */
function programSources(): Map<string, string[]> {
  const programs = new Map<string, string[]>();
  for (const file of sources("")) programs.set(file.slice(0, -2), [file]);
  for (const entry of Deno.readDirSync(here)) {
    if (!entry.isDirectory || entry.name === "lib" || entry.name === "bin") continue;
    programs.set(entry.name, sources(`${entry.name}/`));
  }
  return new Map([...programs].sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function object(source: string, into: string): Promise<string> {
  const out = `${into}/${source.replaceAll("/", "-")}.o`;
  await tool("gcc", [...compile, "-c", "-o", out, source]);
  return out;
}

async function mapInPairs<T, R>(items: T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let i = 0; i < items.length; i += 2) {
    results.push(...await Promise.all(items.slice(i, i + 2).map(run)));
  }
  return results;
}

/** Builds every program in the folder `into`; yields each file's content by its path from here. */
async function build(into: string): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const library = await mapInPairs(sources("lib/"), (file) => object(file, into));
  const programs = [...programSources()];
  const elves = await mapInPairs(programs, async ([name, files]) => {
    const objects = await mapInPairs(files, (file) => object(file, into));
    const out = `${into}/${name}`;
    await tool("gcc", [...link, "-o", out, ...objects, ...library]);
    // The names of functions and variables stay, for the shell, and their lines; what finds units
    // faster goes, since ours are few, and so do the assembler's own marks.
    await tool("strip", [
      "--remove-section=.debug_aranges",
      "--discard-locals",
      "--wildcard",
      "--strip-symbol=$*",
      out,
    ]);
    return Deno.readFileSync(out);
  });
  const built = new Map(programs.map(([name], i) => [`bin/${name}`, elves[i]]));
  const text = new TextEncoder();
  built.set("bin/COMPILER", text.encode((await tool("gcc", ["--version"])).split("\n")[0] + "\n"));
  built.set("programs.ts", text.encode(programsModule(programs.map(([name]) => name), elves)));
  return built;
}

function programsModule(names: string[], elves: Uint8Array<ArrayBuffer>[]): string {
  const rows = names.map((name, i) => {
    const lines = elves[i].toBase64().match(/.{1,96}/g) ?? [];
    return `  "${name}": \`\n${lines.join("\n")}\n\`,\n`;
  });
  return `/**
 * The guest programs as ELF files, written by \`deno task user\` from the C files beside this one.
 * Do not edit.
 * @module
 */

const base64: Readonly<Record<string, string>> = {
${rows.join("")}};

/** The names of the built-in guest programs, in order. */
export const programNames: readonly string[] = Object.keys(base64);

/** The ELF file of a built-in guest program, a fresh copy each time; undefined if there is none. */
export function program(name: string): Uint8Array<ArrayBuffer> | undefined {
  return Object.hasOwn(base64, name) ? Uint8Array.fromBase64(base64[name]) : undefined;
}
`;
}

function committed(path: string): Uint8Array | undefined {
  try {
    return Deno.readFileSync(here + path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** The differences between what was built and what is committed, one line each. */
function differences(built: Map<string, Uint8Array>): string[] {
  const lines: string[] = [];
  for (const [path, bytes] of built) {
    const old = committed(path);
    if (old === undefined) lines.push(`user/${path}: not committed`);
    else if (!same(old, bytes)) lines.push(`user/${path}: differs from its sources`);
  }
  for (const path of strays(built)) lines.push(`user/${path}: has no source`);
  return lines;
}

function strays(built: Map<string, Uint8Array>): string[] {
  return [...Deno.readDirSync(here + "bin")]
    .map((entry) => `bin/${entry.name}`)
    .filter((path) => !built.has(path));
}

async function main(args: string[]): Promise<number> {
  const unknown = args.find((arg) => arg !== "--check");
  if (unknown !== undefined) throw new BuildError(`unknown argument ${unknown}`, 2);
  Deno.mkdirSync(here + "bin", { recursive: true });
  const into = Deno.makeTempDirSync();
  try {
    const built = await build(into);
    if (args.includes("--check")) {
      const lines = differences(built);
      for (const line of lines) console.log(line);
      if (lines.length === 0) console.log(`${built.size} files are as their sources make them`);
      return lines.length === 0 ? 0 : 1;
    }
    for (const path of strays(built)) Deno.removeSync(here + path);
    for (const [path, bytes] of built) Deno.writeFileSync(here + path, bytes);
    console.log(`built ${built.size - 2} programs`);
    return 0;
  } finally {
    Deno.removeSync(into, { recursive: true });
  }
}

if (import.meta.main) {
  try {
    Deno.exitCode = await main(Deno.args);
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(`user: ${error.message}`);
    Deno.exitCode = error.code;
  }
}

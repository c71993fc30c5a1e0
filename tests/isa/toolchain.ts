/**
 * The cross compiler as the bare-metal programs of `tests/isa` and `bench/guest` use it.
 *
 * @module
 */

const COMPILER = "riscv64-unknown-elf-gcc";
const STRIP = "riscv64-unknown-elf-strip";
/** The compiler that made the committed files; another may lay out code differently. */
const BUILT_WITH = "12.2.0";
const LINKER_SCRIPT = new URL("./link.ld", import.meta.url).pathname;

const FLAGS = [
  "-march=rv64imac_zicsr_zifencei",
  "-mabi=lp64",
  "-mcmodel=medany",
  "-O2",
  "-ffreestanding",
  "-fno-builtin",
  "-nostdlib",
  "-static",
  "-Wall",
  "-Wl,--build-id=none",
  "-Wl,--no-warn-rwx-segments",
  "-Wl,-n",
  `-Wl,-T,${LINKER_SCRIPT}`,
];

/**
 * Builds each source into `bin/NAME.elf` under `folder`; with `check`, builds into a temporary folder
 * and compares instead. Returns the exit code: 0 well, 1 a committed file differs, 2 no build.
 */
export async function buildAll(folder: URL, sources: string[], check: boolean): Promise<number> {
  const bin = new URL("bin/", folder);
  const out = check ? await Deno.makeTempDir() : bin.pathname;
  if (!check) await Deno.mkdir(bin, { recursive: true });
  let code = 0;
  try {
    for (const source of sources) {
      const name = source.replace(/\.[^.]+$/, ".elf");
      const problem = await build(folder, source, `${out}/${name}`);
      if (problem !== undefined) {
        console.error(problem);
        return 2;
      }
      if (check && !await same(`${out}/${name}`, new URL(name, bin))) {
        console.error(`${name}: differs from the committed file; run the build without --check`);
        code = 1;
      }
    }
  } finally {
    if (check) await Deno.remove(out, { recursive: true });
  }
  if (code === 0) console.log(`${sources.length} programs ${check ? "as committed" : "built"}`);
  return code;
}

/** Why the committed files cannot be compared with new ones here; undefined when they can. */
export async function whyNoCheck(): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command(COMPILER, { args: ["-dumpfullversion"] }).output();
    const version = new TextDecoder().decode(stdout).trim();
    return version === BUILT_WITH ? undefined : `${COMPILER} is ${version}, not ${BUILT_WITH}`;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return `${COMPILER} is not installed`;
  }
}

/** Compiles one source; the folder is the working directory, so that no host path gets into the file. */
async function build(folder: URL, source: string, out: string): Promise<string | undefined> {
  return await run(COMPILER, [...FLAGS, "-I.", "-o", out, source], folder) ??
    await run(STRIP, ["-g", out], folder);
}

/** Runs a tool; returns what went wrong, if anything did. */
async function run(tool: string, args: string[], cwd: URL): Promise<string | undefined> {
  try {
    const { success, stderr } = await new Deno.Command(tool, { args, cwd }).output();
    return success ? undefined : new TextDecoder().decode(stderr).trim();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return `${tool} not found: install gcc-riscv64-unknown-elf`;
  }
}

async function same(built: string, committed: URL): Promise<boolean> {
  const bytes = await Deno.readFile(built);
  try {
    const other = await Deno.readFile(committed);
    return bytes.length === other.length && bytes.every((byte, i) => byte === other[i]);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

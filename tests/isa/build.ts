/**
 * Builds the assembly tests into `bin/`, or with `--check` builds them aside and says which differ
 * from the committed files. Needs `riscv64-unknown-elf-gcc`; the same compiler gives the same bytes.
 *
 *     deno run --allow-read --allow-write --allow-run --allow-env tests/isa/build.ts [--check]
 *
 * Exit code 0: built, or nothing differs; 1: something differs; 2: no compiler, or it failed.
 *
 * @module
 */
import { buildAll } from "./toolchain.ts";

const here = new URL(".", import.meta.url);
const sources = [...Deno.readDirSync(here)].map((entry) => entry.name)
  .filter((name) => name.endsWith(".S")).sort();
Deno.exit(await buildAll(here, sources, Deno.args.includes("--check")));

/**
 * Builds the programs for several harts into `bin/`, or with `--check` builds them aside and says
 * which differ from the committed files. Needs `riscv64-unknown-elf-gcc`.
 *
 *     deno run --allow-read --allow-write --allow-run --allow-env tests/litmus/build.ts [--check]
 *
 * @module
 */
import { buildAll } from "../isa/toolchain.ts";

const here = new URL(".", import.meta.url);
const sources = [...Deno.readDirSync(here)].map((entry) => entry.name)
  .filter((name) => name.endsWith(".S")).sort();
Deno.exit(await buildAll(here, sources, Deno.args.includes("--check")));

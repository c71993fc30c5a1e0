/**
 * Builds the bare-metal loops of the bench into `bin/`, or with `--check` builds them aside and
 * says which differ from the committed files. Needs `riscv64-unknown-elf-gcc`.
 *
 *     deno run --allow-read --allow-write --allow-run --allow-env bench/guest/build.ts [--check]
 *
 * @module
 */
import { buildAll } from "../../tests/isa/toolchain.ts";

const here = new URL(".", import.meta.url);
const sources = [...Deno.readDirSync(here)].map((entry) => entry.name)
  .filter((name) => /\.[Sc]$/.test(name)).sort();
Deno.exit(await buildAll(here, sources, Deno.args.includes("--check")));

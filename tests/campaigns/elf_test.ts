/** A few files of `campaign elf` in the suite. */

import { Random } from "./campaign.ts";
import { Readers } from "./elf.ts";
import { damaged } from "./elf_damage.ts";

Deno.test("damaged ELF files are read or refused in one line, and nothing is lost in the kernel", () => {
  const readers = new Readers(), random = new Random(1810);
  for (let n = 0; n < 200; n++) readers.read(damaged(random), n);
});

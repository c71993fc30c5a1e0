/**
 * Writes a file over and over, for whoever ends it in the middle: `writer.ts PATH MEBIBYTES [TIMES]`. Each time
 * the file is all of one letter, A or B by turns.
 */

import { FileWriter, makeLimitsErrors } from "../../src/host/file.ts";

const [path, size, times = "Infinity"] = Deno.args;
makeLimitsErrors();
const writer = new FileWriter();
for (let i = 0; i < Number(times); i++) {
  const bytes = new Uint8Array(Number(size) * 2 ** 20).fill("AB".charCodeAt(i % 2));
  try {
    writer.write(path, bytes, true);
  } catch (error) {
    console.error(`${error instanceof Error ? error.name : ""}: ${(error as Error).message}`);
    Deno.exit(5);
  }
  if (i === 0) console.log("written once");
}

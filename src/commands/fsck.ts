/** `fsck`: checks a disk image. */

import { fsck } from "../vm/disk.ts";
import { type Cell, note, result, table } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";

export default command({
  name: "fsck",
  group: "files",
  summary: "check a disk image: geometry, bitmap, link counts, directories",
  details: "Without a file, the mounted disk. Each thing that is wrong is a sentence.",
  args: [{ name: "file", kind: "file", optional: true, doc: "an image on the host" }],
  examples: [{ say: "our own disk", lines: ["fsck"], shows: ["clean"] }],
  async run(ctx, { file }) {
    const { disk } = ctx.vm;
    if (file === undefined && disk.image === undefined) {
      throw new CommandError("no disk is mounted");
    }
    const problems = file === undefined ? disk.check() : fsck(await ctx.files.read(file));
    if (problems.length === 0) {
      return result([note("clean", "good")], { json: { clean: true, problems: [] } });
    }
    const rows = problems.map((p): Cell[] => [{ value: p.kind, tone: "bad" }, p.message]);
    return result([table([{ name: "CLASS" }, { name: "DETAIL" }], rows, "problems")], {
      json: { clean: false, problems: problems.map((p) => ({ class: p.kind, detail: p.message })) },
      status: EXIT.failed,
    });
  },
});

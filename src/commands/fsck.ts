/**
 * `fsck`: checks a disk image.
 *
 * @module
 */

import { fsck } from "../vm/kernel/files/xv6fs/fsck.ts";
import {
  type Cell,
  command,
  CommandError,
  EXIT,
  note,
  result,
  table,
} from "../framework/command.ts";

export default command({
  name: "fsck",
  group: "files",
  summary: "check a disk image: geometry, bitmap, link counts, directories",
  details: "Without a file, the mounted disk. Each thing that is wrong is a sentence.",
  args: [{ name: "file", kind: "file", optional: true, doc: "an image on the host" }],
  examples: [{ say: "our own disk", lines: ["fsck"], shows: ["clean"] }],
  async run(ctx, { file }) {
    const { root } = ctx.vm.kernel.files;
    const fs = file === undefined ? root?.xv6 : undefined;
    const image = file === undefined ? fs?.image : await ctx.files.read(file);
    if (image === undefined) throw new CommandError("no disk is mounted");
    // Inodes that processes hold may be without a name.
    const open = new Set(fs?.inUse().map(({ inum }) => inum));
    const problems = fsck(image, fs === undefined ? {} : { open, addressing: fs.addressing });
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

/** `sync`: the disk image, as it is now, into a host file. */

import { command, FORCE } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { note, result } from "../framework/result.ts";

export default command({
  name: "sync",
  group: "files",
  summary: "write the guest's disk image to a host file",
  details: "The disk lives in memory; nothing is ever written to the host but by this. " +
    "The old file stays whole until the new one is there.",
  args: [{
    name: "file",
    kind: "file",
    doc: "the host file to write; with --force it may be the image that --fs or --fat named",
  }],
  flags: [{ name: "fat", doc: "the FAT32 image under /fat" }, FORCE],
  examples: [],
  run(ctx, { file, fat, force }) {
    const { disk } = ctx.vm;
    const image = fat ? disk.fat : disk.image;
    if (image === undefined) {
      throw new CommandError(`no ${fat ? "FAT32 image" : "disk"} is mounted`);
    }
    ctx.files.write(file, image, force === true);
    return result([note(`${file}: ${image.length} bytes written`)], {
      json: { file, bytes: image.length },
    });
  },
});

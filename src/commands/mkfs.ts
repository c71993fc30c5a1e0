/** `mkfs`: a new disk image on the host. */

import { counted } from "../vm/machine/counted.ts";
import { mkfs } from "../vm/disk.ts";
import { command, FORCE } from "../framework/command.ts";
import { EXIT } from "../framework/errors.ts";
import { note, result } from "../framework/result.ts";
import { refusing } from "../session/target.ts";

/** FSSIZE of the file-system lab. */
const LAB_BLOCKS = 200_000;

export default command({
  name: "mkfs",
  group: "files",
  summary: "make an xv6 file-system image of host files; real xv6 boots from it",
  details:
    "Each file goes to the root directory under its own name, without a leading _ as xv6's " +
    "build names programs. Our own programs are put in as well unless --bare.",
  args: [
    { name: "image", kind: "file", doc: "the image to write" },
    { name: "files", kind: "file", rest: true, doc: "host files to put in" },
  ],
  flags: [
    { name: "blocks", kind: "count", doc: "blocks of 1024 bytes; 2000 unless given" },
    {
      name: "double",
      doc: "for kernels of the file-system lab: inodes with a doubly indirect block, 200000 blocks",
    },
    { name: "inodes", kind: "count", doc: "200 unless given" },
    { name: "bare", doc: "without our own programs" },
    FORCE,
  ],
  examples: [],
  async run(ctx, { image, files, blocks, inodes, bare, double, force }) {
    const given: { name: string; bytes: Uint8Array }[] = [];
    for (const path of files) {
      const name = path.split("/").at(-1)!.replace(/^_/, "");
      given.push({ name, bytes: await ctx.files.read(path) });
    }
    const names = new Set(given.map((file) => file.name));
    const { programs } = ctx.vm.options;
    const ours = bare || programs === undefined
      ? []
      : programs.list().filter((name) => !names.has(name))
        .map((name) => ({ name, bytes: programs.get(name)! }));
    const bytes = refusing(() =>
      mkfs({
        files: [...given, ...ours],
        devices: [{ name: "console", major: 1, minor: 0 }],
        double: double === true,
        ...(blocks === undefined ? double ? { size: LAB_BLOCKS } : {} : { size: blocks }),
        ...(inodes === undefined ? {} : { ninodes: inodes }),
      }), EXIT.load);
    ctx.files.write(image, bytes, force === true);
    const count = given.length + ours.length;
    return result([note(`${image}: ${bytes.length} bytes, ${counted(count, "file")}`)], {
      json: { image, bytes: bytes.length, files: count },
    });
  },
});

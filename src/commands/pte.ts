/** `pte`: how an address is translated. */

import { atPa, result } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { placeOf } from "../session/target.ts";
import { translationJson, translationSections } from "../format/views.ts";

export default command({
  name: "pte",
  aliases: ["vtop", "walk"],
  group: "inspect",
  summary: "walk the page table for an address, and say what each access would do",
  details:
    "FLAGS are the two RSW bits (C: copy on write), then D A G U X W R V. The verdicts say " +
    "what a read, a write and a fetch would do now, without doing it.",
  args: [{ name: "va", kind: "va" }],
  flags: [
    { name: "pid", short: "p", kind: "pid", doc: "in this process" },
    { name: "all", short: "a", doc: "in every process" },
    { name: "kernel", short: "k", doc: "in the kernel's own page table, from S mode" },
  ],
  examples: [{
    say: "a copy-on-write page",
    lines: ["spawn", "sbrk 4096", "store 0x3000 42", "fork", "pte 0x3000"],
    shows: ["-C DA-U--RV", "COW copy of 4K", "stored 2", "counted 2"],
  }, {
    say: "the kernel maps RAM by 2 MiB leaves",
    lines: ["pte -k 0x87f3d000"],
    shows: ["2M", "kernel map"],
  }],
  run(ctx, args) {
    if (args.kernel) {
      const t = ctx.vm.kernelPte(args.va.va);
      if (t === undefined) throw new CommandError("the kernel's own page table is unknown");
      return result(translationSections(t), {
        json: translationJson(t),
        ...(t.pa === undefined ? {} : { place: atPa(t.pa) }),
      });
    }
    if (args.all) {
      const list = ctx.vm.processes().map((p) => p.pte(args.va.va));
      return result(list.flatMap(translationSections), {
        json: { processes: list.map(translationJson) },
        api: `vm.processes().map((p) => p.pte(0x${args.va.va.toString(16)}n));`,
      });
    }
    const { p, va } = placeOf(ctx, args.va, args.pid);
    const t = p.pte(va);
    return result(translationSections(t), {
      json: translationJson(t),
      api: `p${p.pid}.pte(0x${va.toString(16)}n);`,
      ...(t.pa === undefined ? {} : { place: atPa(t.pa) }),
    });
  },
});

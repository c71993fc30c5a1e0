/** `spawn`: a process that stands still and does what one types, or a program held at its start. */

import { atVa, note, result } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { EXIT } from "../framework/errors.ts";
import { hex } from "../vm/machine/address.ts";
import { loadProgram } from "../session/program.ts";
import { refusing, setCurrent } from "../session/target.ts";

export default command({
  name: "spawn",
  group: "process",
  summary: "make a process that does what you type, or hold a program at its start",
  details: "Without a program, the process has a text page, a guard page, a stack page and an " +
    "empty heap, and stands still: fork, sbrk, mmap, load, store act on it through the real " +
    "MMU and the real system calls. With one, it is loaded and held: step, continue run it.",
  args: [
    { name: "program", kind: "program", optional: true, doc: "a program's name or an ELF file" },
    { name: "args", kind: "text", rest: true, verbatim: true, doc: "its arguments" },
  ],
  examples: [
    { say: "a process to play with", lines: ["spawn"], shows: ["pid 2", "heap starts at 0x3000"] },
    { say: "a program at its first instruction", lines: ["spawn echo hi"], shows: ["pid 2 echo"] },
  ],
  async run(ctx, { program, args }) {
    const loaded = program === undefined ? undefined : await loadProgram(ctx, program);
    const p = refusing(() => ctx.vm.spawn(loaded?.name, args, loaded?.bytes), EXIT.load);
    setCurrent(ctx, p.pid);
    const text = program === undefined
      ? `pid ${p.pid} ${p.name} stands still; its heap starts at ${hex(p.break)}`
      : `pid ${p.pid} ${p.name} is held at its start; step or continue runs it`;
    return result([note(text)], {
      json: { pid: p.pid, name: p.name, break: hex(p.break), manual: program === undefined },
      ...(program === undefined ? { place: atVa(p.break) } : {}),
      ...(loaded?.bytes === undefined
        ? {
          api: program === undefined
            ? `const p${p.pid} = vm.spawn();`
            : `const p${p.pid} = vm.spawn(${JSON.stringify(program)}, ${JSON.stringify(args)});`,
        }
        : {}),
    });
  },
});

/** `call`: any system call in the name of a process. */

import { hex } from "../vm/machine/address.ts";
import { CALL_SHAPES, traceCalls, type TraceRecord } from "../vm/calls.ts";
import type { Process } from "../vm/process.ts";
import type { CallReport } from "../vm/reports.ts";
import { atVa, consoleText, note, type Result, result, type Section } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import { processFor, refusing } from "../session/target.ts";
import { eventsJson, resultJson } from "../format/event_json.ts";
import { watchedNotes } from "../format/breakpoints.ts";
import { effectLines } from "../format/views.ts";

/** What has a command of its own, because the process is another one afterwards, or two. */
const APART = ["fork", "exec", "exit"];
const NAMES = [...CALL_SHAPES.keys()].filter((name) => !APART.includes(name));
/** Where a path is put: below the stack pointer, as a program's own would be. */
const PATH_ROOM = 256n;

export default command({
  name: "call",
  group: "process",
  summary: "any system call as if the process executed the ecall, decoded as strace does",
  details: "Paths are given as they are and are put below the stack pointer; other arguments are " +
    "numbers or expressions, and those left out are 0. A call that would wait for ever is taken " +
    "back.",
  args: [
    { name: "name", kind: "text", choices: NAMES, doc: "a system call, like getpid" },
    { name: "args", kind: "text", rest: true, verbatim: true, doc: "its arguments" },
  ],
  flags: [{ name: "pid", short: "p", kind: "pid", doc: "this process, given before the name" }],
  examples: [
    {
      say: "a mapped file: what was stored goes back to it",
      lines: [
        "spawn",
        "call open README 2",
        "mmap 4096 rw --shared --fd 3",
        "store $_ 0x21 -s 1",
        "call msync $_ 4096",
      ],
      shows: ["msync(0x3fffdff000, 4096) = 0", "151 bytes at 0 of its file"],
    },
    {
      say: "the kernel as the one who writes: copyout into a copy-on-write page",
      lines: ["spawn", "sbrk 4096", "store 0x3000 1", "fork", "call pipe 0x3000"],
      shows: ["pipe(0x3000) = 0", "cow copy"],
    },
  ],
  run(ctx, { name, args, pid }) {
    const p = processFor(ctx, pid);
    const row = CALL_SHAPES.get(name)!;
    if (args.length > row.arguments.length) {
      const wanted = row.arguments.map((a) => a.name).join(", ") || "none";
      throw new CommandError(`${name} takes ${row.arguments.length} arguments: ${wanted}`);
    }
    const trace = traceCalls(ctx.vm);
    try {
      const mark = ctx.vm.mark();
      const values = row.arguments.map((a, i) =>
        args[i] === undefined
          ? 0n
          : a.kind === "path"
          ? putPath(p, args[i], BigInt(i + 1))
          : ctx.evaluate(args[i])
      );
      const report = refusing(() => p.call(row.name, ...values));
      const said = trace.calls.find((r) => r.pid === p.pid && r.name === row.name);
      const shown = said?.args ?? row.arguments.map((a, i) => argText(a.kind, values[i], args[i]));
      const lines = [note(`${name}(${shown.join(", ")})${outcome(report, said)}`)];
      const printed = ctx.vm.takeOutput();
      const sections: Section[] = printed === "" ? [] : [consoleText(printed)];
      const watched = watchedNotes(ctx.vm, p.pid, [report.watched], ", by the kernel");
      const effects = effectLines(ctx.vm.events(mark.event));
      return result([...sections, ...lines, ...effects, ...watched], {
        json: {
          pid: p.pid,
          name,
          args: [...shown],
          ...resultJson(said?.result ?? report.result?.toString()),
          blocked: report.blocked?.on ?? null,
          exited: report.exited,
          console: printed,
          events: eventsJson(ctx.vm, report.events),
        },
        ...answered(row.returns === "address", report.result),
        status: report.result === undefined || report.result === -1n ? EXIT.failed : EXIT.ok,
      });
    } finally {
      trace.stop();
    }
  },
});

/** An argument as it was given, where nobody has traced how its kernel took it. */
function argText(kind: string, value: bigint, typed: string | undefined): string {
  if (kind === "path" && typed !== undefined) return JSON.stringify(typed);
  return kind === "int" || kind === "fd" || kind === "size" ? `${value}` : hex(value);
}

/** What `$_` or `$__` becomes: mmap and sbrk answer with an address, the others with a number. */
function answered(address: boolean, answer: bigint | undefined): Pick<Result, "place" | "value"> {
  if (answer === undefined) return {};
  return address && answer !== -1n ? { place: atVa(answer) } : { value: answer };
}

function outcome(report: CallReport, said: TraceRecord | undefined): string {
  if (report.blocked !== undefined) {
    return `: would wait for ever (${report.blocked.on}); taken back`;
  }
  if (report.exited) return ": the process is gone";
  return ` = ${said?.result ?? report.result ?? "?"}`;
}

/** Stores a path where a program on the stack would have it; its address. */
function putPath(p: Process, path: string, n: bigint): bigint {
  const bytes = new TextEncoder().encode(`${path}\0`);
  if (bytes.length > Number(PATH_ROOM)) throw new CommandError(`${path}: longer than any path`);
  const at = p.registers.get("sp")! - n * PATH_ROOM;
  refusing(() => p.put(at, bytes));
  return at;
}

/** `watch`: stops a run when bytes are stored to or loaded. */

import { atPa, atVa, note, result } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { hex } from "../vm/machine/address.ts";
import { pointText } from "../format/breakpoints.ts";
import { placeOf, refusing } from "../session/target.ts";

/** More bytes than a person can mean. */
const MOST = 1n << 30n;

export default command({
  name: "watch",
  group: "run control",
  summary: "stop runs after a store to some bytes (or a load from them)",
  details:
    "The instruction that hit is done; the stop tells the value before and after. Loads and " +
    "stores of user code count, what the kernel copies in and out for a system call, and what " +
    "store, load, fill and call do, which say so. With --phys the address is a physical one, and " +
    "the frame is watched whoever maps it.",
  args: [
    { name: "va", kind: "va", doc: "the first byte; a physical address with --phys" },
    { name: "size", kind: "size", optional: true, doc: "bytes; 8 unless given" },
  ],
  flags: [
    { name: "read", short: "r", doc: "loads, in place of stores" },
    { name: "write", short: "w", doc: "stores; with -r, both" },
    { name: "phys", doc: "a physical address" },
    { name: "pid", short: "p", kind: "pid", doc: "in this process" },
    { name: "all", short: "a", doc: "in every process" },
  ],
  examples: [{
    say: "the first push on the stack",
    lines: ["spawn echo hi", "watch $sp-16 16", "continue"],
    shows: ["watchpoint 1: pid 2 stored 8 bytes at", "by the instruction at"],
  }],
  run(ctx, args) {
    const size = args.size ?? 8n;
    if (size < 1n || size > MOST) throw new CommandError(`watch ${size} bytes: 1 to 1G`);
    const { p, va } = placeOf(ctx, args.va, args.pid, args.phys);
    if (args.phys) refusing(() => ctx.vm.frame(va));
    // What is the kernel's is there whoever runs.
    const pid = args.all || args.phys || p.pid === 0 ? undefined : p.pid;
    const options = {
      size: Number(size),
      read: args.read ?? false,
      write: args.write ?? !args.read,
      physical: args.phys ?? false,
      ...(pid === undefined ? {} : { pid }),
    };
    const point = refusing(() => ctx.vm.watch(va, options));
    return result([note(pointText(ctx, point))], {
      json: { n: point.n, pid: pid ?? null, address: hex(va), size: Number(size) },
      place: args.phys ? atPa(va) : atVa(va),
      value: BigInt(point.n),
      api: `vm.watch(${hex(va)}n, ${JSON.stringify(options)});`,
    });
  },
});

/** `break`: where a run is to stop. */

import { atVa, note, result } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { hex } from "../vm/machine/address.ts";
import { listPoints, pointText } from "../format/breakpoints.ts";
import { moved } from "../format/source.ts";
import { placeOf, refusing } from "../session/target.ts";

export default command({
  name: "break",
  aliases: ["b"],
  group: "run control",
  summary: "stop runs before an instruction; without an address, list the stops",
  details:
    "For the current process, or the one named in front: break 3:main. With --all, whichever " +
    "process comes there, also children that are still to be forked. A line of the source, break " +
    "trap.c:42, stops where its code begins: at each place, where it was inlined or copied; a line " +
    "without code means the next one that has some.",
  args: [{ name: "va", kind: "va", optional: true, doc: "a function, a line, or an address" }],
  flags: [
    { name: "pid", short: "p", kind: "pid", doc: "in this process" },
    { name: "all", short: "a", doc: "in every process" },
  ],
  examples: [
    {
      say: "at a function",
      lines: ["spawn echo hi", "break main"],
      shows: ["breakpoint 1 at", "<main at echo.c:5> of pid 2"],
    },
    { say: "list them", lines: ["spawn echo hi", "break main", "break"], shows: ["STOPS-AT"] },
  ],
  run(ctx, args) {
    if (args.va === undefined) return listPoints(ctx);
    const { p, va } = placeOf(ctx, args.va, args.pid);
    // What is the kernel's is there whoever runs.
    const pid = args.all || p.pid === 0 ? undefined : p.pid;
    const { code } = args.va;
    const places = code?.addresses ?? [va];
    const points = places.map((at) => refusing(() => ctx.vm.breakAt(at, pid)));
    const [point] = points;
    const said = points.map((one) => note(pointText(ctx, one)));
    return result([...moved(args.va), ...said], {
      json: {
        n: point.n,
        pid: pid ?? null,
        va: hex(va),
        places: points.map(({ n, address }) => ({ n, va: hex(address) })),
      },
      place: atVa(va),
      value: BigInt(point.n),
      api: places.map((at) => `vm.breakAt(${hex(at)}n${pid === undefined ? "" : `, ${pid}`});`)
        .join(" "),
    });
  },
});

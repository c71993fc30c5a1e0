import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { ArgSpec, Command, FlagSpec } from "../../src/framework/command.ts";
import { COMMANDS } from "../../src/commands/registry.ts";
import { newSession } from "../../src/repl/boot.ts";
import { Shell } from "../../src/repl/shell.ts";
import { program, programNames } from "../../user/programs.ts";
import { Vm } from "../../src/vm/vm.ts";
import { captured } from "./fake.ts";

/** Those that act on the host or on the session's own life are left out. */
const COMMON = COMMANDS.filter((c) =>
  !["quit", "source", "sync", "record", "play", "save"].includes(c.name)
);

const WORDS: Partial<Record<ArgSpec["kind"], string[]>> = {
  va: [
    "0x3000",
    "0x2ff8",
    "2:0x3000",
    "3:0x1000",
    "0x3ffffff000",
    "0xffffffffffffffff",
    "main",
    "$_",
  ],
  pa: ["0x80000000", "0x87fff000", "pa(0x3000)", "pa(3:0x2000)", "0", "0x88000000", "$_"],
  expr: ["0", "-1", "42", "0xffffffffffffffff", "u64(0x3000)", "$sp", "1/0"],
  pid: ["1", "2", "3", "4", "99", "0"],
  size: ["0", "1", "4096", "3p", "1G", "-4096", "0x7fffffffffffffff"],
  count: ["0", "1", "3", "200"],
  perm: ["r", "rw", "rwx", "none"],
  program: ["echo", "cowtest", "forktest", "faulttext", "nothing", "ls", "sh"],
  register: ["a0", "sp", "pc", "satp", "zz"],
  symbol: ["main", "0x3000", "zz"],
};

const wordOf = (spec: ArgSpec | FlagSpec) => {
  const known = spec.choices ?? WORDS[spec.kind ?? "text"] ?? ["x", "hello", "5"];
  return fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...known) },
    {
      weight: 1,
      arbitrary: fc.constantFrom("3ff", "(", "", "'", "|", "--", "0x", "99999999999999999999"),
    },
  );
};

/** A line of a command, mostly well typed. */
function lineOf(c: Command): fc.Arbitrary<string> {
  const args = fc.tuple(
    ...c.args.map((a) => fc.option(wordOf(a), { nil: "", freq: a.optional ? 2 : 20 })),
  );
  const flags = fc.tuple(
    ...c.flags.map((f) =>
      fc.option(f.kind ? wordOf(f).map((w) => `--${f.name} ${w}`) : fc.constant(`--${f.name}`), {
        nil: "",
        freq: 1,
      })
    ),
  );
  const filter = fc.constantFrom(
    "",
    "",
    "",
    "",
    " | json",
    " | count",
    " | head 2",
    " | where PID == 2",
  );
  return fc.tuple(args, flags, filter).map(([a, f, tail]) => [c.name, ...a, ...f].join(" ") + tail);
}

const lines = fc.array(
  fc.oneof(
    {
      weight: 2,
      arbitrary: fc.constantFrom("spawn", "sbrk 8K", "fork", "use 2", "use 3", "store 0x3000 7"),
    },
    { weight: 5, arbitrary: fc.constantFrom(...COMMON).chain(lineOf) },
  ),
  { minLength: 4, maxLength: 25 },
);

Deno.test("no lines whatever show a bug of ours, and memory stays sound", async () => {
  const ends = { fine: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(lines, async (typed) => {
      const { host } = captured();
      const vm = new Vm({ mem: "16M", programs: { get: program, list: () => [...programNames] } });
      const session = newSession(vm, { json: false, keepGoing: true, budget: 300_000n }, {
        color: false,
        interactive: false,
        history: () => [],
      });
      let said = "";
      host.output = { ...host.output, out: (t) => void (said = t), err: (t) => void (said = t) };
      const shell = new Shell(session, host);
      for (const line of ["spawn", "sbrk 4096", ...typed]) {
        const { status } = await shell.run(line);
        assert(status !== 70, `${line}: ${said}`);
        if (status === 0) ends.fine++;
        else ends.refused++;
      }
      assertEquals(session.vm.audit(), []);
    }),
    { numRuns: 60, endOnFailure: false },
  );
  // Neither all nonsense nor all tame.
  assert(ends.fine > 200 && ends.refused > 100, JSON.stringify(ends));
});

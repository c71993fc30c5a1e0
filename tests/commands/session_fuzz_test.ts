/**
 * Sessions of random lines, each a real command with arguments of its kinds, good and bad: no line is a bug,
 * none prints what no person can read, and in the end everything in memory fits together.
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { ArgKind, ArgSpec, Command } from "../../src/commands/command.ts";
import { COMMANDS } from "../../src/commands/registry.ts";
import { typed } from "./typist.ts";

const ADDRESSES = [
  "0",
  "0x1000",
  "0x2ff8",
  "0x3000",
  "0x3ffc",
  "0x4000",
  "0x9000",
  "0x3fffffe000",
  "0x4000000000",
  "-8",
  "$sp-8",
  "$pc",
  "main",
  "2:0x3000",
  "3:0x3000",
  "$_",
];

/** Words that an argument of a kind may be. Host files and the network of other sessions are left alone. */
const WORDS: Record<ArgKind, readonly string[]> = {
  va: ADDRESSES,
  symbol: ["main", "fork", "0x8", "nosuch", "mai"],
  pa: ["pa(0x3000)", "pa(0)", "0x80ff0000", "0x80000000", "0x1000", "pa(0x9000)"],
  expr: ["0", "1", "-1", "42", "0x1122334455667788", "$a0", "u64(0x3000)", "refcount(pa(0x3000))"],
  pid: ["1", "2", "3", "4", "99"],
  size: ["1", "8", "4096", "8192", "3p", "-4096", "0", "1M", "1G"],
  count: ["0", "1", "2", "5", "17", "100", "3000", "4000000000"],
  perm: ["r", "rw", "rx", "none", "x"],
  program: ["echo", "forktest", "faulttext", "zombie", "wc", "nosuch", "sh"],
  file: ["/nosuch/file"],
  command: ["ps", "fork", "nosuch"],
  snapshot: ["a", "b", "nosuch"],
  register: ["a0", "sp", "satp", "nosuch", "pc"],
  text: ["hi", "fault", "copy", "fork", "README", "/", "0x41", "write"],
  line: ["1 == 1", "pa(0x3000)", "free()", "refcount(pa(0x3000)) == 2", "ps"],
};

/** They end the session, take the terminal, or take minutes. */
const LEFT_OUT = ["quit", "console", "compare", "source", "record", "play", "render"];
const TYPED = COMMANDS.filter((c) => !LEFT_OUT.includes(c.name));

function words(spec: Pick<ArgSpec, "kind" | "choices">): fc.Arbitrary<string> {
  const some = fc.constantFrom(...WORDS[spec.kind]);
  return spec.choices === undefined
    ? some
    : fc.oneof({ arbitrary: fc.constantFrom(...spec.choices), weight: 4 }, some);
}

function lineOf(command: Command): fc.Arbitrary<string> {
  const args = command.args.map((spec): fc.Arbitrary<string> =>
    spec.rest
      ? fc.array(words(spec), { maxLength: 2 }).map((list) => list.join(" "))
      : spec.optional
      ? fc.oneof(fc.constant(""), words(spec))
      : words(spec)
  );
  const flags = command.flags.map((flag) => {
    const value = flag.kind === undefined ? fc.constant("") : words({ ...flag, kind: flag.kind });
    return fc.oneof(
      { arbitrary: fc.constant(""), weight: 5 },
      { arbitrary: value.map((word) => `--${flag.name} ${word}`.trim()), weight: 1 },
    );
  });
  const json = fc.constantFrom("", "", "", "--json");
  return fc.tuple(json, ...flags, ...args)
    .map((parts) => [command.name, ...parts].filter((part) => part !== "").join(" "));
}

const anyLine = fc.constantFrom(...TYPED).chain(lineOf);
/** What makes a session worth looking at. */
const useful = fc.constantFrom(
  "spawn",
  "spawn forktest",
  "sbrk 8192",
  "fork",
  "store 0x3000 7",
  "store 0x3ffc 0x1122334455667788",
  "snap a",
  "snap b",
  "restore a",
  "step 20",
  "continue",
  "until fork",
  "back 3",
  "goto 10",
  "break -a main",
  "use 2",
  "use 3",
  "wait",
  "mmap 8192 --shared",
);
/** How sessions begin: with a family that stands still, or with a program to debug beside one. */
const begin = fc.constantFrom(
  ["spawn", "sbrk 8192", "store 0x3000 7", "fork", "snap a"],
  ["spawn", "sbrk 8192", "fork", "spawn forktest", "snap a", "step 20"],
  ["spawn sh -c 'echo a | cat; ls | wc'", "break -a fork", "snap a", "continue"],
);
const line = fc.oneof({ arbitrary: anyLine, weight: 3 }, { arbitrary: useful, weight: 2 });

Deno.test("random sessions: no bug, no nonsense, and the audit is clean", async () => {
  await fc.assert(
    fc.asyncProperty(
      begin,
      fc.array(line, { minLength: 5, maxLength: 25 }),
      async (first, lines) => {
        const flags = ["--mem", "16M", "--budget", "2000000"];
        const answers = await typed([...first, ...lines, "delete", "audit"], flags);
        for (const { line, text, status } of answers.slice(0, -2)) {
          assert([0, 1, 2, 3, 4, 5].includes(status), `${line}: exit code ${status}\n${text}`);
          assert(
            !/bug in cowsh|\bundefined\b|\[object|\bNaN\b/.test(text),
            `${line}: ${text}`,
          );
          if (/--json/.test(line) && status === 0) JSON.parse(text.split("\n")[0]);
        }
        assertEquals(answers.at(-1)!.status, 0, answers.at(-1)!.text);
      },
    ),
    { numRuns: 60, interruptAfterTimeLimit: 20_000 },
  );
});

/**
 * Sessions of random lines, each a real command with arguments of its kinds, good and bad: no line is a bug,
 * none prints what no person can read, and in the end everything in memory fits together.
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { ArgSpec, Command } from "../../src/framework/command.ts";
import { BEGINNINGS, USEFUL, WORDS } from "./line_words.ts";
import { COMMANDS } from "../../src/commands/registry.ts";
import { fingerprint } from "../vm/lab.ts";
import { newTyped, typed } from "./typist.ts";

/** They end the session, take the terminal, or take minutes. */
const LEFT_OUT = ["quit", "console", "compare", "source", "record", "play", "render"];
/** They go through what was typed themselves, or lose it. */
const OF_HISTORY = ["undo", "redo", "boot"];
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
const useful = fc.constantFrom(...USEFUL);
const begin = fc.constantFrom(...BEGINNINGS);
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

Deno.test("random sessions: undone all the way they are at their start, done again at their end", async () => {
  const plain = line.filter((one) => !OF_HISTORY.includes(one.split(" ")[0]));
  let undone = 0;
  await fc.assert(
    fc.asyncProperty(
      begin,
      fc.array(plain, { minLength: 5, maxLength: 15 }),
      async (first, lines) => {
        const { type, session } = await newTyped(["--mem", "16M", "--budget", "500000"]);
        const { vm } = session;
        const start = fingerprint(vm);
        const states: [Record<string, string>, number][] = [];
        let end: [Record<string, string>, number] = [start, 0];
        for (const line of [...first, ...lines]) {
          if (OF_HISTORY.includes(line.split(" ")[0])) continue;
          const before: [Record<string, string>, number] = [fingerprint(vm), session.pid];
          const { revision } = vm;
          await type(line);
          if (vm.revision === revision) assertEquals(fingerprint(vm), before[0], `seen: ${line}`);
          const { length } = vm.history.entries();
          if (length > states.length) {
            states.push(before);
            end = [fingerprint(vm), session.pid];
          }
          assertEquals(length, states.length, line);
        }
        assertEquals(fingerprint(vm), end[0]);
        const labels = vm.history.entries().map((entry) => entry.label);
        for (let i = states.length - 1; i >= 0; i--) {
          assertEquals((await type("undo")).status, 0);
          assertEquals([fingerprint(vm), session.pid], states[i], `undone: ${labels[i]}`);
          undone++;
        }
        assertEquals(fingerprint(vm), start);
        if (states.length === 0) return;
        assertEquals((await type(`redo ${states.length}`)).status, 0);
        assertEquals([fingerprint(vm), session.pid], end);
      },
    ),
    { numRuns: 25, interruptAfterTimeLimit: 30_000 },
  );
  assert(undone > 20, `${undone} lines undone`);
});

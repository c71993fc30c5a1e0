/** `facts`: what is believed of the kernel, and why. */

import { command } from "../framework/command.ts";
import { EXIT } from "../framework/errors.ts";
import { refusing } from "../session/target.ts";
import { type Cell, result, tableOf } from "../framework/result.ts";

/** How sure a fact is, in colour. */
const TONE = { sure: "good", given: "good", likely: "warn", unknown: "dim" } as const;

export default command({
  name: "facts",
  group: "inspect",
  summary: "what is known about the kernel, from what, and how sure that is",
  details:
    "Of a kernel of your own, counts and the COW bit are learned by watching it at work: the " +
    "machine runs ahead, types forktest at its prompt, and is made what it was. sure: read from " +
    "code or records, or seen many times without an exception; likely: with exceptions; given: by " +
    "you, here or by --fact; unknown: nothing is concluded from it. counts=PLACE is a variable as C " +
    "names it, *POINTER, an address, or none; ,first=PA ,bytes=N ,stride=N and ,more=N may follow. " +
    "areas=MEMBER is the member of struct proc that has mmap's areas, or none; ,start=NAME ,end=NAME " +
    ",length=NAME ,pages=NAME ,prot=NAME ,flags=NAME ,file=NAME ,offset=NAME ,used=NAME and " +
    ",next=NAME may follow, each a member of its struct.",
  args: [{
    name: "given",
    kind: "text",
    rest: true,
    optional: true,
    doc:
      "what you know better: counts=ref.cnt, counts=*refs,first=0, cow=0x100, cow=none, areas=vmas",
  }],
  examples: [{ say: "the built-in kernel's are its own", lines: ["facts"], shows: ["cow bit"] }],
  run(ctx, { given }) {
    for (const text of given) refusing(() => ctx.vm.giveFact(text), EXIT.usage);
    const facts = ctx.vm.facts();
    return result([
      tableOf(facts, "facts", [
        ["FACT", "text", (f) => f.name],
        ["VALUE", "text", (f): Cell => f.value ?? "unknown"],
        ["SURE", "text", (f) => ({ value: f.sure, tone: TONE[f.sure] })],
      ]),
      { type: "text", fold: true, lines: facts.map((f) => `${f.name}: ${f.evidence}`) },
    ], {
      json: { facts: facts.map((f) => ({ ...f, value: f.value ?? null })) },
      api: "vm.facts();",
    });
  },
});

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
  details: [
    "Of a kernel of your own, counts and the COW bit are learned by watching it at work: the " +
    "machine runs ahead, types forktest at its prompt, and is made what it was. sure: read from " +
    "code or records, or seen many times without an exception; likely: with exceptions; given: by " +
    "you, here or by --fact; unknown: nothing is concluded from it.",
    "What you give stands in the place of what is found, for all commands. PLACE is a variable as " +
    "C names it (tasks, ptable.proc, kmem[1].freelist, mm->root, kmem+24), *POINTER, or an " +
    "address; NAME=none says that the kernel has no such thing.",
    "processes=PLACE@N: the records of processes; @N only where no array says how many. May " +
    "follow: ,bytes=N of one; ,pid= ,state= ,chan= ,pagetable= ,sz= ,parent= ,name= ,kstack= " +
    ",context= ,trapframe=, each a member's name or its offset; ,unused= ,made= ,sleeping= " +
    ",runnable= ,running= ,zombie=, each a number or its name in an enum.",
    "cpus=PLACE@N: the records of harts. May follow: ,bytes=N ,proc= ,noff=.",
    "kernel=PLACE: the pointer to the kernel's root table, or the table; an address is the table's.",
    "free=PLACE,PLACE: the pointers to the first frames of free lists, or structs with such; " +
    "kmem[].freelist is that of all elements.",
    "counts=PLACE: who uses a frame. May follow: ,first=PA of the first count; ,bytes=N of one; " +
    ",stride=N to the next; ,more=N, what it exceeds the mappings by.",
    "cow=MASK: 0x100, 0x200 or 0x300.",
    "areas=MEMBER: where struct proc has mmap's areas. May follow: ,start= ,end= ,length= ,pages= " +
    ",prot= ,flags= ,file= ,offset= ,used= ,next=, each a member of their struct.",
    "stack=N: pages of a program's stack.",
  ].join("\n"),
  args: [{
    name: "given",
    kind: "text",
    rest: true,
    optional: true,
    doc:
      "what you know better: processes=tasks, kernel=kvm_root, free=pool.list, counts=ref.cnt, …",
  }],
  examples: [{ say: "the built-in kernel's are its own", lines: ["facts"], shows: ["cow bit"] }],
  run(ctx, { given }) {
    if (given.length > 0) refusing(() => ctx.vm.giveFact(...given), EXIT.usage);
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
      api: given.length === 0
        ? "vm.facts();"
        : `vm.giveFact(${given.map((text) => JSON.stringify(text)).join(", ")});`,
    });
  },
});

/** What is believed of a guest's kernel, as a list for people. */

import { areaFact } from "./area_fact.ts";
import type { Fact } from "../inspect/view.ts";
import { hex } from "../machine/address.ts";
import { counted } from "../machine/counted.ts";
import { bare } from "../dwarf/types.ts";
import type { Facts } from "./facts.ts";
import { elementOf, pathAt } from "./c_place.ts";
import { type CountPlace, headOf, indexText, type Learned, type Watched } from "./learner.ts";
import { type Member, MEMBERS } from "./record_facts.ts";
import type { ImageSymbols } from "./symbols.ts";

/** The facts, those first on which others rest. */
export function factList(facts: Facts, { counts, cow }: Watched): Fact[] {
  const { place: { base }, known: { symbols } } = facts;
  return [
    processes(facts),
    kernelTable(facts),
    freeLists(facts),
    learned("counts", counts, ({ array, bytes }) => {
      const { width, stride, more } = array;
      const { name, type } = countsName(symbols, { array, bytes }, base);
      const element = elementOf(type)?.name;
      const each = element !== undefined
        ? `${element} each`
        : width === stride
        ? `${counted(width, "byte")} each`
        : `${counted(width, "byte")} in each ${stride}`;
      const beside = more === 0
        ? ""
        : `, ${Math.abs(more)} ${more < 0 ? "less" : "more"} than the mappings`;
      return `${name}, ${each}, by ${indexText({ array, bytes }, base, symbols.end)}${beside}`;
    }),
    learned("cow bit", cow, hex),
    areaFact(facts),
  ];
}

function learned<T>(
  name: string,
  { value, sure, evidence }: Learned<T>,
  text: (value: T) => string,
): Fact {
  const shown = value === undefined ? undefined : value === null ? "none" : text(value);
  return { name, value: shown, sure, evidence };
}

/** What an array is called in C, and its type. */
function countsName(symbols: ImageSymbols, place: CountPlace, base: number) {
  const { array: { name, pointer } } = place;
  const [, variable, behind = "0"] = /^\*?(\w+)(?:\+(\d+))?$/.exec(name) ?? [];
  if (variable === undefined) return { name, type: undefined };
  if (pointer !== undefined) {
    const path = pathAt(symbols, variable, Number(behind));
    // It may be declared as a number.
    const leads = bare(path.type)?.kind === "pointer";
    return { name: `*${path.name}`, type: leads ? path.type : undefined };
  }
  const head = headOf(place, base, symbols.end)?.head;
  return head === undefined ? { name, type: undefined } : pathAt(symbols, variable, head);
}

function processes({ layout, known: { symbols, record } }: Facts): Fact {
  const name = "processes";
  const unknown = (evidence: string): Fact => ({
    name,
    value: undefined,
    sure: "unknown",
    evidence,
  });
  if (symbols.variable("proc") === undefined) return unknown("there is no variable `proc`");
  if (layout === undefined) {
    return unknown(
      "neither debug information nor `sys_getpid` and the locks' names tell its records",
    );
  }
  const { stride, records, offsets, seen } = layout;
  const declared = record?.declared ?? {};
  const by = (passes: (member: Member) => boolean) =>
    MEMBERS.filter((member) => offsets[member] !== undefined && passes(member))
      .map((member) => `${member} at ${offsets[member]}`).join(", ");
  const isSeen = (member: Member) => seen.includes(member);
  const isDeclared = (member: Member) => !isSeen(member) && declared[member] === offsets[member];
  const evidence = [
    [record?.stride === stride ? "" : "the locks' names", ""],
    [by(isDeclared), " in struct proc, by DWARF"],
    [by((member) => !isDeclared(member) && !isSeen(member)), " by its code"],
    [by(isSeen), " by what stands there"],
  ].flatMap(([what, from]) => what === "" ? [] : [what + from]).join("; ");
  return {
    name,
    value: `proc, ${records} records of ${stride} bytes`,
    sure: "sure",
    evidence,
  };
}

function kernelTable({ kernelRoot }: Facts): Fact {
  const name = "kernel table";
  if (kernelRoot === undefined) {
    const evidence = "no variable `kernel_pagetable` leads to one";
    return { name, value: undefined, sure: "unknown", evidence };
  }
  const evidence = "`kernel_pagetable`; it maps the kernel's code at its own address";
  return { name, value: hex(kernelRoot), sure: "sure", evidence };
}

function freeLists({ freeLists: lists }: Facts): Fact {
  const name = "free list";
  if (lists === undefined) {
    const evidence = "no variable with `mem` in its name begins a chain of frames";
    return { name, value: undefined, sure: "unknown", evidence };
  }
  const frames = lists.reduce((sum, one) => sum + one.frames, 0);
  return {
    name,
    value: counted(frames, "frame"),
    sure: "sure",
    evidence: lists.map(({ at, frames }) => `a chain of ${frames} from ${at}`).join(", "),
  };
}

/** What is believed of a guest's kernel, as a list for people. */

import { areaFact } from "./area_fact.ts";
import type { Fact } from "../inspect/view.ts";
import { hex } from "../machine/address.ts";
import { counted } from "../machine/counted.ts";
import { bare } from "../dwarf/types.ts";
import type { Facts } from "./facts.ts";
import { elementOf, pathAt, placeIn } from "./c_place.ts";
import { kernelRootIn } from "./known.ts";
import { type CountPlace, headOf, indexText, type Learned, type Watched } from "./learner.ts";
import { type Member, MEMBERS } from "./record_facts.ts";
import type { ImageSymbols } from "./symbols.ts";

/** The facts, those first on which others rest. */
export function factList(facts: Facts, { counts, cow }: Watched): Fact[] {
  const { place: { base }, known: { symbols } } = facts;
  return [
    processes(facts),
    harts(facts),
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

/** How a fact begins that a person gives. */
const SAID = "a person says so";

function unknown(name: string, evidence: string): Fact {
  return { name, value: undefined, sure: "unknown", evidence };
}

function none(name: string): Fact {
  return { name, value: "none", sure: "given", evidence: SAID };
}

function processes(facts: Facts): Fact {
  const { layout, known: { record, given: { processes: given } } } = facts;
  const name = "processes";
  if (given === null) return none(name);
  const said = given === undefined ? "" : `a person says ${given.name}`;
  if (layout === undefined) {
    return unknown(name, [said, facts.whyNoLayout].filter((one) => one !== "").join("; "));
  }
  const { stride, records, offsets, seen } = layout;
  const declared = record?.declared ?? {}, told = record?.given ?? {};
  const by = (passes: (member: Member) => boolean) =>
    MEMBERS.filter((member) => offsets[member] !== undefined && passes(member))
      .map((member) => `${member} at ${offsets[member]}`).join(", ");
  const isTold = (member: Member) => told[member] !== undefined;
  const isSeen = (member: Member) => !isTold(member) && seen.includes(member);
  const isDeclared = (member: Member) =>
    !isTold(member) && !isSeen(member) && declared[member] === offsets[member];
  const isCode = (member: Member) => !isTold(member) && !isDeclared(member) && !isSeen(member);
  const evidence = [
    [said === "" ? "" : SAID, by(isTold) === "" ? "" : `, and ${by(isTold)}`],
    [record?.stride === stride ? "" : "the locks' names", ""],
    [by(isDeclared), ` in ${facts.known.type?.name ?? "struct proc"}, by DWARF`],
    [by(isCode), " by its code"],
    [by(isSeen), " by what stands there"],
    [said !== "" && facts.slots.length === 0 ? "none of them is in use now" : "", ""],
  ].flatMap(([what, from]) => what === "" ? [] : [what + from]).join("; ");
  return {
    name,
    value: `${given?.name ?? "proc"}, ${records} records of ${stride} bytes`,
    sure: given === undefined ? "sure" : "given",
    evidence,
  };
}

function harts({ known: { cpus, given } }: Facts): Fact {
  const name = "cpus";
  if (given.cpus === null) return none(name);
  if (cpus === undefined) {
    return unknown(name, "no variable `cpus` is that; cpus=PLACE says where it is");
  }
  const { each, count, proc, noff, by } = cpus;
  const members = `proc at ${proc}${noff === undefined ? "" : `, noff at ${noff}`}`;
  return {
    name,
    value: `${cpus.name}, ${count} records of ${each} bytes`,
    sure: by === "given" ? "given" : "sure",
    evidence: by === "given"
      ? `${SAID}; ${members}`
      : by === "code"
      ? `${members} by its code; as many records as every xv6 has`
      : `${members} in struct cpu, by DWARF`,
  };
}

function kernelTable(facts: Facts): Fact {
  const { kernelRoot, known, place: { words } } = facts;
  const { given: { kernel } } = known;
  const name = "kernel table";
  if (kernel === null) return none(name);
  const fits = kernelRoot !== undefined && facts.isKernelRoot(kernelRoot);
  const maps = `it ${fits ? "maps" : "does not map"} the kernel's code at its own address`;
  if (kernel !== undefined) {
    const said = `a person says ${kernel.name}`;
    if (kernelRoot !== undefined) {
      return { name, value: hex(kernelRoot), sure: "given", evidence: `${said}; ${maps}` };
    }
    const at = kernelRootIn(known, (at) => words.long(at));
    return unknown(
      name,
      `${said}; ${at === undefined ? "it leads nowhere now" : `${hex(at)} is no frame`}`,
    );
  }
  if (kernelRoot === undefined) {
    return unknown(
      name,
      "no variable `kernel_pagetable` leads to one; kernel=PLACE says where it is",
    );
  }
  return { name, value: hex(kernelRoot), sure: "sure", evidence: `\`kernel_pagetable\`; ${maps}` };
}

function freeLists(
  { freeLists: lists, known: { given: { free } }, place: { words } }: Facts,
): Fact {
  const name = "free list";
  if (free === null) return none(name);
  const nowhere = (free ?? []).filter(({ place }) =>
    placeIn(place, (at) => words.long(at)) === undefined
  ).map(({ name }) => `${name} leads nowhere now`);
  const said = free === undefined ? [] : [SAID];
  if (lists === undefined) {
    const why = free === undefined
      ? ["no variable with `mem` in its name begins a chain of frames", "free=PLACE says what does"]
      : nowhere;
    return unknown(name, [...said, ...why].join("; "));
  }
  const frames = lists.reduce((sum, one) => sum + one.frames, 0);
  const chains = lists.map(({ at, frames, wrong }) =>
    wrong?.kind === "head"
      ? `${at} names ${hex(wrong.link)}, which is no frame`
      : `a chain of ${frames} from ${at}`
  );
  return {
    name,
    value: counted(frames, "frame"),
    sure: free === undefined ? "sure" : "given",
    evidence: [...said, [...chains, ...nowhere].join(", ")].join("; "),
  };
}

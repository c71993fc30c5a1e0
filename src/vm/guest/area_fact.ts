/** What is known of the areas of a guest's processes, and why it is believed. */

import type { AreaFacts, Fact } from "../inspect/view.ts";
import { counted } from "../machine/counted.ts";
import { PTE_R, PTE_U, PTE_W, PTE_X } from "../machine/sv39.ts";
import type { MappedPage, SpaceAreas } from "./areas.ts";
import type { Facts } from "./facts.ts";
import { stackOf } from "./known.ts";
import { ROLES, type VmaShape } from "./vma_shape.ts";

/** The fact, from all processes that there are. */
export function areaFact(facts: Facts): Fact {
  const spaces = facts.slots.map((slot) => facts.areas(slot)).filter((one) => one !== undefined);
  const exec = execEvidence(facts, spaces);
  const mmap = mmapEvidence(facts, spaces);
  const parts = [exec.value, mmap.value].filter((one) => one !== undefined);
  const value = parts.length === 0 ? undefined : parts.join(", ");
  const evidence = `${exec.evidence}; ${mmap.evidence}`;
  const sure = value === undefined
    ? "unknown"
    : mmap.sure === "given" || facts.known.given.stack !== undefined
    ? "given"
    : exec.sure && mmap.sure !== "likely"
    ? "sure"
    : "likely";
  return { name: "areas", value, sure, evidence };
}

function execEvidence({ known }: Facts, spaces: readonly SpaceAreas[]) {
  const stack = stackOf(known), isGiven = known.given.stack !== undefined;
  if (stack === undefined) {
    const evidence = isGiven
      ? "a person says that exec puts no guard page and stack behind a program"
      : "exec's code does not tell how many pages a stack has";
    return { value: undefined, sure: true, evidence };
  }
  const standing = spaces.filter(({ byExec }) => byExec).length;
  const who = isGiven ? "a person says that exec" : "exec's code";
  const evidence = `${who} puts a guard page and ${counted(stack, "page")} of stack behind ` +
    `a program, as they stand in ${standing} of ${counted(spaces.length, "address space")}; the ` +
    "heap ends at sz";
  return {
    value: standing === 0 ? undefined : "exec's and sbrk's",
    sure: standing === spaces.length,
    evidence,
  };
}

/** What the processes' records say of mmap. */
function mmapEvidence(
  { shape, known: { type: record, given: { areas: given } } }: Facts,
  spaces: readonly SpaceAreas[],
): { readonly value?: string; readonly sure?: "given" | "likely"; readonly evidence: string } {
  if (given !== undefined) {
    const evidence = "a person says so";
    return { value: given === null ? "no others" : nameOf(given), sure: "given", evidence };
  }
  if (!shape) {
    const evidence = record === undefined
      ? "no debug information tells whether struct proc has mmap's areas: what is mapped besides " +
        "is unknown"
      : `${record.name} has no structs with an address and a length: what is mapped besides is ` +
        "unknown";
    return { evidence };
  }
  const { fields, type } = shape;
  const all = spaces.flatMap(({ vmas, pages }) =>
    (vmas?.areas ?? []).map((area) => ({ area, pages }))
  );
  const odd = spaces.flatMap(({ vmas }) => vmas?.odd ?? []);
  const roles = ROLES.flatMap((role) => {
    const field = fields[role];
    return field === undefined ? [] : [field.name === role ? role : `${field.name} (${role})`];
  });
  const pages = all.flatMap(({ area, pages }) => pages.filter((page) => isIn(page, area)));
  const beyond = all.flatMap(({ area, pages }) =>
    pages.filter((page) => isIn(page, area) && exceeds(page, area))
  );
  const seen = all.length === 0
    ? "none in use now"
    : `${counted(all.length, "area")} in use with ${counted(pages.length, "page")} mapped, ` +
      (beyond.length === 0 ? "none with more rights" : `${beyond.length} with more rights`);
  const wrong = odd.length === 0 ? "" : `; ${odd.join(", ")}`;
  const likely = pages.length === 0 || beyond.length > 0 || odd.length > 0;
  return {
    value: nameOf(shape),
    ...(likely ? { sure: "likely" } : {}),
    evidence: `${type} by DWARF: ${roles.join(", ")}; ${seen}${wrong}`,
  };
}

function nameOf({ name, way, most }: VmaShape): string {
  return way === "list" ? `proc[].${name} in a chain` : `proc[].${name}[${most}]`;
}

function isIn(page: MappedPage, { start, end }: AreaFacts): boolean {
  return page.start >= start && page.end <= end;
}

/** Whether a page gives rights that its area has not. */
function exceeds({ pte }: MappedPage, { perm }: AreaFacts): boolean {
  if ((pte & PTE_U) === 0) return false;
  if (perm === undefined) return false;
  const rights = (pte & PTE_R ? 1 : 0) | (pte & PTE_W ? 2 : 0) | (pte & PTE_X ? 4 : 0);
  return (rights & ~perm & 6) !== 0;
}

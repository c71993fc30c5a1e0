/**
 * Facts that a person gives, in the place of what would be found out; `none`, where the kernel has
 * no such thing:
 *
 *     processes=PLACE[@N]{,NAME=…}   the records of processes      given_records.ts
 *     cpus=PLACE[@N]{,NAME=…}        those of harts                given_records.ts
 *     kernel=PLACE                   the kernel's root table       given_places.ts
 *     free=PLACE{,PLACE}             where free lists begin        given_places.ts
 *     counts=PLACE{,NAME=NUMBER}     who uses a frame              given_counts.ts
 *     cow=MASK                       the COW bit: 0x100, 0x200 or both
 *     areas=MEMBER{,ROLE=NAME}       mmap's areas
 *     stack=N                        pages of a program's stack
 *
 * PLACE is an address, or a variable as C names it; see `place_named.ts`. MEMBER is where a
 * process's record keeps the areas that mmap made: an array of structs or of pointers to them, or a
 * pointer to the first of a chain; ROLE one of {@link ROLES}, and NAME which member of such a struct
 * it is, where its name does not say so.
 */

import { PTE_RSW0, PTE_RSW1 } from "../machine/sv39.ts";
import { didYouMean } from "../nearest.ts";
import { recordType } from "./c_record.ts";
import { countsGiven } from "./given_counts.ts";
import { freeGiven, kernelGiven } from "./given_places.ts";
import { cpusGiven, processesGiven } from "./given_records.ts";
import { type Of, options, wordsOf } from "./given_words.ts";
import type { Given } from "./known.ts";
import type { Learned } from "./learner.ts";
import { NUMBER } from "./place_named.ts";
import { ROLES, shapeNamed, type VmaShape } from "./vma_shape.ts";

/** More pages than that no exec means. */
const MOST_STACK = 256;

/** How each fact is said, in the order in which one rests on another. */
const FACTS: { readonly [Name in keyof Given]-?: (value: string, of: Of) => Given[Name] } = {
  processes: processesGiven,
  cpus: cpusGiven,
  kernel: kernelGiven,
  free: freeGiven,
  counts: (value, of) => learned(countsGiven(value, of)),
  cow: (value) => learned(cowGiven(value)),
  areas: areasGiven,
  stack: stackGiven,
};
/** What a fact is called. */
export type GivenName = keyof Given;
/** What can be given. */
export const GIVEN = Object.keys(FACTS) as GivenName[];
/** What it is learned from that a kernel counts, and its COW bit. */
export const LEARNED_FROM: readonly GivenName[] = ["processes", "cpus", "kernel", "free"];
/** What events are told by. */
export const TOLD_BY: readonly GivenName[] = [...LEARNED_FROM, "counts"];

/** Which fact a text like `counts=ref.cnt` is. Throws a RangeError with one line for none. */
export function factNamed(text: string): GivenName {
  const [, name, value] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  const known = GIVEN.find((one) => one === name);
  if (known !== undefined && value.trim() !== "") return known;
  const want = `want ${GIVEN.map((one) => `${one}=…`).join(", ").replace(/, (\w+=…)$/, " or $1")}`;
  const why = known !== undefined
    ? `nothing stands behind ${name}=`
    : name === undefined
    ? want
    : `there is no fact ${name}; ${want}${didYouMean(name, GIVEN)}`;
  throw new RangeError(`fact ${text}: ${why}`);
}

/**
 * What some texts say, by the names of their facts. Throws a RangeError with one line for one that
 * says nothing.
 */
export function givenFacts(
  said: ReadonlyMap<GivenName, string>,
  of: Omit<Of, "record">,
): Given {
  let given: Given = {};
  for (const name of GIVEN) {
    const text = said.get(name);
    if (text === undefined) continue;
    const record = recordType(of.symbols, given.processes);
    const value = text.slice(name.length + 1).trim();
    try {
      const fact = value === "none" ? none(name) : FACTS[name](value, { ...of, record });
      given = { ...given, [name]: fact };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new RangeError(`fact ${text}: ${error.message}`);
    }
  }
  return given;
}

function none(name: GivenName): Learned<never> | null {
  return name === "counts" || name === "cow" ? learned<never>(null) : null;
}

function learned<T>(value: T | null): Learned<T> {
  return { value, evidence: "a person says so", sure: "given" };
}

function cowGiven(value: string): number {
  const mask = NUMBER.test(value) ? Number(value) : 0;
  if (mask === 0 || (mask & ~(PTE_RSW0 | PTE_RSW1)) !== 0) {
    throw new RangeError("want cow=0x100, 0x200, 0x300 or none");
  }
  return mask;
}

function areasGiven(value: string, { symbols, record }: Of): VmaShape {
  const [member, ...words] = wordsOf(value);
  const type = symbols.debug?.type("struct proc");
  const standard = type?.kind === "struct" ? type : undefined;
  return shapeNamed(symbols, member, options(words, ROLES, "NAME"), record ?? standard);
}

function stackGiven(value: string): number {
  const pages = NUMBER.test(value) ? Number(value) : 0;
  if (pages < 1 || pages > MOST_STACK) {
    throw new RangeError(`want how many pages a program's stack has, 1 to ${MOST_STACK}, or none`);
  }
  return pages;
}

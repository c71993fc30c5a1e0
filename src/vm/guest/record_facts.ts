/**
 * What a guest xv6's file says of its `struct proc`, whatever stands in memory: its debug
 * information declares it; without, the few instructions that do one thing to one member are the
 * same in all years.
 */

import { bare, type CType, type Member as Field, type StructType } from "../dwarf/types.ts";
import type { ProcessState } from "../inspect/view.ts";
import { asStruct, leadsToRecord, pointedTo, recordType } from "./c_record.ts";
import type { GivenRecords } from "./known.ts";
import type { ImageSymbols } from "./symbols.ts";

/** What of a record is known by its place. */
export const MEMBERS = [
  "pid",
  "state",
  "chan",
  "pagetable",
  "sz",
  "parent",
  "name",
  "kstack",
  "context",
  "trapframe",
] as const;
/** See {@link MEMBERS}. */
export type Member = typeof MEMBERS[number];
/** Byte offsets in a record. */
export type Offsets = Readonly<Partial<Record<Member, number>>>;

/** What the file tells. */
export interface RecordFacts {
  readonly pid: number;
  readonly state: number | undefined;
  /** What states are called, by their numbers. */
  readonly states: readonly (ProcessState | undefined)[];
  /** The number of a record that is nobody's. */
  readonly unused: number;
  readonly chan: number | undefined;
  /** Bytes of one record, as far as that is declared. */
  readonly stride: number | undefined;
  /** Bytes of a name, with its NUL. */
  readonly nameBytes: number;
  /** What debug information declares. */
  readonly declared: Offsets;
  /** What a person says. */
  readonly given: Offsets;
}

/** What states are called in the years without USED, where who is being made is UNUSED yet. */
const STATES_2019: readonly (ProcessState | undefined)[] = [
  "made",
  "sleeping",
  "runnable",
  "running",
  "zombie",
];
/** And from 2021 on. */
const STATES_2021: readonly (ProcessState | undefined)[] = [
  undefined,
  "made",
  ...STATES_2019.slice(1),
];
/** `char name[16]`. */
const NAME_BYTES = 16;

/**
 * What the file of a kernel says of its `struct proc`, `record` in C, and a person; undefined: not
 * even where pids are.
 */
export function recordFacts(
  symbols: ImageSymbols,
  record: StructType | undefined = recordType(symbols),
  said?: GivenRecords,
): RecordFacts | undefined {
  const given = said?.members ?? {};
  const fields = record === undefined ? {} : fieldsOf(record);
  const declared = Object.fromEntries(
    Object.entries(fields).map(([member, { offset }]) => [member, offset]),
  ) as Offsets;
  const code = codeFacts(symbols);
  const pid = given.pid ?? declared.pid ?? code.pid;
  if (pid === undefined) return undefined;
  const enums = fields.state === undefined ? undefined : statesOf(fields.state.type);
  const found = { states: enums?.states ?? code.states, unused: enums?.unused ?? 0 };
  return {
    pid,
    state: given.state ?? declared.state ?? code.state,
    ...(said === undefined ? found : statesWith(found, said.states)),
    chan: given.chan ?? declared.chan ?? code.chan,
    stride: said?.bytes ?? record?.size,
    nameBytes: fields.name?.type.size ?? NAME_BYTES,
    declared,
    given,
  };
}

/** States of which a person says what some are called. */
function statesWith(
  { states, unused }: Pick<RecordFacts, "states" | "unused">,
  given: GivenRecords["states"],
): Pick<RecordFacts, "states" | "unused"> {
  const names = new Set(given.values());
  const all = states.map((name, i) =>
    given.has(i) || (name !== undefined && names.has(name)) ? undefined : name
  );
  let none = unused;
  for (const [i, name] of given) {
    if (name === "unused") none = i;
    else all[i] = name;
  }
  return { states: Array.from(all), unused: none };
}

/** Whether a type can be a member's, in a record of another. */
const FITS: Readonly<Record<Member, (type: CType, record: StructType) => boolean>> = {
  pid: (type) => isNumber(type, 4),
  state: (type) => isNumber(type, 4) || bare(type)?.kind === "enum",
  chan: (type) => bare(type)?.kind === "pointer",
  pagetable: (type) => bare(type)?.kind === "pointer",
  sz: (type) => isNumber(type, 8),
  parent: leadsToRecord,
  name: (type) => {
    const is = bare(type);
    return is?.kind === "array" && isNumber(is.of, 1) && is.size > 0;
  },
  kstack: (type) => isNumber(type, 8),
  context: (type) => isContext(bare(type)),
  trapframe: (type) => asStruct(pointedTo(type), "trapframe") !== undefined,
};
/** Members that go by their types, whatever they are called, if there is one of the type. */
const ONE_OF: readonly Member[] = ["parent", "context", "trapframe"];

/** The members of a record, by their names and types. */
function fieldsOf(record: StructType): Partial<Record<Member, Field>> {
  const { members } = record;
  const found: Partial<Record<Member, Field>> = {};
  for (const member of MEMBERS) {
    const fits = members.filter(({ type, bits }) =>
      bits === undefined && FITS[member](type, record)
    );
    const named = fits.find(({ name }) => name === member);
    const one = named ?? (ONE_OF.includes(member) && fits.length === 1 ? fits[0] : undefined);
    if (one !== undefined) found[member] = one;
  }
  return found;
}

function isNumber(type: CType, size: number): boolean {
  const is = bare(type);
  return is?.kind === "base" && is.size === size && is.encoding !== "float";
}

/** Registers as xv6's swtch saves them: ra, sp, s0 and so on. */
function isContext(type: ReturnType<typeof bare>): boolean {
  const first = ["ra", "sp", "s0"];
  return type?.kind === "struct" &&
    first.every((name, i) => type.members[i]?.name === name && type.members[i].offset === 8 * i);
}

/** Words in the names of states. */
const STATE_NAMES: readonly (readonly [ProcessState, RegExp])[] = [
  ["made", /(?:^|_)(?:USED|EMBRYO)$/],
  ["sleeping", /(?:^|_)SLEEPING$/],
  ["runnable", /(?:^|_)RUNNABLE$/],
  ["running", /(?:^|_)RUNNING$/],
  ["zombie", /(?:^|_)ZOMBIE$/],
];

/** The states of an enumeration; undefined: they are not xv6's. */
function statesOf(type: CType): Pick<RecordFacts, "states" | "unused"> | undefined {
  const is = bare(type);
  if (is?.kind !== "enum") return undefined;
  const states: (ProcessState | undefined)[] = [];
  let unused: number | undefined;
  for (const [value, name] of is.values) {
    const number = Number(value);
    if (number < 0 || number > 255) continue;
    states[number] = STATE_NAMES.find(([, words]) => words.test(name))?.[0];
    if (/(?:^|_)UNUSED$/.test(name)) unused = number;
  }
  const whole = ["sleeping", "runnable", "running", "zombie"] as const;
  if (unused === undefined || !whole.every((one) => states.includes(one))) return undefined;
  if (!states.includes("made")) states[unused] = "made";
  return { states: Array.from(states), unused };
}

/** The number that an instruction of such a text has in it. */
function numberIn(texts: readonly string[], pattern: RegExp): number | undefined {
  for (const text of texts) {
    const found = pattern.exec(text);
    if (found !== null) return Number(found[1]);
  }
  return undefined;
}

/** What the code of a kernel says of its `struct proc`. */
function codeFacts(symbols: ImageSymbols) {
  // int sys_getpid(void) { return myproc()->pid; }
  const pid = numberIn(symbols.code("sys_getpid"), /^lw a0,(\d+)\(a0\)$/);
  // p->state = RUNNABLE; is all that yield() stores.
  const runs = symbols.code("yield");
  const runnable = numberIn(runs, /^li \w+,(\d+)$/);
  const state = numberIn(runs, /^sw \w+,(\d+)\((?!sp)\w+\)$/);
  const states = runnable === 3 ? STATES_2021 : runnable === 2 ? STATES_2019 : [];
  // p->chan = 0; after sched() came back.
  const chan = numberIn(symbols.code("sleep"), /^sd zero,(\d+)\((?!sp)\w+\)$/);
  return { pid, state, states, chan };
}

/** What fsck finds: kinds of problems, and the list being filled. */
import type { Addressing, Superblock } from "./layout.ts";

/** What kind of thing is wrong. */
export type ProblemKind =
  | "superblock"
  | "log"
  | "inode type"
  | "inode size"
  | "address"
  | "shared block"
  | "hole"
  | "entry name"
  | "duplicate name"
  | "dot"
  | "dangling entry"
  | "second parent"
  | "unreachable"
  | "orphan"
  | "link count"
  | "used but free"
  | "free but used";

/** One finding. */
export interface Problem {
  /** What kind. */
  readonly kind: ProblemKind;
  /** `error`: the image contradicts itself. `note`: a boot copes with it or puts it right. */
  readonly severity: "error" | "note";
  /** A sentence for a person. */
  readonly message: string;
  /** The inode concerned. */
  readonly inum?: number;
  /** The block concerned. */
  readonly block?: number;
}

/** What was found so far. */
export interface Findings {
  /** What is listed, in the order of the passes. */
  readonly problems: Problem[];
  /** Findings of each kind. */
  readonly counts: Map<ProblemKind, number>;
}

/** The image under check and what was found so far. */
export interface Check extends Findings {
  /** Geometry. */
  readonly sb: Superblock;
  /** What the addresses in an inode are. */
  readonly addressing: Addressing;
  /** First block that may hold file data. */
  readonly start: number;
  /** The image with a committed transaction installed; not to be changed. */
  readonly bytes: Uint8Array;
  /** The same as numbers. */
  readonly view: DataView;
}

/** Findings of one kind that are listed; a large image can hold millions. */
const MOST = 10_000;

/** Adds a finding to the list. */
export function report(
  { problems, counts }: Findings,
  severity: Problem["severity"],
  kind: ProblemKind,
  message: string,
  where: Pick<Problem, "inum" | "block"> = {},
): void {
  const count = (counts.get(kind) ?? 0) + 1;
  counts.set(kind, count);
  if (count <= MOST) problems.push({ kind, severity, message, ...where });
  if (count === MOST) {
    problems.push({ kind, severity, message: `more of "${kind}" are not listed` });
  }
}

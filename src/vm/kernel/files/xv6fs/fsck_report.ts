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
  /** `error`: the image contradicts itself. `note`: odd, but a boot copes with it or puts it right. */
  readonly severity: "error" | "note";
  /** A sentence for a person. */
  readonly message: string;
  /** The inode concerned. */
  readonly inum?: number;
  /** The block concerned. */
  readonly block?: number;
}

/** The image under check and what was found so far. */
export interface Check {
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
  /** What is wrong so far. */
  readonly found: Findings;
}

/** Findings of one kind that are listed: a person reads the first ones, and a large image can hold millions. */
const MOST = 10_000;

/** Findings as they are made. */
export class Findings {
  /** Those that are listed, in the order of the passes. */
  readonly problems: Problem[] = [];
  readonly #counts = new Map<ProblemKind, number>();

  /** Adds a finding. */
  add(
    severity: "error" | "note",
    kind: ProblemKind,
    message: string,
    where: { inum?: number; block?: number } = {},
  ): void {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count <= MOST) this.problems.push({ kind, severity, message, ...where });
    if (count === MOST) {
      this.problems.push({ kind, severity, message: `more of "${kind}" are not listed` });
    }
  }
}

/** Adds a finding to the list of a check. */
export function report(
  { found }: Pick<Check, "found">,
  ...finding: Parameters<Findings["add"]>
): void {
  found.add(...finding);
}

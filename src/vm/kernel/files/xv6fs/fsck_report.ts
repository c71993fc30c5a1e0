/** What fsck finds: kinds of problems, and the list being filled. */
import type { Superblock } from "./layout.ts";

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
  /** First block that may hold file data. */
  readonly start: number;
  /** A copy of the image, with a committed transaction installed. */
  readonly bytes: Uint8Array;
  /** The same as numbers. */
  readonly view: DataView;
  /** The list to fill. */
  readonly problems: Problem[];
}

/** Adds a finding to the list. */
export function report(
  check: Check,
  severity: "error" | "note",
  kind: ProblemKind,
  message: string,
  where: { inum?: number; block?: number } = {},
): void {
  check.problems.push({ kind, severity, message, ...where });
}

/** What accesses to an address would do, as far as the hardware decides it. */

import { type FaultCause, PAGE_FAULT } from "../machine/cause.ts";
import { PAGE_SIZE, type PaNum, type Va } from "../machine/address.ts";
import type { Ram } from "../machine/memory.ts";
import { type Access, EXECUTE, permits, READ, type Rights, walk, WRITE } from "../machine/sv39.ts";

/** What one kind of access would do. */
export interface Verdict {
  /** The kind of access. */
  readonly access: "read" | "write" | "execute";
  /** The access goes through without a fault. */
  readonly allowed: boolean;
  /** The process survives it; undefined: unknown. */
  readonly survives: boolean | undefined;
  /** scause of the fault: 12, 13 or 15; undefined when there is none. */
  readonly cause: FaultCause | undefined;
  /** `ok`, or what the kernel would do: `COW copy of 4K`, `killed: …`, `unknown`. */
  readonly text: string;
}

const USER: Rights = { user: true, sum: false, mxr: false };
const NAMES = ["read", "write", "execute"] as const;

/** The same where nothing is translated. `there`: whether RAM or a device has a frame. */
export function physicalVerdicts(there: (frame: number) => boolean, address: Va): Verdict[] {
  const allowed = address < 1n << 53n && there(Number(address / BigInt(PAGE_SIZE)));
  const text = allowed ? "ok" : "an access fault: nothing is there";
  return NAMES.map((access) => ({ access, allowed, survives: allowed, cause: undefined, text }));
}

/** The three verdicts. A fault in S mode is a panic; what a kernel does about others is unknown. */
export function hardwareVerdicts(
  ram: Ram,
  root: PaNum,
  address: Va,
  rights: Rights = USER,
): Verdict[] {
  const { leaf, fail } = walk(ram, root, address);
  return ([READ, WRITE, EXECUTE] as Access[]).map((access) => {
    const denied = leaf === undefined ? fail : permits(leaf.pte, access, rights);
    const allowed = denied === undefined;
    return {
      access: NAMES[access],
      allowed,
      survives: allowed || (rights.user ? undefined : false),
      cause: allowed ? undefined : PAGE_FAULT[access],
      text: allowed ? "ok" : rights.user ? `unknown: ${denied}` : `panic: ${denied}`,
    };
  });
}

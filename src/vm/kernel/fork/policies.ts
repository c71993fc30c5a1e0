/** The fork policies by name. A new one is a file in this folder and an entry here. */

import { cow } from "./cow.ts";
import { eager } from "./eager.ts";
import type { ForkPolicy } from "./policy.ts";
import { shareReadonly } from "./share_readonly.ts";

/** All policies, the default first. */
export const POLICIES: readonly ForkPolicy[] = [cow, eager, shareReadonly];

/** The policy of that name. */
export function policyNamed(name: string): ForkPolicy | undefined {
  return POLICIES.find((policy) => policy.name === name);
}

/**
 * Fork as xv6 ships it: the child gets a copy of every page, and fork fails when memory runs out.
 * Only pages of files that others map as well are still marked and copied at a store.
 */

import { cow } from "./cow.ts";
import type { ForkPolicy } from "./policy.ts";

/** xv6's fork. */
export const eager: ForkPolicy = {
  ...cow,
  name: "eager",
  summary: "copy all pages at fork, as xv6 ships it",
  atFork: () => "copy",
};

/** What a read, a write and a fetch would do now, by hardware and by the kernel's fault plan. */

import type { Va } from "../../machine/address.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { AddressSpace } from "../../kernel/memory/areas/space.ts";
import { type Plan, planFault } from "../../kernel/memory/faults/plan.ts";
import { hardwareVerdicts, type Verdict } from "../hardware_verdict.ts";

/** The three verdicts for an address of a space. */
export function verdicts(k: Kernel, space: AddressSpace, address: Va): Verdict[] {
  return hardwareVerdicts(k.ram, space.root, address).map((verdict) => {
    if (verdict.cause === undefined) return verdict;
    const plan = planFault(k, space, verdict.cause, address);
    return { ...verdict, survives: plan.do !== "kill", text: planText(plan) };
  });
}

/** A plan in words. */
function planText(plan: Plan): string {
  switch (plan.do) {
    case "kill":
      return `killed: ${plan.why}`;
    case "zero fill":
      return `demand fill with zeros${plan.superpage ? ", 2M" : ""}`;
    case "object fill":
      return "demand fill with zeros";
    case "file fill":
      return "demand fill from the file";
    case "cache hit":
      return `${plan.own ? "copy" : "map"} the page of the file that is in memory`;
    case "swap in object":
      return "swap in";
    case "swap in":
      return plan.then === undefined ? "swap in" : `swap in, then ${planText(plan.then)}`;
    case "cow copy":
      return "COW copy of 4K";
    case "cow reuse":
      return "last owner: reuse in place";
    case "superpage copy":
      return "COW copy of 2M";
    case "split and copy":
      return "split of the 2M leaf, COW copy of 4K";
    case "retry":
      return "the access again: the TLB is behind";
  }
}

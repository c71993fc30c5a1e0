import fc from "fast-check";
import { POLICIES } from "../../../src/vm/kernel/fork/policies.ts";
import type { MemoryOptions } from "../../../src/vm/kernel/memory/options.ts";
import { OPERATIONS, Play, type Scale, type Step } from "./model.ts";
import { MIB, World } from "./world.ts";

/** Sequences a property is tried with; more by COWSH_SEQUENCES. */
const RUNS = Number(Deno.env.get("COWSH_SEQUENCES") ?? 12);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    op: fc.constantFrom(...OPERATIONS),
    actor: fc.nat(10),
    a: fc.nat(1_000_000),
    b: fc.nat(1_000_000),
  }),
  { minLength: 1, maxLength: 60, size: "max" },
);

function play(name: string, options: MemoryOptions, scale: Scale): void {
  Deno.test(`random sequences read what a flat model reads: ${name}`, () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const it = new Play(new World(options), scale);
        for (const step of sequence) it.step(step);
        it.finish();
      }),
      { numRuns: RUNS },
    );
  });
}

for (const policy of POLICIES) {
  play(policy.name, { policy }, { pages: 12, scarce: false });
  play(
    `${policy.name}, little RAM and swap`,
    {
      policy,
      swap: 2 * MIB,
      readAhead: 2,
      kernelFrames: 4096 - 110,
      watermarks: { low: 8, high: 16 },
    },
    { pages: 24, scarce: true },
  );
  for (const superpageCow of ["whole", "split"] as const) {
    const options = { policy, superpages: true, superpageCow };
    play(`${policy.name}, 2 MiB leaves, ${superpageCow}`, options, { pages: 1400, scarce: true });
    play(
      `${policy.name}, 2 MiB leaves, ${superpageCow}, swap`,
      { ...options, swap: 32 * MIB, kernelFrames: 1000 },
      { pages: 1400, scarce: true },
    );
  }
  play(`${policy.name}, allocations failing`, { policy }, { pages: 12, scarce: true });
}

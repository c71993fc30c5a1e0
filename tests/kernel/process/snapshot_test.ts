/** A VM saved at any instruction and put back goes on exactly as it did the first time. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { BootOptions, Vm } from "../../../src/vm/vm.ts";
import { boot, digest, fingerprint } from "../../vm/lab.ts";
import { kernelOf, machineOf, recordOf } from "../../../src/vm/parts.ts";

const LINE = "echo a b | cat | wc; cat README | grep xv6 | wc; echo x > f; cat f; rm f; forktest";

function start(options: BootOptions): { vm: Vm; pid: number } {
  const vm = boot({ quantum: 700, ...options });
  return { vm, pid: vm.start("sh", ["-c", LINE]).pid };
}

/** Runs on to the end; what it prints from here, and the state then. */
function finish(vm: Vm, pid: number): { console: string; state: Record<string, string> } {
  const run = vm.resume(pid);
  const report = run.finish();
  assertEquals(report.stop.kind, "exited");
  return { console: report.console, state: fingerprint(vm) };
}

for (const policy of ["cow", "eager"]) {
  Deno.test(`saved at random instructions under ${policy}, restored twice, it ends the same`, () => {
    const whole = start({ policy });
    const wanted = finish(whole.vm, whole.pid);
    const length = machineOf(whole.vm).instret;
    assert(length > 10_000);
    const place = fc.double({ min: 0, max: 0.999, noNaN: true });
    fc.assert(
      fc.property(place, place, (first, second) => {
        const { vm, pid } = start({ policy });
        vm.advance(Math.floor(first * length));
        const saved = vm.save();
        const before = digest(saved);
        vm.advance(Math.floor(second * (length - machineOf(vm).instret)));
        vm.restore(saved);
        assertEquals(fingerprint(vm), fingerprint2(saved), "what comes back is what was saved");
        for (let round = 0; round < 2; round++) {
          const end = finish(vm, pid);
          assert(wanted.console.endsWith(end.console));
          assertEquals(end.state, wanted.state);
          vm.restore(saved);
        }
        assertEquals(digest(saved), before, "a saved state is never changed");
      }),
      { numRuns: 12 },
    );
  });
}

function fingerprint2(state: ReturnType<Vm["save"]>): Record<string, string> {
  return fingerprint({ save: () => state } as Vm);
}

Deno.test("a state can be put into another VM of the same options", () => {
  const one = start({});
  one.vm.advance(5000);
  const saved = one.vm.save();
  const wanted = finish(one.vm, one.pid);
  const other = boot({ quantum: 700 });
  other.spawn().sbrk(4096);
  other.restore(saved);
  assertEquals(finish(other, one.pid), wanted);
});

Deno.test("descriptors that share a file record share it again", () => {
  const vm = boot();
  const parent = vm.spawn();
  const child = parent.fork();
  const saved = vm.save();
  vm.restore(saved);
  const [a, b] = [recordOf(vm.process(parent.pid)), recordOf(vm.process(child.pid))];
  assert(a.files[0] === a.files[1]);
  assert(a.files[0] === b.files[2]);
  assertEquals(a.files[0]!.references, 6);
  assertEquals(vm.audit(), []);
});

Deno.test("threads share their space again", () => {
  const vm = boot();
  const p = vm.spawn();
  const pid = Number(p.call("clone", 0x100, 0).result);
  vm.restore(vm.save());
  assert(recordOf(vm.process(p.pid)).space === recordOf(vm.process(pid)).space);
  assertEquals(vm.audit(), []);
});

Deno.test("a hundred snapshots between small steps come back in any order", () => {
  const { vm } = start({});
  const states = Array.from({ length: 100 }, () => {
    vm.advance(37);
    return { saved: vm.save(), print: digest(fingerprint(vm)) };
  });
  for (const i of [99, 0, 50, 49, 98, 1, 75, 25]) {
    vm.restore(states[i].saved);
    assertEquals(digest(fingerprint(vm)), states[i].print, `snapshot ${i}`);
  }
});

/** Parts that are wired at boot, a person's own (stops, trace), or the report of the last call. */
const NOT_STATE = new Set([
  ...["machine", "memory", "events", "programs", "files", "stops", "trace"],
  ...["ram", "mmu", "frames", "policy", "lastFork", "hold"],
]);

/** Digests of an object's fields. */
function fields(object: object): Record<string, string> {
  const own = Object.entries(object).filter(([name]) => !NOT_STATE.has(name));
  return Object.fromEntries(own.map(([name, value]) => [name, digest(value)]));
}

Deno.test("no field of the kernel or of its memory is forgotten", () => {
  const { vm, pid } = start({ swap: "1M" });
  vm.advance(5000);
  const p = vm.spawn();
  p.sbrk(4096);
  const saved = vm.save();
  const before = [
    fields(kernelOf(vm)),
    fields(kernelOf(vm).memory),
    fields(kernelOf(vm).memory.frames),
  ];
  vm.resume(pid).finish();
  p.call("pipe", 0x3000);
  p.fork().exit(1);
  p.mmap(4096, { shared: true });
  kernelOf(vm).memory.reclaim(10);
  const between = fields(kernelOf(vm));
  assert(["nextPid", "nextPipe", "ticks", "slots"].every((f) => between[f] !== before[0][f]));
  vm.restore(saved);
  const after = [
    fields(kernelOf(vm)),
    fields(kernelOf(vm).memory),
    fields(kernelOf(vm).memory.frames),
  ];
  assertEquals(after, before);
});

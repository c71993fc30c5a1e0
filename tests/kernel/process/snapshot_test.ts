/** A VM saved at any instruction and put back goes on exactly as it did the first time. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { spaceOf } from "../../../src/vm/kernel/process/table.ts";
import { reclaim } from "../../../src/vm/kernel/memory/reclaim/reclaim.ts";
import type { BootOptions, Vm } from "../../../src/vm/vm.ts";
import { boot, digest, fingerprint } from "../../vm/lab.ts";
import { kernelOf, machineOf, recordOf } from "../../../src/vm/parts.ts";
import { fileOf } from "../../../src/vm/kernel/files/table.ts";

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
  const file = fileOf(kernelOf(vm), a, 0);
  assert(file === fileOf(kernelOf(vm), a, 1));
  assert(file === fileOf(kernelOf(vm), b, 2));
  assertEquals(file!.references, 6);
  assertEquals(vm.audit(), []);
});

Deno.test("threads share their space again", () => {
  const vm = boot();
  const p = vm.spawn();
  const pid = Number(p.call("clone", 0x100, 0).result);
  vm.restore(vm.save());
  assert(
    spaceOf(kernelOf(vm), recordOf(vm.process(p.pid))) ===
      spaceOf(kernelOf(vm), recordOf(vm.process(pid))),
  );
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

/** Digests of a record's fields. */
function fields(record: object): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, digest(value)]));
}

Deno.test("no field of the kernel or of its memory is forgotten", () => {
  const { vm, pid } = start({ swap: "1M" });
  vm.advance(5000);
  const p = vm.spawn();
  p.sbrk(4096);
  const saved = vm.save();
  const before = fields(kernelOf(vm).state);
  vm.resume(pid).finish();
  p.call("pipe", 0x3000);
  p.fork().exit(1);
  p.mmap(4096, { shared: true });
  reclaim(kernelOf(vm), 10);
  const between = fields(kernelOf(vm).state);
  const changing = ["nextPid", "nextPipe", "ticks", "procs", "frames", "ftable", "shm", "clock"];
  assert(changing.every((field) => between[field] !== before[field]));
  vm.restore(saved);
  assertEquals(fields(kernelOf(vm).state), before);
});

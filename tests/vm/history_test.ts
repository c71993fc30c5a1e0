/** The history of a computer: what is recorded, undone, done again, and reached in between. */

import { assert, assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { PAGE_SIZE } from "../../src/vm/machine/address.ts";
import { sameSaved } from "../../src/vm/state.ts";
import { pinStates } from "../../src/vm/recorder.ts";
import { Process } from "../../src/vm/process.ts";
import { Run } from "../../src/vm/run.ts";
import { KernelError, Vm } from "../../src/vm/vm.ts";
import { program, programNames } from "../../user/programs.ts";
import { boot as bootVm, fingerprint } from "./lab.ts";

const boot = () =>
  bootVm({ mem: "16M", programs: { get: program, list: () => [...programNames] } });

/** What a call can be made on. */
interface World {
  vm: Vm;
  p: Process;
  /** A program, held. */
  held: Process;
  run: Run;
  heap: bigint;
}

type Calls = Record<string, (world: World) => unknown>;

function world(): World {
  const vm = boot();
  const p = vm.spawn();
  const heap = p.sbrk("4 pages");
  p.fork();
  const held = vm.spawn("forkwrite", ["1"]);
  const run = vm.start("spin");
  run.slice(1000);
  return { vm, p, held, run, heap };
}

/** One call of every method of each class; those that ask for nothing are called as they are. */
const CALLS: [{ prototype: object }, (world: World) => object, Calls][] = [
  [Vm, ({ vm }) => vm, {
    spawn: ({ vm }) => vm.spawn("echo", ["hi"]),
    start: ({ vm }) => vm.start("echo", ["hi"]),
    resume: ({ vm, held }) => vm.resume(held.pid),
    run: ({ vm }) => vm.run("echo", ["hi"]),
    type: ({ vm }) => vm.type("x\n"),
    process: ({ vm }) => vm.process(2),
    hasProcess: ({ vm }) => vm.hasProcess(2),
    ended: ({ vm }) => vm.ended(2),
    descendants: ({ vm }) => vm.descendants(2),
    register: ({ vm }) => vm.register("satp"),
    flags: ({ vm }) => vm.flags(7n),
    hasProgram: ({ vm }) => vm.hasProgram("echo"),
    refcount: ({ vm, p, heap }) => vm.refcount(p.pte(heap).pa!),
    frame: ({ vm, p, heap }) => vm.frame(p.pte(heap).pa!),
    kernelPte: ({ vm }) => vm.kernelPte(0x80000000),
    since: ({ vm }) => vm.since(vm.mark()),
    observeForks: ({ vm }) => vm.observeForks(undefined),
    advance: ({ vm }) => vm.advance(100),
    setRegister: ({ vm }) => void assertThrows(() => vm.setRegister("a0", 1n), KernelError),
    reset: ({ vm }) => void assertThrows(() => vm.reset(), KernelError),
    holdRun: ({ vm, held }) => vm.holdRun(held.run, false),
    reclaim: ({ vm }) => vm.reclaim(1),
    breakAt: ({ vm }) => vm.breakAt(0),
    watch: ({ vm }) => vm.watch(0x3000),
    removeBreakpoint: ({ vm }) => vm.removeBreakpoint(1),
    failAllocation: ({ vm }) => vm.failAllocation(5),
    interact: () => {},
    listen: ({ vm }) => vm.listen(0),
    unlisten: ({ vm }) => void assertThrows(() => vm.unlisten(), KernelError),
    lastStores: ({ vm }) => void assertThrows(() => vm.lastStores(0x80000000), KernelError),
    invoke: ({ vm }) => void assertThrows(() => vm.invoke(0n), KernelError),
    countPlace: ({ vm }) => vm.countPlace(0x80000000),
    auditEach: ({ vm }) => void assertThrows(() => vm.auditEach(undefined), KernelError),
    trail: ({ vm }) => void assertThrows(() => vm.trail(0x80000000), KernelError),
    giveFact: ({ vm }) => void assertThrows(() => vm.giveFact("x=1"), KernelError),
    tlbOf: ({ vm }) => vm.tlbOf(0),
    sharing: ({ vm }) => vm.sharing([2, 3]),
    diff: ({ vm }) => vm.diff(vm.save()),
    restore: ({ vm, p, heap }) => {
      const state = vm.save();
      p.store(heap, 77n);
      vm.restore(state);
    },
    undo: ({ vm, p, heap }) => {
      vm.history.start();
      p.store(heap, 78n);
      vm.undo();
    },
    redo: ({ vm, p, heap }) => {
      vm.history.start();
      p.store(heap, 78n);
      vm.undo();
      vm.redo();
    },
    back: ({ vm, run }) => {
      vm.history.start();
      run.slice(100);
      vm.back(10);
    },
    goto: ({ vm, run }) => {
      vm.history.start();
      run.slice(100);
      vm.goto(vm.instret - 10);
    },
  }],
  [Process, ({ p }) => p, {
    at: ({ p }) => p.at(0),
    store: ({ p, heap }) => p.store(heap, 5n),
    load: ({ p, heap }) => p.load(heap),
    access: ({ p, heap }) => p.access(heap, 4, 3n),
    fill: ({ p, heap }) => p.fill(heap, "2 pages", 3),
    fillReport: ({ p, heap }) => p.fillReport(heap, "2 pages", 3),
    bytes: ({ p, heap }) => p.bytes(heap, 10),
    put: ({ p, heap }) => p.put(heap, "hello"),
    call: ({ p }) => p.call("getpid"),
    sbrk: ({ p }) => p.sbrk(4096),
    mmap: ({ p }) => p.mmap(4096),
    munmap: ({ p }) => p.munmap(p.mmap(4096), 4096),
    mprotect: ({ p }) => p.mprotect(p.mmap(4096), 4096, "r"),
    open: ({ p }) => p.open("README"),
    pipe: ({ p, heap }) => p.pipe(heap),
    read: ({ p, heap }) => p.read(p.open("README"), heap, 10),
    write: ({ p, heap }) => p.write(1, heap, 3),
    wait: ({ p }) => {
      p.fork().exit();
      p.wait();
    },
    kill: ({ held }) => held.kill(),
    pte: ({ p, heap }) => p.pte(heap),
    peek: ({ p, heap }) => p.peek(heap, 8),
    maps: ({ p, heap }) => p.maps(heap),
    frame: ({ p, heap }) => p.frame(heap),
    close: ({ p }) => p.close(0),
  }],
  [Run, ({ run }) => run, {
    slice: ({ run }) => run.slice(100),
    finish: ({ run }) => run.finish(1000),
  }],
];

for (const [type, on, calls] of CALLS) {
  const { name } = type as { name: string } & typeof type;
  const methods = membersOf(type.prototype);
  for (const [method, { value, get }] of methods) {
    const call = calls[method] ??
      ((there: World) => {
        const target = on(there) as Record<string, (() => unknown) | undefined>;
        return get === undefined ? target[method]!() : target[method];
      });
    for (const recorded of [false, true]) {
      const how = `${name}.${method}${recorded ? ", recorded" : ""}`;
      Deno.test(`who changes the computer changes its revision: ${how}`, () => {
        assert(value === undefined || calls[method] || value.length === 0, `no call of ${how}`);
        const there = world();
        if (recorded) there.vm.history.start();
        const [state, revision] = [there.vm.save(), there.vm.revision];
        assertEquals(there.vm.revision, revision, "save changed it");
        call(there);
        const changed = !sameSaved(state, there.vm.save());
        if (changed) assertNotEquals(there.vm.revision, revision);
        const asks = !CHANGES.includes(method);
        if (asks) assertEquals([there.vm.revision, changed], [revision, false]);
      });
    }
  }
  Deno.test(`every call of the table of ${name} is there`, () => {
    const known = methods.map(([method]) => method);
    assertEquals(Object.keys(calls).filter((method) => !known.includes(method)), []);
  });
}

/** What a class has, and what it has from those that it extends. */
function membersOf(prototype: object): [string, PropertyDescriptor][] {
  const own = Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name]) => name !== "constructor");
  const above = Object.getPrototypeOf(prototype);
  return above === Object.prototype ? own : [...membersOf(above), ...own];
}

/** Those that change something, or may; all others only look. */
const CHANGES =
  ("spawn start resume run type takeOutput advance holdRun reclaim breakAt watch removeBreakpoint " +
    "failAllocation restore undo redo back goto store load access fill fillReport bytes put call sbrk mmap " +
    "munmap mprotect open pipe read write clone exit wait kill close fork forkReport slice leave " +
    "finish interrupt report").split(" ");

Deno.test("a register that is set is a change", () => {
  const { vm, p } = world();
  const { revision } = vm;
  assertEquals(p.registers.get("a0"), p.registers.get("a0"));
  assertEquals(vm.revision, revision);
  p.registers.set("a0", 5n);
  assertNotEquals(vm.revision, revision);
});

/** What a script does, each one action. */
const DEEDS: ((world: World, i: number) => unknown)[] = [
  ({ p, heap }, i) => p.store(heap + BigInt(8 * (i % 64)), BigInt(i)),
  ({ p }) => p.fork(),
  ({ p, heap }, i) => p.fill(heap, "3 pages", i & 0xff),
  ({ vm }) => vm.run("echo", ["hi"]),
  ({ p }, i) => p.registers.set("s1", BigInt(i)),
  ({ vm, held }) => held.alive && vm.advance(1, { only: held.pid, step: true, pass: [held.pid] }),
  ({ vm }) => vm.spawn("echo", ["x"]),
  ({ p, heap }) => p.put(heap + 4096n, "some text"),
  ({ vm }) => vm.processes().at(-1)!.pid > 6 && vm.processes().at(-1)!.kill(),
  ({ vm }, i) => vm.type(`line ${i}\n`),
  ({ run }) => run.slice(5000),
  ({ vm }, i) => vm.breakAt(0x1000 + 2 * i),
  ({ vm }) => vm.reclaim(2),
  ({ p }) => p.call("sbrk", 4096, 1),
  ({ vm }) => vm.advance(300),
];

const deed = fc.record({ n: fc.nat(DEEDS.length - 1), undo: fc.integer({ min: 0, max: 4 }) });

Deno.test("property: undone step by step each state is the one that was; done again, too", () => {
  let undone = 0;
  fc.assert(
    fc.property(fc.array(deed, { minLength: 3, maxLength: 25 }), (deeds) => {
      const there = world();
      const { vm } = there;
      vm.history.start();
      let states = [vm.save()];
      let done = 0;
      for (const [i, { n, undo }] of deeds.entries()) {
        const { revision } = vm;
        try {
          DEEDS[n](there, i);
        } catch (error) {
          assert(error instanceof KernelError || error instanceof RangeError, String(error));
        }
        if (vm.revision !== revision) {
          states = [...states.slice(0, done + 1), vm.save()];
          done++;
        }
        const kept = vm.history.entries().filter((one) => !one.undone);
        assertEquals(kept.length, done, `deed ${n}`);
        const back = Math.min(undo, done);
        if (undo < 3 || back === 0) continue;
        vm.undo(back);
        done -= back;
        undone++;
        assert(sameSaved(vm.save(), states[done]), `undo ${back} after deed ${n}`);
      }
      for (let i = done; i > 0; i--) {
        vm.undo();
        assert(sameSaved(vm.save(), states[i - 1]), `undone to ${i - 1}`);
      }
      const all = states.length - 1;
      if (all > 0) vm.redo(all);
      assert(sameSaved(vm.save(), states[all]), "all done again");
    }),
    { numRuns: 40 },
  );
  assert(undone > 20, `${undone} ways back`);
});

Deno.test("many calls: few states, and each call can be undone exactly", () => {
  const { vm, p, heap } = world();
  vm.history.start();
  const fingerprints = new Map<number, Record<string, string>>();
  for (let i = 0; i < 600; i++) {
    if (i % 97 === 0) fingerprints.set(i, fingerprint(vm));
    p.store(heap + BigInt(8 * (i % 512)), BigInt(i + 1));
  }
  const labels = vm.history.entries().map((one) => one.label);
  assertEquals([labels.length, labels[0]], [600, `p2.store(0x${heap.toString(16)}n, 1n)`]);
  let at = 600;
  for (const [i, then] of [...fingerprints].reverse()) {
    vm.undo(at - i);
    at = i;
    assertEquals(fingerprint(vm), then, `undone to store ${i}`);
  }
});

Deno.test("no more than 10,000 actions are kept: the oldest quarter goes", () => {
  const { vm, p } = world();
  vm.history.start();
  for (let i = 0; i < 10_001; i++) p.registers.set("a0", BigInt(i));
  assertEquals(vm.history.entries().length, 7500);
  vm.undo(7500);
  assertEquals(p.registers.get("a0"), 2500n);
  assertThrows(() => vm.undo(), RangeError, "undo: there is nothing to be undone");
  vm.redo(7500);
  assertEquals(p.registers.get("a0"), 10_000n);
});

Deno.test("states that take too much room: what is oldest goes, and the newest stays", () => {
  const { vm, p, heap } = world();
  vm.history.start();
  const big = p.sbrk("2M");
  for (let i = 0; i < 6; i++) {
    p.fill(big, "2M", i + 1);
    vm.save();
  }
  const before = vm.history.entries().length;
  // Somebody keeps what fills the room.
  pinStates(vm, Array.from({ length: 3 }, () => vm.save()));
  assertEquals(vm.history.entries().length, before);
  p.store(heap, 1n);
  vm.undo();
  assertEquals(p.load(big, 1), 6n);
});

Deno.test("until and back meet: right behind the same events, one by one", () => {
  const forward = boot();
  const stops: [number, Record<string, string>][] = [];
  const pid = forward.spawn("forkwrite", ["1"]).pid;
  forward.history.start();
  for (let i = 0; i < 6; i++) {
    const run = forward.resume(pid, { until: { kinds: ["copy"] } });
    const { stop } = run.finish();
    run.leave();
    assert(stop.kind === "event");
    stops.push([stop.event.n, fingerprint(forward)]);
  }
  const end = forward.resume(pid);
  end.finish();
  end.leave();
  const over = fingerprint(forward);
  for (let at = Infinity; at !== stops[5][0];) {
    const { found } = forward.back({ kinds: ["copy"] });
    assert(found !== undefined && found.n < at && found.kind === "copy");
    at = found.n;
  }
  for (const [n, then] of stops.reverse()) {
    assertEquals(fingerprint(forward), then, `behind event ${n}`);
    if (n !== stops[5][0]) assertEquals(forward.back({ kinds: ["copy"] }).found!.n < n, true);
  }
  // Those that lie ahead now have been recorded, too.
  for (const [n, then] of stops) {
    forward.goto({ event: n });
    assertEquals(fingerprint(forward), then, `gone to event ${n}`);
  }
  forward.undo(forward.history.entries().length - 7);
  assertEquals(fingerprint(forward), over, "all ways back undone");
});

Deno.test("an event that the log forgot long ago is found, and nothing between is skipped", () => {
  const vm = boot();
  vm.history.start();
  const p = vm.spawn();
  const heap = p.sbrk("2 pages");
  p.fork();
  p.store(heap, 1n);
  const first = vm.events().findLast((e) => e.kind === "copy")!.n;
  vm.run("forkwrite", ["1"]);
  const second = vm.events().findLast((e) => e.kind === "copy")!.n;
  while (vm.oldestEvent <= second) {
    p.sbrk("4M");
    p.sbrk(-4 * 2 ** 20);
  }
  const over = fingerprint(vm);
  assertEquals(vm.back({ kinds: ["copy"] }).found!.n, second);
  vm.undo();
  assertEquals(fingerprint(vm), over);
  assertEquals(vm.back({ kinds: ["copy"], pid: p.pid, va: heap }).found!.n, first);
  const { message } = assertThrows(() => vm.back({ kinds: ["copy"] }), RangeError);
  assertMatch(message, /^back: there is no copy event before this; what is recorded begins with/);
});

Deno.test("the last change of a page's PTE is found; what is not there, or not recorded, is said", () => {
  const { vm, p, heap } = world();
  vm.history.start();
  p.store(heap, 1n);
  const changed = vm.history.entries()[0].event;
  const copied = fingerprint(vm);
  p.store(heap + BigInt(PAGE_SIZE), 2n);
  p.registers.set("a0", 1n);
  const moment = vm.back({ kinds: ["pte"], va: heap + 8n, pid: p.pid });
  assertEquals([moment.found!.kind, moment.event], ["pte", changed]);
  assertEquals(fingerprint(vm), copied);
  const cases: [() => unknown, RegExp][] = [
    [() => vm.back({ kinds: ["alarm"], pid: 2 }), /^back: there is no alarm event of pid 2 before/],
    [() => vm.goto({ event: 5 }), /^event 5 is not in the recorded past: \d+ to \d+$/],
    [() => vm.goto({ event: 1e6 }), /^event 1000000 has not happened yet: the next one is \d+$/],
    [
      () => vm.back(1),
      /^instruction 1000 is not in the recorded past: no run is recorded yet; what runs/,
    ],
    [() => vm.goto(4), /^instruction 4 is not in the recorded past: no run is/],
    [() => vm.back(0), /^back 0: want a whole number, at least 1$/],
    [() => vm.undo(7), /^undo 7: only 4 actions can be undone$/],
    [() => vm.redo(), /^redo: there is nothing to be done again$/],
    [() => boot().undo(), /^undo: nothing is recorded; vm.history.start\(\) records from then on$/],
    [() => boot().back(), /^back: nothing is recorded; vm.history.start\(\)/],
    [() => vm.back({ kind: "copy" } as never), /^back has no option kind; did you mean kinds\?$/],
  ];
  for (const [call, says] of cases) {
    const before = fingerprint(vm);
    assertMatch(assertThrows(call, RangeError).message, says);
    assertEquals(fingerprint(vm), before, String(says));
  }
});

Deno.test("a long run keeps few states, and any instruction of it can be reached", () => {
  const vm = boot();
  vm.spawn();
  vm.history.start();
  vm.run("bigheap", ["8"]);
  const end = vm.instret;
  const over = fingerprint(vm);
  for (const at of [1, Math.floor(end / 3), end - 1, 77]) {
    assertEquals(vm.goto(at).instret, at);
    vm.undo();
  }
  assertEquals(fingerprint(vm), over);
  const straight = boot();
  straight.spawn();
  const run = straight.start("bigheap", ["8"]);
  run.slice(12_345);
  run.takeOutput();
  run.leave();
  vm.goto(12_345);
  assertEquals(fingerprint(vm), fingerprint(straight));
});

Deno.test("breakpoints are undone with what set them, and stay on the other ways", () => {
  const vm = boot();
  const p = vm.spawn("echo", ["hi"]);
  vm.history.start();
  vm.advance(2, { only: p.pid });
  vm.breakAt(0x10, p.pid);
  vm.goto(1);
  assertEquals(vm.breakpoints().map((one) => one.address), [0x10n]);
  vm.undo();
  vm.undo();
  assertEquals(vm.breakpoints(), []);
  vm.redo();
  assertEquals(vm.breakpoints().length, 1);
  const stopped = vm.resume(p.pid);
  stopped.finish();
  assertEquals(vm.breakpoints()[0].hits, 1);
  vm.undo();
  assertEquals(vm.breakpoints()[0].hits, 0);
});

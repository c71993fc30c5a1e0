import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { program, programNames } from "../../user/programs.ts";
import { candidatesOf } from "../../src/session/candidates.ts";
import { CommandError } from "../../src/framework/errors.ts";
import { evaluate } from "../../src/framework/evaluate.ts";
import { namesOf } from "../../src/session/names.ts";
import { newSession } from "../../src/repl/boot.ts";
import { Vm } from "../../src/vm/vm.ts";

/** A parent with a page at 0x3000 that holds 42, its child, and a program held at its start. */
function world() {
  const vm = new Vm({ programs: { get: program, list: () => [...programNames] } });
  const parent = vm.spawn();
  parent.sbrk(4096);
  parent.store(0x3000, 0x1122334455667788n);
  const child = parent.fork();
  const echo = vm.spawn("echo", ["hi"]);
  const session = newSession(vm, { json: false, keepGoing: false, budget: undefined }, {
    color: false,
    interactive: false,
    history: () => [],
  });
  session.pid = parent.pid;
  session.place = { space: "va", address: 0x3000n };
  session.last = 7n;
  const value = (source: string) => evaluate(source, namesOf(session)).value;
  return { vm, parent, child, echo, session, value };
}

Deno.test("addresses translate both ways, in any process", () => {
  const { parent, child, value, vm } = world();
  const frame = parent.pte(0x3000).pa!;
  assertEquals(value("pa(0x3008)"), frame + 8n);
  assertEquals(value(`pa(${child.pid}:0x3000)`), frame);
  assertEquals(value("va(pa(0x3008))"), 0x3008n);
  assertEquals(value("refcount(pa(0x3000))"), 2n);
  assertEquals(value("mappings(pa(0x3000)) == 2 && free() > 0"), 1n);
  child.store(0x3000, 1n);
  assertEquals(value(`pa(${child.pid}:0x3000)`), child.pte(0x3000).pa);
  assertEquals(value("refcount(pa(0x3000))"), 1n);
  assertEquals(vm.audit(), []);
});

Deno.test("memory is read past faults and changes nothing", () => {
  const { value, vm } = world();
  const before = vm.mark();
  assertEquals(value("u64(0x3000)"), 0x1122334455667788n);
  assertEquals(value("u32(0x3004)"), 0x11223344n);
  assertEquals(value("u16(0x3006) << 8 | u8(0x3000)"), 0x112288n);
  assertEquals(vm.mark(), before);
});

Deno.test("registers are the process's own, by any of their names", () => {
  const { value, echo, session } = world();
  assertEquals(value("$sp"), value("$x2"));
  assertEquals(value("$fp"), value("$s0"));
  assertEquals(value("$satp >> 60"), 8n);
  assertEquals([value("$_"), value("$__")], [0x3000n, 7n]);
  assertEquals(value(`${echo.pid}:$a0`), 2n);
  session.pid = echo.pid;
  assertEquals(value("$pc"), value("_start"));
  assert(value("main") > 0n);
  assertEquals(value("$mhartid"), 0n);
});

Deno.test("what is not there is said in one line", () => {
  const { value, session } = world();
  const complaint = (source: string) => assertThrows(() => value(source), CommandError).message;
  assertMatch(complaint("pa(0x7000)"), /^2:0x7000 is not mapped$/);
  assertMatch(complaint("va(0x80000000)"), /nobody maps 0x80000000/);
  assertMatch(complaint("u64(0x2ffffff8)"), /is not mapped/);
  assertMatch(complaint("pa()"), /takes one value/);
  assertMatch(complaint("$zz"), /no register \$zz/);
  assertMatch(complaint("no_such_symbol"), /no symbol no_such_symbol/);
  session.pid = 0;
  assertMatch(complaint("pa(0x3000)"), /no current process/);
});

Deno.test("completion offers what there is", () => {
  const { session, echo, child } = world();
  const texts = (kind: Parameters<typeof candidatesOf>[1]) =>
    candidatesOf(session, kind).map((c) => c.text);
  assert(texts("program").includes("cowtest"));
  assertEquals(texts("pid"), ["1", "2", `${child.pid}`, `${echo.pid}`]);
  assert(texts("va").includes("0x3000"));
  assert(texts("register").includes("satp") && texts("register").includes("a0"));
  assertEquals(texts("pa").length > 2, true);
  assertEquals(texts("text"), []);
  session.pid = echo.pid;
  assert(texts("symbol").includes("main"));
  session.pid = 0;
  assertEquals(texts("va"), []);
});

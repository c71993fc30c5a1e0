import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { textToHex } from "../../src/gdb/hex.ts";
import { Session } from "../../src/gdb/session.ts";
import { FakeTarget, HIGH, RAM } from "./fake_target.ts";
import { packet, said, talk } from "./lab.ts";

/** Counts in a1, stores it at `data`, and calls a function that adds two to a2. */
const COUNTS = `
start:
  la a0, data
  li a1, 0
loop:
  addi a1, a1, 1
  sd a1, 0(a0)
  jal ra, f
  jal zero, loop
f:
  addi a2, a2, 2
  jalr zero, 0(ra)
data:
  addi zero, zero, 0
  addi zero, zero, 0
`;

function counting(harts = 1) {
  const target = new FakeTarget(COUNTS, harts);
  const { session, ask } = talk(target);
  /** Sends a packet that moves the guest, and what gdb is told when that has stopped. */
  const go = (text: string, slice = 1000, slices = 50) => {
    assertEquals(ask(text), []);
    assert(!session.holds);
    for (let i = 0; i < slices && !session.holds; i++) {
      session.turn(slice, (only) => target.run(slice, only));
    }
    return said(session);
  };
  const at = (label: string) => target.labels.get(label)!.toString(16);
  return { target, session, ask, go, at };
}

Deno.test("packets are acknowledged until gdb wants none", () => {
  const session = new Session(new FakeTarget(COUNTS));
  session.receive(packet("?"));
  assertEquals(said(session), ["+", "T05thread:1;"]);
  session.receive({ kind: "again" });
  assertEquals(said(session), ["T05thread:1;"]);
  session.receive({ kind: "bad" });
  assertEquals(said(session), ["-"]);
  session.receive(packet("QStartNoAckMode"));
  assertEquals(said(session), ["+", "OK"]);
  session.receive(packet("?"));
  session.receive({ kind: "again" });
  assertEquals(said(session), ["T05thread:1;"]);
});

Deno.test("going back is offered only where the past is kept", () => {
  const { target, ask } = counting();
  assertStringIncludes(ask("qSupported:swbreak+")[0], ";ReverseStep+;ReverseContinue+");
  target.reversible = false;
  assertEquals(ask("qSupported")[0].includes("Reverse"), false);
  assertEquals(ask("bc"), [""]);
  assertEquals(ask("bs"), [""]);
});

Deno.test("what is not known is answered by nothing, as gdb expects", () => {
  const { ask } = counting();
  for (const unknown of ["vMustReplyEmpty", "qTStatus", "qSymbol::", "qCRC:0,1", "bcd", "j", ""]) {
    assertEquals(ask(unknown), [""], unknown);
  }
});

Deno.test("registers are read and written, general ones together, others by number", () => {
  const { target, ask } = counting();
  assertEquals(ask("g")[0].length, 33 * 16);
  assertEquals(ask("g")[0].slice(-16), "0000008000000000");
  assertEquals(ask("Pa=efcdab8967452301"), ["OK"]);
  assertEquals(target.register(0, "a0"), 0x0123_4567_89ab_cdefn);
  assertEquals(ask("pa"), ["efcdab8967452301"]);
  assertEquals(ask("p1c2"), ["ff7f080000000080"], "satp");
  assertEquals(ask("p41"), ["0300000000000000"], "priv");
  assertEquals(ask("P1c2=0000000000000000"), ["OK"]);
  assertEquals(target.register(0, "satp"), 0n);
  const all = ask("g")[0];
  assertEquals(ask(`G${"11".repeat(33 * 8)}`), ["OK"]);
  assertEquals(target.register(0, "ra"), 0x1111_1111_1111_1111n);
  assertEquals(target.register(0, "zero"), 0n);
  assertEquals(ask(`G${all}`), ["OK"]);
  assertEquals(ask("g"), [all]);
});

Deno.test("registers that are not there, read-only ones and wrong values are refused", () => {
  const { ask } = counting();
  for (
    const wrong of ["p", "pffff", "p42", "p1_", "P20", "P20=00", "Pffff=0000000000000000", "gg"]
  ) {
    assertEquals(ask(wrong), ["E22"], wrong);
  }
  assertEquals(ask("P0=0000000000000000"), ["E01"], "x0 stays");
  assertEquals(ask("p21"), ["x".repeat(16)], "f0 is described, since gdb wants it, and not there");
  assertEquals(ask("P21=0000000000000000"), ["E01"]);
  assertEquals(ask(`P${(66 + 0xf14).toString(16)}=0000000000000000`), ["E01"], "mhartid");
  assertEquals(ask("G00"), ["E22"]);
  assertEquals(ask(`G${"zz".repeat(33 * 8)}`), ["E22"]);
});

Deno.test("memory is read and written where it is, and refused where it is not", () => {
  const { target, ask } = counting();
  assertEquals(ask("M80001000,3:0a0b0c"), ["OK"]);
  assertEquals(ask("m80001000,4"), ["0a0b0c00"]);
  assertEquals(ask("X80001000,3:\x00\xff#"), ["OK"]);
  assertEquals([...target.memory.slice(0x1000, 0x1003)], [0, 255, 0x23]);
  assertEquals(ask("X0,0:"), ["OK"], "gdb asks so whether X is known");
  assertEquals(ask("m80003ffe,8"), ["0000"], "as much as there is");
  assertEquals(ask("m80004000,1"), ["E14"]);
  assertEquals(ask("M80003fff,2:0000"), ["E14"]);
  assertEquals(ask("m80000000,ffffffffffffffff")[0].length <= 0x4000, true);
  assertEquals(ask("mffffffffffffffff,ffffffffffffffff"), ["E14"]);
  const wrong = ["m", "m1", "m1,", "m,1", "m10000000000000000,1", "m0,10000000000000000", "m0,1,1"];
  wrong.push("M80001000,2:00", "M80001000,1:0g", "M80001000,1", "X80001000,5:a", "M:", "X");
  for (const one of wrong) assertEquals(ask(one), ["E22"], one);
});

Deno.test("addresses are physical while gdb wants it", () => {
  const { ask } = counting();
  const high = HIGH.toString(16);
  assertEquals(ask("M80003000,1:2a"), ["OK"]);
  assertEquals(ask(`m${high},1`), ["2a"]);
  assertEquals(ask("qqemu.PhyMemMode"), ["0"]);
  assertEquals(ask("Qqemu.PhyMemMode:1"), ["OK"]);
  assertEquals(ask("qqemu.PhyMemMode"), ["1"]);
  assertEquals(ask(`m${high},1`), ["E14"]);
  assertEquals(ask("m80003000,1"), ["2a"]);
  assertEquals(ask("Qqemu.PhyMemMode:0"), ["OK"]);
  assertEquals(ask(`m${high},1`), ["2a"]);
});

Deno.test("a breakpoint of either kind stops, and lets go when both are gone", () => {
  const { target, ask, go, at } = counting();
  assertEquals(ask(`Z0,${at("f")},2`), ["OK"]);
  assertEquals(ask(`Z1,${at("f")},1`), ["OK"]);
  assertEquals(ask(`Z1,${at("f")},1`), ["OK"], "twice is once");
  assertEquals(target.breaks.length, 1);
  assertEquals(go("c"), ["T05thread:1;"]);
  assertEquals(target.register(0, "pc"), target.labels.get("f"));
  assertEquals(ask(`z0,${at("f")},2`), ["OK"]);
  assertEquals(target.breaks.length, 1);
  assertEquals(ask(`z1,${at("f")},1`), ["OK"]);
  assertEquals(ask(`z1,${at("f")},1`), ["OK"], "nothing is left to remove");
  assertEquals(target.breaks, []);
});

Deno.test("points that make no sense are refused, and there is an end to their number", () => {
  const { target, ask } = counting();
  assertEquals(ask("Z5,0,1"), [""]);
  assertEquals(ask("Z"), [""]);
  const wrong = ["Z0", "Z0,1", "Z0,x,1", "Z0,1,1;X1,0", "Z2,0,0", "Z2,0,100001"];
  wrong.push("Z2,ffffffffffffffff,2", "Z0,7fffffffffffffff,2", "z2,0,0");
  for (const one of wrong) assertEquals(ask(one), ["E22"], one);
  for (let i = 0; i < 4096; i++) assertEquals(ask(`Z0,${i.toString(16)},2`), ["OK"]);
  assertEquals(ask("Z0,1000,2"), ["E28"]);
  assertEquals(ask("Z2,1000,2"), ["E28"]);
  assertEquals(target.breaks.length, 4096);
});

Deno.test("watchpoints tell what was accessed; the step over the access is done already", () => {
  const { target, ask, go, at } = counting();
  const pc = () => target.register(0, "pc")! - RAM;
  const store = target.labels.get("loop")! - RAM + 4n;
  assertEquals(ask(`Z2,${at("data")},8`), ["OK"]);
  assertEquals(go("c"), [`T05watch:${at("data")};thread:1;`]);
  assertEquals(pc(), store + 4n);
  assertEquals(go("vCont;s:1"), ["T05thread:1;"]);
  assertEquals(pc(), store + 4n, "not a step further");
  assertEquals(go("vCont;s:1"), ["T05thread:1;"]);
  assert(pc() !== store + 4n, "the next step is one");
  assertEquals(go("bc"), [`T05watch:${at("data")};thread:1;`]);
  assertEquals(pc(), store, "backwards the access is next");
  assertEquals(go("bs"), ["T05thread:1;"]);
  assertEquals(pc(), store);
  assertEquals(go("bs"), ["T05thread:1;"]);
  assertEquals(pc(), store - 4n);
});

Deno.test("a watched access in the middle of a wide one is told by an address that is watched", () => {
  const { target, ask, go } = counting();
  const inside = (target.labels.get("data")! + 4n).toString(16);
  for (const [type, kind] of [[2, "watch"], [4, "awatch"]]) {
    assertEquals(ask(`Z${type},${inside},2`), ["OK"]);
    assertEquals(go("c"), [`T05${kind}:${inside};thread:1;`]);
    assertEquals(ask(`z${type},${inside},2`), ["OK"]);
  }
  assertEquals(target.watches, []);
});

Deno.test("a step is one instruction, a range as many as are inside it", () => {
  const { target, ask, go, at } = counting();
  assertEquals(go("s"), ["T05thread:1;"]);
  assertEquals(target.instret, 1);
  assertEquals(go(`vCont;r80000000,${at("f")}:1`), ["T05thread:1;"]);
  assertEquals(target.register(0, "pc"), target.labels.get("f"));
  ask(`Z0,${at("loop")},4`);
  assertEquals(go("vCont;r80000000,80001000"), ["T05thread:1;"]);
  assertEquals(target.register(0, "pc"), target.labels.get("loop"), "a breakpoint in the range");
});

Deno.test("a range that is never left can be interrupted", () => {
  const target = new FakeTarget("self:\n jal zero, self");
  const { session, ask } = talk(target);
  assertEquals(ask("vCont;r80000000,80000004:1;c"), []);
  for (let i = 0; i < 5; i++) session.turn(100, (only) => target.run(100, only));
  assertEquals(target.instret, 500);
  session.receive({ kind: "break" });
  assertEquals(said(session), ["T02thread:1;"]);
});

Deno.test("each hart is moved as vCont says", () => {
  const { target, ask, go } = counting(3);
  const counts = () => [0, 1, 2].map((hart) => (target.register(hart, "pc")! - RAM) / 4n);
  assertEquals(go("vCont;s:2"), ["T05thread:2;"]);
  assertEquals(counts(), [0n, 1n, 0n], "the others stand still");
  assertEquals(go("vCont;s:3;c"), ["T05thread:3;"]);
  assertEquals(counts()[2], 1n);
  assertEquals(target.log.splice(0), ["step 1 only 1", "step 2"]);
  assertEquals(go("vCont;c:1;s:3;t"), ["T05thread:3;"]);
  assertEquals(target.log.splice(0), ["step 2 only 0,2"]);
  assertEquals(go("vCont;s:1;s:3;c:1"), ["T05thread:3;"], "hart 2 stopped last: it is the one");
  assertEquals(target.log.splice(0), ["step 2 only 0,2"]);
  const wrong = [
    "vCont;",
    "vCont;t",
    "vCont;x",
    "vCont;c:4",
    "vCont;c:1:2",
    "vCont;c:z",
    "vCont;r1:1",
  ];
  for (const one of wrong) assertEquals(ask(one), ["E22"], one);
});

Deno.test("threads are harts", () => {
  const { ask } = counting(3);
  assertEquals(ask("qfThreadInfo"), ["m1,2,3"]);
  assertEquals(ask("qsThreadInfo"), ["l"]);
  assertEquals(ask("Hg2"), ["OK"]);
  assertEquals(ask("p4"), ["0100000000000000"], "tp of hart 1");
  assertEquals(ask("qC"), ["QC2"]);
  assertEquals(ask("Hg0"), ["OK"]);
  assertEquals(ask("p4"), ["0100000000000000"]);
  assertEquals(ask("T3"), ["OK"]);
  assertEquals(ask("qThreadExtraInfo,3"), [textToHex("hart 2, machine mode")]);
  for (const wrong of ["Hg4", "Hx1", "H", "Hg", "T4", "T0", "qThreadExtraInfo,4", "Hg-2"]) {
    assertEquals(ask(wrong), ["E22"], wrong);
  }
});

Deno.test("the description has every register that the computer has, and comes in pieces", () => {
  const { ask } = counting();
  const [whole] = ask("qXfer:features:read:target.xml:0,2000");
  assertStringIncludes(whole, `<reg name="satp" bitsize="64" regnum="450" type="int"/>`);
  assertEquals(whole.match(/<reg /g)!.length, 33 + 32 + 1 + 4);
  let pieces = "";
  for (let more = "m"; more === "m";) {
    const [piece] = ask(`qXfer:features:read:target.xml:${pieces.length.toString(16)},64`);
    more = piece[0];
    pieces += piece.slice(1);
  }
  assertEquals(`l${pieces}`, whole);
  assertEquals(ask("qXfer:features:read:target.xml:ffffff,64"), ["l"]);
  for (const wrong of ["other.xml:0,1", "target.xml:0", "target.xml:x,1", "target.xml:-1,1", ""]) {
    assertEquals(ask(`qXfer:features:read:${wrong}`), ["E22"], wrong);
  }
});

Deno.test("Ctrl-C stops a run, backwards too; whatever is asked meanwhile stops it first", () => {
  const { target, session, ask, go } = counting();
  session.receive({ kind: "break" });
  assertEquals(said(session), [], "nothing runs");
  assertEquals(go("c", 10, 3), []);
  session.receive({ kind: "break" });
  assertEquals(said(session), ["T02thread:1;"]);
  assertEquals(target.instret, 30);
  assertEquals(go("bc", 4, 2), []);
  session.receive({ kind: "break" });
  assertEquals(said(session), ["T02thread:1;"]);
  assertEquals(target.instret, 22);
  assertEquals(go("c", 10, 3), []);
  assertEquals(ask("p4"), ["T02thread:1;", "0000000000000000"]);
  assertEquals(ask("?"), ["T02thread:1;"]);
});

Deno.test("backwards to the beginning, and a step back from there", () => {
  const { ask, session, go } = counting();
  assertEquals(go("c", 10, 3), []);
  session.receive({ kind: "break" });
  said(session);
  assertEquals(go("bc"), ["T05replaylog:begin;thread:1;"]);
  assertEquals(go("bs"), ["T05replaylog:begin;thread:1;"]);
  assertEquals(ask("?"), ["T05replaylog:begin;thread:1;"]);
});

Deno.test("who can go on no more is told with words", () => {
  const target = new FakeTarget("wfi");
  const { session, ask } = talk(target);
  assertEquals(ask("c"), []);
  session.turn(100, (only) => target.run(100, only));
  const [words, stop] = said(session);
  assert(words.startsWith(`O${textToHex("cowsh: stuck: ")}`));
  assertEquals(stop, "T06thread:1;");
  assertEquals(ask("?"), ["T06thread:1;"]);
});

const EXITS = "lui a0, 0x100\n lui a1, 0x30\n addi a1, a1, 0x333\n sw a1, 0(a0)";

Deno.test("the end is told with its code, and is the end", () => {
  const target = new FakeTarget(EXITS);
  const { session, ask } = talk(target);
  ask("c");
  const stop = session.turn(100, (only) => target.run(100, only));
  assertEquals(stop, { kind: "exit", hart: 0, code: 3 });
  assertEquals(said(session), ["W03"]);
  assertEquals([session.over, session.ended], [true, undefined]);
});

Deno.test("in extended mode a guest that ended, or was killed, can be started again", () => {
  const target = new FakeTarget(EXITS);
  const { session, ask } = talk(target);
  assertEquals(ask("vRun;"), [""], "not in plain mode");
  assertEquals(ask("!"), ["OK"]);
  ask("c");
  session.turn(100, (only) => target.run(100, only));
  assertEquals(said(session), ["W03"]);
  assertEquals([session.over, session.ended?.kind], [false, "exit"]);
  assertEquals(ask("g"), ["E01"]);
  assertEquals(ask("c"), ["E01"]);
  assertEquals(ask("?"), ["W03"]);
  assertEquals(ask("qfThreadInfo"), ["l"]);
  assertEquals(ask("vRun;6b65726e656c"), ["T05thread:1;"]);
  assertEquals([target.instret, session.ended], [0, undefined]);
  assertEquals(ask("vKill;1"), ["OK"]);
  assertEquals([session.over, session.killed], [false, true]);
  assertEquals(ask("R00"), []);
  assertEquals([session.over, session.killed], [false, false]);
  assertEquals(target.log, ["reset", "reset"]);
  assertEquals(ask("k"), []);
  assertEquals([session.over, session.killed], [true, true]);
});

Deno.test("a monitor command waits for its answer, which comes in pieces", () => {
  const { session, ask } = counting();
  assertEquals(ask(`qRcmd,${textToHex("refcount 0x87f3a000 “x”")}`), []);
  assertEquals(session.asked, "refcount 0x87f3a000 “x”");
  assertEquals(ask("g"), ["E16"], "one thing at a time");
  const long = "é".repeat(5000);
  session.answer(long);
  const replies = said(session);
  assertEquals(replies.pop(), "OK");
  assert(replies.length > 1 && replies.every((reply) => reply[0] === "O" && reply.length < 0x4000));
  assertEquals(replies.map((reply) => reply.slice(1)).join(""), textToHex(long));
  assertEquals(ask("qRcmd,0"), ["E22"]);
  assertEquals(session.asked, undefined);
});

Deno.test("detach and kill; what was set is taken away", () => {
  const one = counting();
  one.ask(`Z0,${one.at("f")},2`);
  one.ask(`Z2,${one.at("data")},8`);
  assertEquals(one.ask("D;1"), ["OK"]);
  assertEquals([one.session.over, one.session.killed], [true, false]);
  one.session.close();
  assertEquals([one.target.breaks, one.target.watches], [[], []]);
  const two = counting();
  assertEquals(two.ask("k"), []);
  assertEquals([two.session.over, two.session.killed], [true, true]);
});

Deno.test("a grading script's two packets, with neither + nor qSupported", () => {
  const target = new FakeTarget(COUNTS);
  const session = new Session(target);
  session.receive(packet(`Z1,${target.labels.get("f")!.toString(16)},1`));
  session.receive(packet("c"));
  assertEquals(said(session), ["+", "OK", "+"]);
  session.turn(100, (only) => target.run(100, only));
  assertEquals(said(session), ["T05thread:1;"]);
});

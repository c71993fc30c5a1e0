/**
 * Nothing that a peer can send makes the session throw, say more than a bound, hold more than a packet, or stop
 * answering.
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { fromLatin1 } from "../../src/gdb/hex.ts";
import { frame, PACKET_SIZE, PacketReader } from "../../src/gdb/packet.ts";
import { Session } from "../../src/gdb/session.ts";
import { Guest } from "../../src/vm/guest.ts";
import { assemble } from "../machine/assemble.ts";
import { elf } from "../machine/bare_lab.ts";
import { FakeTarget } from "./fake_target.ts";
import { packet, said } from "./lab.ts";

const PROGRAM = "loop:\n addi a1, a1, 1\n sd a1, 256(a0)\n jal zero, loop";

/** Numbers as they come, and those at the edges. */
const hex = fc.oneof(
  fc.constantFrom("0", "1", "-1", "", "80000000", "80000100", "3ffffff000", "7fffffffffffffff"),
  fc.constantFrom("8000000000000000", "ffffffffffffffff", "10000000000000000", "f".repeat(40)),
  fc.bigInt({ min: 0n, max: 2n ** 65n }).map((n) => n.toString(16)),
  fc.string({ maxLength: 4 }),
);
const digits = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((bytes) => [...bytes].map((b) => b.toString(16)).join("")),
  fc.constantFrom("00", "0", "zz", "00".repeat(33 * 8), "1".repeat(PACKET_SIZE - 20)),
);
const letter = fc.constantFrom(..."gGpPmMXZzcCsSHTDkRv?!qQbit".split(""));
const action = fc.oneof(fc.constantFrom("c", "s", "t", "C05", "S05", "r80000000,80000004"), hex);
const word = fc.constantFrom(
  ...["vCont", "vCont?", "vRun;", "vKill;1", "vAttach;1", "vMustReplyEmpty", "bs", "bc", "qC"],
  ...["qSupported:x", "QStartNoAckMode", "qXfer:features:read:target.xml:", "qfThreadInfo", "!"],
  ...["qThreadExtraInfo,", "qRcmd,", "qqemu.PhyMemMode", "Qqemu.PhyMemMode:", "qAttached"],
);

/** Any register set to anything. */
const register = fc.tuple(
  fc.oneof(fc.nat(70), fc.constantFrom(322, 326, 327, 386, 450, 834, 838, 839, 902, 994, 1010)),
  fc.oneof(
    fc.constantFrom("00", "ff", "01", "80"),
    fc.nat(255).map((n) => n.toString(16).padStart(2, "0")),
  ),
).map(([number, byte]) => `P${number.toString(16)}=${byte.repeat(8)}`);

/** Packets that look like packets. */
const body = fc.oneof(
  fc.tuple(letter, hex).map(([l, a]) => `${l}${a}`),
  fc.tuple(letter, hex, hex).map(([l, a, b]) => `${l}${a},${b}`),
  fc.tuple(letter, hex, hex, digits).map(([l, a, b, d]) => `${l}${a},${b}:${d}`),
  fc.tuple(fc.constantFrom("Z", "z"), fc.nat(6), hex, hex).map(([z, t, a, k]) =>
    `${z}${t},${a},${k}`
  ),
  fc.tuple(fc.constantFrom("P", "p", "G", "g"), hex, digits).map(([l, a, d]) => `${l}${a}=${d}`),
  fc.array(fc.tuple(action, fc.option(hex)), { maxLength: 5 }).map((actions) =>
    `vCont${actions.map(([a, t]) => `;${a}${t === null ? "" : `:${t}`}`).join("")}`
  ),
  register,
  word,
  fc.tuple(word, hex).map(([w, a]) => w + a),
  fc.tuple(word, hex, hex).map(([w, a, b]) => `${w}${a},${b}`),
);

/** Bytes that a peer sends in one go. */
const sent = fc.oneof(
  { weight: 4, arbitrary: body.map((text) => frame(fromLatin1(text.replace(/[^\0-\xff]/g, "?")))) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 60 }) },
  // Framed, with the wrong sum or none at all.
  {
    weight: 1,
    arbitrary: body.map((text) => fromLatin1(`$${text.replace(/[^\0-\xff]/g, "?")}#00`)),
  },
  { weight: 1, arbitrary: body.map((text) => fromLatin1(`$${text.replace(/[^\0-\xff]/g, "?")}`)) },
  { weight: 1, arbitrary: fc.constantFrom("\x03", "+", "-", "$", "#", "}").map(fromLatin1) },
);

Deno.test("nor do they make a real guest throw", () => {
  const { bytes } = assemble(PROGRAM);
  fc.assert(
    fc.property(fc.array(sent, { maxLength: 25 }), (pieces) => {
      const guest = new Guest(elf(bytes), { harts: 2, memBytes: 1 << 24 });
      // Asked what it can do, it begins to record.
      let session = new Session(guest.debug);
      session.receive(packet("qSupported"));
      const reader = new PacketReader();
      for (const piece of pieces) {
        // One that was killed or said good-bye is followed by another.
        if (session.over || session.killed) {
          session.close();
          session = new Session(guest.debug);
        }
        for (const got of reader.read(piece)) {
          session.receive(got);
          if (session.asked !== undefined) session.answer(session.asked);
        }
        for (let i = 0; i < 3; i++) session.turn(50, (only) => guest.debug.run(50, only));
        session.take();
      }
      session.close();
    }),
    { numRuns: 150 },
  );
});

Deno.test("no bytes make a session throw, or say too much, or be silent afterwards", () => {
  fc.assert(
    fc.property(fc.array(sent, { maxLength: 25 }), (pieces) => {
      const target = new FakeTarget(PROGRAM, 2);
      const session = new Session(target);
      const reader = new PacketReader();
      for (const bytes of pieces) {
        for (const got of reader.read(bytes)) {
          session.receive(got);
          if (session.asked !== undefined) session.answer(session.asked);
          const out = session.take();
          assert(
            out.every(({ length }) => length <= 2 * PACKET_SIZE + 4),
            "a reply of a bounded size",
          );
          assert(out.length <= 8, "a bounded number of replies");
        }
        for (const hart of [0, 1]) {
          // A pc or a register that gdb has set must not lead the fake out of its program.
          target.setRegister(hart, "pc", target.labels.get("loop")!);
          target.setRegister(hart, "a0", target.labels.get("loop")!);
        }
        target.write(
          0,
          "pa",
          target.labels.get("loop")!,
          new FakeTarget(PROGRAM).memory.slice(0, 12),
        );
        session.turn(20, (only) => target.run(20, only));
        session.take();
      }
      // Whatever packet was begun is over; whatever ran, or is dead, is known.
      for (const got of reader.read(fromLatin1("#00#00"))) session.receive(got);
      session.receive({ kind: "break" });
      session.take();
      session.receive(packet("?"));
      assert(/^[TW][0-9a-f]{2}/.test(said(session).at(-1)!), "it answers");
      session.close();
      assertEquals([target.breaks, target.watches], [[], []]);
    }),
    { numRuns: 150 },
  );
});

import { assert, assertEquals } from "@std/assert";
import { sameSaved } from "../../../src/vm/machine/saver.ts";
import { busy, bytes, recordOften, said } from "./lab.ts";

Deno.test("a guest goes back to any instruction, and forward again, typed bytes included", () => {
  const guest = busy({ harts: 3 });
  recordOften(guest);
  guest.slice(5001);
  guest.type(bytes("ab"));
  guest.slice(5000);
  guest.type(bytes("cd"));
  guest.slice(10_000);
  assertEquals(said(guest), "abcd");
  const end = guest.save();
  const { instret } = guest;
  guest.goto(4711);
  assertEquals([guest.instret, said(guest)], [4711, ""]);
  guest.slice(instret - 4711);
  assertEquals([guest.instret, said(guest)], [instret, "abcd"]);
  assert(sameSaved(guest.save(), end));
});

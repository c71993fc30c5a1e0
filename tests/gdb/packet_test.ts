import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { fromLatin1, hexBytes, hexNumber, hexRegister, latin1 } from "../../src/gdb/hex.ts";
import { registerToHex, toHex } from "../../src/gdb/hex.ts";
import { frame, PACKET_SIZE, PacketReader } from "../../src/gdb/packet.ts";

/** What a reader makes of a text that comes in pieces of a size. */
function read(text: string, piece = text.length): string[] {
  const reader = new PacketReader();
  const found: string[] = [];
  const bytes = fromLatin1(text);
  for (let at = 0; at < bytes.length; at += piece) {
    for (const got of reader.read(bytes.subarray(at, at + piece))) {
      found.push(got.kind === "packet" ? `=${latin1(got.body)}` : got.kind);
    }
  }
  return found;
}

Deno.test("packets are found in whatever pieces they come", () => {
  const stream = "+$c#63-$Z1,80000462,1#a8\x03noise$#00";
  const found = ["=c", "again", "=Z1,80000462,1", "break", "="];
  for (const piece of [1, 2, 3, 7, 100]) assertEquals(read(stream, piece), found);
});

Deno.test("a wrong sum, no hexadecimal sum, a cut packet and a lone escape are bad", () => {
  assertEquals(read("$c#64"), ["bad"]);
  assertEquals(read("$c#zz"), ["bad"]);
  assertEquals(read("$c#-1"), ["bad"]);
  assertEquals(read("$m8000$c#63"), ["bad", "=c"]);
  assertEquals(read("$c#$c#63"), ["bad", "=c"]);
  assertEquals(read("$}#7d"), ["bad"]);
  assertEquals(read("$c"), []);
});

Deno.test("a packet that is too long is bad, however long, and the next one is heard", () => {
  const fits = "a".repeat(PACKET_SIZE);
  const sum = (text: string) => latin1(frame(fromLatin1(text))).slice(-2);
  assertEquals(read(`$${fits}#${sum(fits)}`), [`=${fits}`]);
  const more = "a".repeat(PACKET_SIZE + 1);
  assertEquals(read(`$${more}#${sum(more)}$c#63`), ["bad", "=c"]);
  const reader = new PacketReader();
  const flood = new Uint8Array(65536).fill(0x61);
  assertEquals([...reader.read(fromLatin1("$"))], []);
  for (let i = 0; i < 100; i++) assertEquals([...reader.read(flood)], []);
  assertEquals([...reader.read(fromLatin1("#00$c#63"))].map(({ kind }) => kind), ["bad", "packet"]);
});

Deno.test("whatever bytes are framed are read back", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
    const [got, ...rest] = new PacketReader().read(frame(bytes));
    assertEquals(rest, []);
    assert(got.kind === "packet");
    assertEquals(got.body, bytes);
  }));
});

Deno.test("numbers have at most 64 bits and nothing but digits", () => {
  assertEquals(hexNumber("ffffffffffffffff"), 2n ** 64n - 1n);
  assertEquals(hexNumber("000000000000000000000080"), 128n);
  for (const wrong of ["10000000000000000", "", "0x1", "-1", " 1", "1 ", "1,", "g", "1\n"]) {
    assertEquals(hexNumber(wrong), undefined, JSON.stringify(wrong));
  }
  assertEquals(hexNumber(undefined), undefined);
});

Deno.test("bytes and registers are read as they are written", () => {
  assertEquals(hexBytes("00fF7d"), Uint8Array.of(0, 255, 125));
  assertEquals(hexBytes("0"), undefined);
  assertEquals(hexBytes("0g"), undefined);
  assertEquals(toHex([0, 255, 125]), "00ff7d");
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
    assertEquals(hexRegister(registerToHex(value)), value);
  }));
  assertEquals(registerToHex(0x8000_0000_0008_7fffn), "ff7f080000000080");
  assertEquals(hexRegister("00"), undefined);
});

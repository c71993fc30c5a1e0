/** What a small program of our own says of itself, compiled with each version of DWARF: lines, types, variables. */

import { assert, assertEquals } from "@std/assert";
import { bare, type CType, memberNamed, type StructType } from "../../../src/vm/dwarf/types.ts";
import { DebugInfo } from "../../../src/vm/dwarf/debug_info.ts";
import { parseElf } from "../../../src/vm/machine/elf.ts";

const here = new URL("./fixture/", import.meta.url);

/** The line of a source file that holds a text: the tests do not count lines. */
function lineOf(file: string, text: string): number {
  const lines = Deno.readTextFileSync(new URL(file, here)).split("\n");
  const found = lines.findIndex((line) => line.includes(text));
  assert(found >= 0, `${file} has no ${text}`);
  return found + 1;
}

function fieldsOf(type: CType | undefined): string[] {
  const struct = bare(type) as StructType;
  return struct.members.map(({ name, offset, type, bits }) =>
    `${name || "-"} ${offset} ${type.name}${
      bits === undefined ? "" : `:${bits.from}+${bits.count}`
    }`
  );
}

for (const version of [2, 3, 4, 5]) {
  const elf = parseElf(Deno.readFileSync(new URL(`bin/dwarf${version}.elf`, here)));
  const info = () => DebugInfo.of(elf)!;
  const symbol = (name: string) => elf.symbol(name)!.value;

  Deno.test(`DWARF ${version}: lines, with what was inlined there`, () => {
    const debug = info();
    const walk = elf.symbol("walk")!;
    const seen = new Map<number, string[]>();
    for (let at = walk.value; at < walk.value + BigInt(walk.size); at += 2n) {
      const { file, line, inlined } = debug.place(at)!;
      assert(["program.c", "lists.h"].includes(file.path), file.path);
      assertEquals(file.folder, "/fixture");
      assertEquals(inlined.length, file.path === "lists.h" ? 1 : 0);
      seen.set(line, inlined.map(({ name, file, line }) => `${name} ${file?.path}:${line}`));
    }
    assertEquals(seen.get(lineOf("lists.h", "sum += n")), [
      `twice program.c:${lineOf("program.c", "twice(one")}`,
    ]);
    for (
      const text of ["walk(struct item", "for (struct item", "counter += found"]
    ) {
      assert(seen.has(lineOf("program.c", text)), text);
    }
    assertEquals(debug.place(symbol("add"))?.line, lineOf("add.S", "addw"));
    assertEquals(debug.place(symbol("items")), undefined);
    assertEquals(debug.functionAt(walk.value + 40n), "walk");
    assertEquals(debug.problem, undefined);
  });

  Deno.test(`DWARF ${version}: where lines begin`, () => {
    const debug = info();
    const inWalk = (at: number) => debug.functionAt(BigInt(at)) === "walk";
    const loop = debug.sites("program.c", lineOf("program.c", "counter += found"))!;
    assertEquals([loop.addresses.length, loop.line], [1, lineOf("program.c", "counter += found")]);
    assert(loop.addresses.every(inWalk));
    // A line without code means the next one that has some.
    const blank = debug.sites("/fixture/program.c", lineOf("program.c", "int add(int"))!;
    assertEquals(blank.line, lineOf("program.c", "int leaf(int"));
    assertEquals(blank.addresses, [Number(symbol("leaf"))]);
    assertEquals(debug.sites("program.c", 1000), undefined);
    assertEquals(debug.sites("gram.c", 1), undefined);
    assertEquals(debug.sites("nosuch.c", 1), undefined);
    assertEquals(debug.files().map(({ path }) => path).sort(), ["add.S", "lists.h", "program.c"]);
  });

  Deno.test(`DWARF ${version}: functions`, () => {
    const debug = info();
    const [twice] = debug.functionsNamed("twice");
    assertEquals([twice.entry, twice.inlined.length, twice.file?.path], [undefined, 1, "lists.h"]);
    const [main] = debug.functionsNamed("main");
    assertEquals(main.entry, Number(symbol("main")));
    assertEquals([main.file?.path, main.line], ["program.c", lineOf("program.c", "int main(")]);
    assertEquals(main.ranges.map(({ low, high }) => high - low), [elf.symbol("main")!.size]);
    assertEquals(debug.returnType(symbol("leaf"))?.name, "int");
    const starts = debug.lineStarts(symbol("walk"));
    assert(
      starts.length > 4 && starts.every(({ address }) => debug.functionAt(address) === "walk"),
    );
    // Code that was inlined is of the line that calls it.
    assert(starts.some(({ line }) => line === lineOf("program.c", "twice(one")));
    assert(!starts.some(({ line }) => line === lineOf("lists.h", "return sum")));
  });

  Deno.test(`DWARF ${version}: types`, () => {
    const debug = info();
    const item = debug.type("struct item")!;
    assertEquals([item.kind, item.name, item.size], ["struct", "struct item", 88]);
    assertEquals(fieldsOf(item), [
      "lock 0 struct lock",
      "state 16 enum state",
      "next 24 struct item *",
      "name 32 char[12]",
      "low 44 unsigned int:0+3",
      "high 44 unsigned int:3+5",
      "- 48 union",
      "grid 56 int[2][3]",
      "call 80 int (*)()",
    ]);
    assertEquals(memberNamed(bare(item) as StructType, "bytes")?.offset, 48);
    assertEquals(memberNamed(bare(item) as StructType, "nosuch"), undefined);
    const next = bare(memberNamed(bare(item) as StructType, "next")!.type);
    assert(next?.kind === "pointer" && next.to === item);
    const uint64 = debug.type("uint64")!;
    assertEquals([uint64.kind, uint64.size, bare(uint64)?.name], [
      "typedef",
      8,
      "long unsigned int",
    ]);
    assertEquals(debug.enumerator("RUNNING")?.value, 7n);
    assertEquals(debug.enumerator("NOSUCH"), undefined);
    assertEquals(debug.type("struct nosuch"), undefined);
  });

  Deno.test(`DWARF ${version}: variables, global ones and those in sight`, () => {
    const debug = info();
    const items = debug.global("items")!;
    assertEquals([items.address, items.type.name, items.type.size], [
      symbol("items"),
      "struct item[4]",
      352,
    ]);
    assertEquals(debug.global("calls")?.type.name, "int");
    assertEquals(debug.global("nosuch"), undefined);
    const registers = { register: (n: number) => BigInt(n), cfa: () => 0n, memory: () => 0n };
    const at = symbol("walk");
    const [scope] = debug.scopes(at);
    assertEquals(scope.name, "walk");
    assertEquals(
      scope.locals.map((
        { name, argument, where },
      ) => [name, argument, where(Number(at), registers)]),
      [
        ["from", true, { kind: "register", n: 10 }],
        ["depth", true, { kind: "register", n: 11 }],
        ["found", false, "optimized out"],
      ],
    );
    const inlined = debug.functionsNamed("twice")[0].inlined[0].entry;
    const names = debug.scopes(BigInt(inlined)).map(({ name, locals }) =>
      [name, ...locals.map(({ name }) => name)].join(" ")
    );
    assertEquals(names, ["twice n sum", "walk one from depth found"]);
    assertEquals(debug.scopes(symbol("add")), []);
  });

  Deno.test(`DWARF ${version}: what calls hand over`, () => {
    const debug = info();
    const main = elf.symbol("main")!;
    const calls = Array.from({ length: main.size / 2 }, (_, i) => main.value + 2n * BigInt(i))
      .flatMap((at) => debug.callAt(at) ?? []);
    // What is inlined is called by nobody.
    assertEquals(calls.map(({ callee }) => callee), ["walk", "add"]);
    // `greeting[0]`, which is known to be 'h': DW_OP_const1u.
    assertEquals([...calls[1].values], [[11, Uint8Array.of(0x08, 0x68)]]);
    assertEquals(debug.callAt(symbol("add")), undefined);
  });

  Deno.test(`DWARF ${version}: frames`, () => {
    const debug = info();
    const walk = symbol("walk");
    assertEquals(debug.frameRow(walk)?.cfa, { kind: "register", n: 2, offset: 0 });
    const middle = debug.frameRow(walk + 0x1cn)!;
    assertEquals(middle.cfa.kind, "register");
    assertEquals(middle.rules.get(1), { kind: "offset", offset: -8 });
    assertEquals(middle.rules.get(8), { kind: "offset", offset: -16 });
    assertEquals(debug.frameRow(symbol("add")), undefined);
  });
}

Deno.test("the fixture is what its sources make", async () => {
  const version = await new Deno.Command("riscv64-unknown-elf-gcc", { args: ["-dumpfullversion"] })
    .output().then(({ stdout }) => new TextDecoder().decode(stdout).trim(), () => "");
  if (version !== "12.2.0") {
    console.log("rebuilding the programs with debug information: skipped, no such compiler");
    return;
  }
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--allow-read", "--allow-write", "--allow-run"].concat([
      new URL("build.ts", here).pathname,
      "--check",
    ]),
  }).output();
  assertEquals([code, code === 0 ? "" : new TextDecoder().decode(stderr)], [0, ""]);
});

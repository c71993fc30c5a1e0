/** The bench's own parts: turns, ratios, options; and that its bare-metal programs find their results right. */
import { assertEquals, assertThrows } from "@std/assert";
import { compete, ratio, row } from "../../bench/contest.ts";
import { loopFile } from "../../bench/loops.ts";
import { OptionError, parseOptions } from "../../bench/options.ts";
import { geometricMean, median } from "../../bench/report.ts";
import { Machine } from "../../src/vm/machine/machine.ts";
import { load } from "../isa/programs.ts";

Deno.test("bench: all of ours and QEMU run by turns, and QEMU's times stand beside each of ours", async () => {
  const order: string[] = [], said: string[] = [];
  const of = (name: string, took: number) => () => {
    order.push(name);
    return Promise.resolve(took * order.length);
  };
  const ours = [{ name: "a", run: of("a", 1) }, { name: "b", run: of("b", 10) }];
  const samples = await compete({ ours, qemu: of("q", 100), runs: 9 }, 2, (line) => {
    said.push(line);
  });
  assertEquals(order.join(""), "abqabq");
  assertEquals(said.slice(0, 3), [
    "a 1/2: ours 1.00 s",
    "b 1/2: ours 20.00 s",
    "a, b 1/2: QEMU 300.00 s",
  ]);
  assertEquals(samples, [
    { name: "a", ours: [1, 4], qemu: [300, 600] },
    { name: "b", ours: [20, 50], qemu: [300, 600] },
  ]);
});

Deno.test("bench: a ratio above 1 says that we are faster", () => {
  const samples = { name: "boot", ours: [0.3, 0.1, 0.2], qemu: [9, 0.4, 0.1] };
  assertEquals(ratio(samples), 2);
  assertEquals(
    row(samples),
    ["boot", "2.00x", "100 ms", "200 ms", "300 ms", "100 ms", "400 ms", "9.00 s"],
  );
  assertEquals(median([4, 1, 2, 9]), 3);
  assertEquals(geometricMean([0.5, 8]).toFixed(9), "2.000000000");
});

Deno.test("bench: options of the table beside QEMU", () => {
  const rows = ["integer", "boot"];
  assertEquals(parseOptions([], rows), {});
  assertEquals(parseOptions(["--only", "boot,integer", "--runs", "5"], rows), {
    runs: 5,
    only: ["boot", "integer"],
  });
  const refuses = (args: string[], why: string) =>
    assertThrows(() => parseOptions(args, rows), OptionError, why);
  refuses(["--runs", "0"], '--runs takes a number from 1 to 999, not "0"');
  refuses(["--runs"], '--runs takes a number from 1 to 999, not ""');
  refuses(["--only", "bot"], '--only: no row "bot": there are integer, boot');
  refuses(["--often", "2"], 'no option "--often"');
});

// Those of C, compiled here as somebody's program would be; the bench itself judges all of them.
for (const name of ["dhry", "core"]) {
  Deno.test(`bench: ${name} finds its result right`, () => {
    const machine = new Machine({ countHits: false });
    load(machine, Deno.readFileSync(loopFile(name)));
    const stop = machine.run(10_000_000_000);
    assertEquals(stop.kind === "finisher" ? stop.code : stop.kind, 0);
  });
}

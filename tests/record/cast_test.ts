import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type Cast, CastError, type CastEvent, formatCast } from "../../src/record/cast.ts";
import { parseCast } from "../../src/record/parse.ts";
import { play } from "../../src/record/player.ts";
import { renderSvg } from "../../src/record/svg.ts";
import { CastWriter } from "../../src/record/writer.ts";
import { Random } from "../campaigns/campaign.ts";
import { casts } from "../campaigns/casts.ts";

/** A short session at a COW page, the kind of thing that is recorded. */
function demo(options: ConstructorParameters<typeof CastWriter>[0] = {}): CastWriter {
  return new CastWriter({ width: 60, height: 8, ...options })
    .marker("fork")
    .output("> ").type("fork")
    .read("3 → 4  shared 4  copied 0\n")
    .marker("the child writes")
    .output("> ").type("store 0x4000 7")
    .read("fault 15 at 0x4000: copied 4 KiB\n")
    .wait(1);
}

Deno.test("the file is asciicast v2: a header without a date, then events", () => {
  const text = new CastWriter({ width: 40, height: 5 })
    .output("> ")
    .wait(0.25)
    .marker("a step")
    .wait(1.5)
    .output("one\ntwo\r\n")
    .toString();
  assertEquals(
    text,
    '{"version":2,"width":40,"height":5}\n' +
      '[0,"o","> "]\n[0.25,"m","a step"]\n[1.75,"o","one\\r\\ntwo\\r\\n"]\n',
  );
});

Deno.test("version 3 on request: intervals, and the exit of the program", () => {
  const cast = new CastWriter({ width: 40, height: 5, title: "COW", version: 3 })
    .wait(0.1).output("a").wait(0.2).output("b").cast();
  const text = formatCast({
    ...cast,
    events: [...cast.events, { time: 0.3, code: "r", data: "50x6" }, {
      time: 0.3,
      code: "x",
      data: "0",
    }],
  });
  assertEquals(
    text,
    '{"version":3,"term":{"cols":40,"rows":5},"title":"COW"}\n' +
      '[0.1,"o","a"]\n[0.2,"o","b"]\n[0,"r","50x6"]\n[0,"x","0"]\n',
  );
});

Deno.test("the same script gives the same bytes", () => {
  assertEquals(demo().toString(), demo().toString());
});

Deno.test("each key has its own moment, and Enter ends the line", () => {
  const { events: echoed } = new CastWriter().type("ab c").cast();
  assertEquals(echoed.map(({ data }) => data), ["a", "b", " ", "c", "\r\n"]);
  echoed.slice(1).forEach(({ time }, i) => assert(time > echoed[i].time));
});

Deno.test("the echo of a key can be what an editor draws", () => {
  const { events } = new CastWriter().type("pte", (typed, key) => `${key}(${typed})`).cast();
  assertEquals(events.map(({ data }) => data), ["p(p)", "t(pt)", "e(pte)", "\r\n"]);
});

Deno.test("typing speed follows from the line alone", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (line) => {
    const times = () => new CastWriter().type(line).cast().events.map(({ time }) => time);
    const once = times();
    assertEquals(once, times());
    once.slice(1).forEach((time, i) => {
      const gap = time - once[i];
      assert(gap > 0 && gap < 1, `${gap} s between keys`);
    });
  }));
});

Deno.test("sizes and pauses that make no sense are refused", () => {
  assertThrows(() => new CastWriter({ width: 0 }), RangeError, "width");
  assertThrows(() => new CastWriter({ height: 2.5 }), RangeError, "height");
  assertThrows(() => new CastWriter().wait(-1), RangeError, "-1");
  assertThrows(() => new CastWriter().wait(NaN), RangeError, "NaN");
});

const event = fc.record({
  pause: fc.nat(5_000_000),
  code: fc.constantFrom<CastEvent["code"]>("o", "i", "m"),
  data: fc.string({ unit: "grapheme" }),
});

Deno.test("what is written reads back the same, in both formats", () => {
  fc.assert(
    fc.property(fc.array(event), fc.constantFrom(2 as const, 3 as const), (list, version) => {
      let now = 0;
      const events = list.map(({ pause, code, data }) => {
        now += pause;
        return { time: now / 1e6, code, data };
      });
      const cast: Cast = { version, width: 80, height: 24, title: "t", events };
      assertEquals(parseCast(formatCast(cast)), cast);
    }),
  );
});

Deno.test("a v2 file of another program is read, its other header fields passed over", () => {
  const cast = parseCast(
    '{"version": 2, "width": 80, "height": 24, "timestamp": 1504467315, "env": {"TERM": "x"}, ' +
      '"idle_time_limit": 2, "x": 1}\r\n[0.248848, "o", "\\u001b[1;31mHi"]\r\n[1, "i", "q"]\r\n',
  );
  assertEquals(cast.events, [
    { time: 0.248848, code: "o", data: "\x1b[1;31mHi" },
    { time: 1, code: "i", data: "q" },
  ]);
  assertEquals(cast.events.at(-1)!.time, 1);
});

const v2 = '{"version":2,"width":80,"height":24}\n';
const wrong: [text: string, line: number, message: string][] = [
  ["", 0, "empty"],
  ["\n", 1, "blank: a header"],
  ["[]\n", 1, "must be a JSON object"],
  ["{\n", 1, "not JSON"],
  ['{"version":1,"width":80,"height":24}', 1, "version 1: 2 and 3 can be read"],
  ['{"width":80,"height":24}', 1, "version missing"],
  ['{"version":2,"width":80}', 1, '"height" must be a positive whole number, not missing'],
  ['{"version":2,"width":-1,"height":24}', 1, '"width" must be a positive whole number, not -1'],
  ['{"version":2,"width":80,"height":24,"title":1}', 1, '"title" must be a string'],
  ['{"version":3,"width":80,"height":24}', 1, '"term" must hold'],
  [`${v2}\n[0,"o","a"]\n`, 2, "blank: an event"],
  [`${v2}# remark\n`, 2, "not JSON"],
  [`${v2}[0,"o"]\n`, 2, "array of three"],
  [`${v2}{"time":0}\n`, 2, "array of three"],
  [`${v2}["0","o","a"]\n`, 2, 'a number of seconds, not "0"'],
  [`${v2}[-1,"o","a"]\n`, 2, "a number of seconds, not -1"],
  [`${v2}[1e999,"o","a"]\n`, 2, "a number of seconds"],
  [`${v2}[0,"z","a"]\n`, 2, 'must be one of "o", "i", "m", "r", not "z"'],
  [`${v2}[0,"x","0"]\n`, 2, "must be one of"],
  [`${v2}[0,"o",7]\n`, 2, "must be a string, not 7"],
  [`${v2}[0,"r","80"]\n`, 2, "COLUMNSxROWS"],
  [`${v2}[2,"o","a"]\n[1,"o","b"]\n`, 3, "time 1 goes back: the event before is at 2"],
  ['{"version":3,"term":{"cols":80,"rows":24}}\n[0,"x","bye"]\n', 2, "exit status"],
];

for (const [text, line, message] of wrong) {
  Deno.test(`refused: ${JSON.stringify(text)}`, () => {
    assertEquals(assertThrows(() => parseCast(text), CastError, message).line, line);
  });
}

Deno.test("version 3 may hold comments; version 2 cannot hold an exit", () => {
  const text =
    '{"version":3,"term":{"cols":8,"rows":2}}\n# made by hand\n[1,"o","a"]\n[1,"o","b"]\n';
  assertEquals(parseCast(text).events.map(({ time }) => time), [1, 2]);
  const events: CastEvent[] = [{ time: 0, code: "x", data: "0" }];
  const cast: Cast = { version: 2, width: 8, height: 2, events };
  assertThrows(() => formatCast(cast), CastError, "version 3");
});

Deno.test("any text is read or refused with its line, never worse", () => {
  const line = fc.oneof(
    fc.string(),
    fc.json(),
    fc.constantFrom(v2.trim(), '[0,"o","a"]', '[1e999,"o",""]', '[0,"r","1x1"]'),
  );
  fc.assert(fc.property(fc.array(line), (lines) => {
    try {
      parseCast(lines.join("\n"));
    } catch (error) {
      assert(error instanceof CastError, String(error));
    }
  }));
});

/** Plays against a clock of its own and gives what came out at which moment. */
async function played(cast: Cast, options: Partial<Parameters<typeof play>[1]> = {}) {
  let now = 0;
  const log: [number, string][] = [];
  const whole = await play(cast, {
    write: (text) => void log.push([Math.round(now * 1000), text]),
    sleep: (seconds) => Promise.resolve(void (now += seconds)),
    ...options,
  });
  return { whole, log, seconds: now };
}

Deno.test("playing gives the output at its times, faster or with short pauses when asked", async () => {
  const cast = new CastWriter().output("a").wait(4).marker("m").output("b").wait(0.5).output("c")
    .cast();
  assertEquals((await played(cast)).log, [[0, "a"], [4000, "b"], [4500, "c"]]);
  assertEquals((await played(cast, { speed: 2 })).log, [[0, "a"], [2000, "b"], [2250, "c"]]);
  assertEquals((await played(cast, { idle: 1 })).log, [[0, "a"], [1000, "b"], [1500, "c"]]);
  await assertRejects(() => played(cast, { speed: 0 }), RangeError, "speed");
});

Deno.test("playing stops when interrupted", async () => {
  let shown = 0;
  const interrupt = {
    get requested() {
      return shown > 20;
    },
  };
  const log: string[] = [];
  const whole = await play(demo().cast(), {
    write: (text) => {
      log.push(text);
      shown++;
    },
    sleep: () => Promise.resolve(),
    interrupt,
  });
  assertEquals(whole, false);
  assertEquals(log.length, 21);
  assertEquals(log.join("").includes("copied 4 KiB"), false);
});

Deno.test("damaged recordings are read or refused, play harmlessly and are drawn", async () => {
  await casts.run({ seed: 9, count: 300, random: new Random(9), done: () => {} });
});

Deno.test("a last line that was cut off is passed over, any other is refused", () => {
  const whole = formatCast({
    version: 2,
    width: 80,
    height: 24,
    events: [{ time: 0, code: "o", data: "one" }, { time: 1, code: "o", data: "two" }],
  });
  for (let cut = whole.indexOf("\n") + 1; cut <= whole.length; cut++) {
    // A line is whole when its end is there, or only that is missing.
    const lines = whole.slice(0, cut + 1).split("\n").length - 1;
    const events = lines - 1;
    assertEquals(parseCast(whole.slice(0, cut)).events.length, events, whole.slice(0, cut));
  }
  assertThrows(() => parseCast(whole.replace("one", "\n")), CastError, "line 2: not JSON");
  assertThrows(() => parseCast(`${whole}[2, "o\n`), CastError, "line 4: not JSON");
});

Deno.test("sizes, times and lengths that no terminal has are one line each, soon", () => {
  const cast = (header: string, ...events: string[]) =>
    parseCast(`{"version":2,${header}}\n${events.map((e) => `${e}\n`).join("")}`);
  const refused = (body: () => unknown, message: string) =>
    assertEquals(assertThrows(body, CastError).message, message);
  const superpage = () => renderSvg(cast('"width":5000,"height":3000', '[0,"o","x"]'));
  refused(superpage, "line 1: a terminal of 5000x3000: at most 1000x500 is drawn");
  refused(() => cast('"width":70000,"height":24'), 'line 1: "width" is 70000: at most 65535');
  refused(
    () => cast('"width":80,"height":24', '[1e300,"o","x"]'),
    "line 2: 1e+300 seconds: a recording has at most 1000000000",
  );
  assertThrows(() => cast('"width":80,"height":24', '[0,"r","100000x2"]'), CastError, "a resize");
  const long = Array.from({ length: 30_000 }, (_, i) => `[${i},"o","${i}\\r\\n"]`);
  const changing = () => renderSvg(cast('"width":80,"height":24', ...long));
  refused(changing, "too long to draw: its rows change more than 500000 times");
  const colors = "\\u001b[31ma\\u001b[32mb".repeat(490);
  const many = Array.from({ length: 450 }, (_, i) => `[${i},"o","\\u001b[H${i} ${colors}"]`);
  const heavy = () => renderSvg(cast('"width":1000,"height":2', ...many));
  refused(heavy, "too much to draw: the picture would be larger than 16M");
});

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CastError } from "../../src/record/cast.ts";
import { film } from "../../src/record/frames.ts";
import { Screen } from "../../src/record/screen.ts";
import { renderSvg } from "../../src/record/svg.ts";
import { CastWriter } from "../../src/record/writer.ts";

/** The open tags left over, or the first tag that closes another one than was opened. */
function unbalanced(xml: string): string[] {
  const open: string[] = [];
  for (const [, close, name, empty] of xml.matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/g)) {
    if (empty) continue;
    if (!close) open.push(name);
    else if (open.pop() !== name) return [`</${name}>`];
  }
  return open;
}

const unescape = (text: string) =>
  text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** The row texts that an SVG's animation shows at a share of its running time, from 0 to 100. */
function textsAt(svg: string, height: number, percent: number): string[] {
  return Array.from({ length: height }, (_, y) => {
    const window = new RegExp(`<svg y="${y * 18}"[^>]*>(.*?)</svg>`).exec(svg)?.[1] ?? "";
    const keys = new RegExp(`@keyframes r${y}\\{((?:[^{}]*\\{[^}]*\\})*)\\}`).exec(svg)?.[1] ?? "";
    let shift = 0;
    for (const [, at, px] of keys.matchAll(/([\d.]+)%\{transform:translateY\(-?([\d.]+)px\)\}/g)) {
      if (Number(at) <= percent) shift = Number(px);
    }
    const strip = window.replace(/^<g class="m[^>]*>/, "");
    const lines = new Map<number, string>();
    let at = 0;
    for (
      const [, move, end, x, text] of strip.matchAll(
        /<g transform="translate\(0,(\d+)\)">|(<\/g>)|<text(?: x="([\d.]+)")?[^>]*>(.*?)<\/text>/g,
      )
    ) {
      if (move) at = Number(move);
      else if (end) at = 0;
      else {
        const column = Math.round(Number(x ?? 0) / 8.4);
        lines.set(at, (lines.get(at) ?? "").padEnd(column) + unescape(text));
      }
    }
    return (lines.get(shift) ?? "").trimEnd();
  });
}

function demo(): CastWriter {
  return new CastWriter({ width: 30, height: 4, title: "a < b & c" })
    .output("\x1b[1mcow\x1b[22m> ").type("fork")
    .read("3 -> 4  \x1b[33mshared 4\x1b[39m\n")
    .output("> ").type("pte 0x4000").read("\x1b[7m-C\x1b[27m R<V>\nok & done\nlast\n");
}

Deno.test("the same recording gives the same bytes, and they are balanced XML", () => {
  const svg = renderSvg(demo().cast());
  assertEquals(svg, renderSvg(demo().cast()));
  assertEquals(unbalanced(svg), []);
  assertStringIncludes(svg, "<title>a &lt; b &amp; c</title>");
  assert(!/<script|href="http/.test(svg));
});

Deno.test("at every moment the picture shows what the terminal shows", () => {
  const line = fc.string({ unit: fc.constantFrom(..."ab <&>0x"), maxLength: 9 });
  const step = fc.oneof(
    line.map((text) => ({ type: text })),
    fc.array(line, { maxLength: 4 }).map((lines) => ({ read: lines.join("\n") + "\n" })),
    fc.constant({ read: "\x1b[H\x1b[J" }),
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), fc.nat(100), (steps, share) => {
      const writer = new CastWriter({ width: 20, height: 4 }).output("> ");
      for (const one of steps) "type" in one ? writer.type(one.type) : writer.read(one.read);
      const cast = writer.cast();
      const { seconds } = film(cast);
      const total = seconds + 4;
      const percent = share * 0.998 + 0.0993; // never on a frame's own edge, where digits decide
      const now = percent / 100 * total;
      const near = cast.events.some(({ time }) => Math.abs(time - now) < 0.05);
      fc.pre(!near);
      const screen = new Screen(20, 4);
      cast.events.forEach(({ time, code, data }) => {
        if (code === "o" && time <= now) screen.write(data);
      });
      const expected = Array.from({ length: 4 }, (_, y) => screen.text(y));
      assertEquals(textsAt(renderSvg(cast, { idle: Infinity }), 4, percent), expected);
    }),
  );
});

Deno.test("without animation the last moment shows", () => {
  const svg = renderSvg(demo().cast());
  for (const [, y, frames, still] of svg.matchAll(/@keyframes r(\d+)\{(.*)\}\.r\d+\{.*?;(.*)\}/g)) {
    assert(frames.endsWith(`{${still}}`), `row ${y} rests at ${still}`);
  }
  assertStringIncludes(svg, "prefers-reduced-motion");
});

Deno.test("long pauses are cut, and speed counts", () => {
  const cast = new CastWriter({ width: 9, height: 2 }).output("a").wait(60).output("b").cast();
  assertEquals(film(cast, 3).seconds, 3);
  assertStringIncludes(renderSvg(cast), ".m{animation:7s ");
  assertStringIncludes(renderSvg(cast, { idle: 60, speed: 2 }), ".m{animation:34s ");
  assertThrows(() => renderSvg(cast, { speed: 0 }), RangeError, "speed");
});

Deno.test("colours, inverse video and wide characters are drawn", () => {
  const cast = new CastWriter({ width: 20, height: 2 })
    .output("\x1b[38;5;208morange\x1b[m \x1b[31;44mred\x1b[m \x1b[7minv\x1b[m 記").cast();
  const svg = renderSvg(cast);
  assertStringIncludes(svg, 'style="fill:#ff8700">orange<');
  assertStringIncludes(svg, 'style="fill:#f07178">red<');
  assertStringIncludes(svg, 'fill="#7aa7ff"/>');
  assertStringIncludes(svg, 'style="fill:#14171f">inv<');
  assertStringIncludes(svg, 'textLength="16.8">記<');
});

Deno.test("what XML cannot hold is replaced, and an empty recording refused", () => {
  const svg = renderSvg(new CastWriter({ width: 9, height: 2 }).output("a\ufffeb\ud800c").cast());
  assertStringIncludes(svg, "a\ufffdb\ufffdc");
  assertThrows(() => renderSvg(new CastWriter().marker("m").cast()), CastError, "no output");
});

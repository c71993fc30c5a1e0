/**
 * How random programs (tree.ts) become assembly. All loops count in registers of their own, and functions call only
 * those behind them, so a program ends but for what it does to itself.
 *
 * Registers: gp data; s0 and s1 pointers into data and into the troubled pages; s2 to s5 loop counters; s7 to s9
 * addresses for a few instructions; s10 how often a function may still call itself; s11 rounds; tp the hart's number;
 * the others are anybody's.
 *
 * @module
 */

import { CALL } from "./control.ts";
import { DATA, RAM, TROUBLE, UART, UART_PAGE, USER_GIGA, windowOf, type World } from "./places.ts";
import type { Fn, Item, ItemWith, Program } from "./tree.ts";
import { branch, bytesText, carryText, patchText, pteText, spaceText, through } from "./written.ts";

/** Bytes that lines take at most: `li` is four instructions. */
const bound = (text: string): number => 16 * text.split("\n").length;
const COUNTERS = ["s2", "s3", "s4", "s5"];
/** Rounds of a loop, by how many loops it is in: programs are to come round. */
const MOST_TIMES = [60, 12, 4, 3];

/** Where an item stands. */
interface Place {
  /** Number of the function; -1 in the main program. */
  readonly fn: number;
  readonly leaf: boolean;
  readonly depth: number;
  readonly loop?: { readonly end: string; readonly next: string };
  /** Branches out of the loop need a jump. */
  readonly far: boolean;
  readonly visiting: boolean;
}

/** A program's assembly, for a world. Its labels `start` and `round` are where it begins, and begins anew. */
export function textOf(program: Program, world: World): string {
  return new Writer(program, world).text();
}

class Writer {
  readonly #program: Program;
  readonly #world: World;
  readonly #window: number;
  /** Functions that can be carried. */
  readonly #leaves: readonly number[];
  #unique = 0;
  #tables: string[] = [];
  #holes = 0;
  #patches = 0;

  constructor(program: Program, world: World) {
    this.#program = program;
    this.#world = world;
    this.#window = windowOf(world);
    this.#leaves = program.functions.flatMap(({ leaf }, i) => leaf ? [i] : []);
  }

  text(): string {
    const { main, functions, rounds, long, short } = this.#program;
    const base = this.#window - RAM;
    const free = [
      "t0",
      "t1",
      "t2",
      "a0",
      "a1",
      "a2",
      "a3",
      "a4",
      "a5",
      "a6",
      "a7",
      "s6",
      "t3",
      "t4",
      "t5",
      "t6",
    ];
    const text = [
      "start:",
      `li gp, ${base + DATA}`,
      "addi s0, gp, 256",
      `li s1, ${base + TROUBLE + 0x800}`,
      ...free.map((name, i) => `ld ${name}, ${8 * i}(gp)`),
      `li s11, ${rounds}`,
      "round:",
      "addi s10, zero, 3",
      this.#items(main, { fn: -1, leaf: false, depth: 0, far: false, visiting: false }),
      // Each at least once a round.
      ...functions.map((_, i) => `jal ra, f${i}`),
      "addi s11, s11, -1",
      "beq s11, zero, over",
      "jal zero, round",
      "over:",
      `addi a7, zero, ${CALL.finish}`,
      "ecall",
      "jal zero, over",
      ...functions.map((fn, i) => this.#function(fn, i)),
      ...this.#patches === 0 ? [] : [".align 4", "pool:", ...long, "pool_short:", ...short],
      ".align 4",
      ...this.#tables,
    ];
    const written = text.filter((line) => line !== "").join("\n");
    return written.replaceAll(
      /hole#(\d+)/g,
      (_, n) => `hole${Number(n) % Math.max(1, this.#holes)}`,
    ) +
      (this.#holes === 0 && this.#patches > 0 ? "\n.align 4\nhole0:\n.word 0\n.word 0" : "");
  }

  #function(fn: Fn, index: number): string {
    const { body, leaf, tail, again, returns, before } = fn;
    const place = { fn: index, leaf, depth: 0, far: false, visiting: false };
    const inside = this.#items(body, place);
    const saved = COUNTERS.filter((name) => inside.includes(name));
    const frame = !leaf || saved.length > 0;
    const names = leaf ? saved : ["ra", ...saved];
    const next = tail && !leaf && index + 1 < this.#program.functions.length;
    return [
      before === undefined ? "" : `.before ${before}`,
      `f${index}:`,
      // A trap in a trap handler leaves its registers in the lower half.
      frame ? "addi sp, sp, -128" : "",
      ...names.map((name, i) => `sd ${name}, ${64 + 8 * i}(sp)`),
      inside,
      again && !leaf
        ? `addi s10, s10, -1\nbge zero, s10, deep${index}\njal ra, f${index}\ndeep${index}:`
        : "",
      ...names.map((name, i) => `ld ${name}, ${64 + 8 * i}(sp)`),
      frame ? "addi sp, sp, 128" : "",
      next ? `jal zero, f${index + 1}` : {
        "c.jr": "c.jr ra",
        jalr: "jalr zero, 0(ra)",
        other: "c.mv t6, ra\njalr zero, 0(t6)",
      }[returns],
      `f${index}_end:`,
    ].filter((line) => line !== "").join("\n");
  }

  #items(items: readonly Item[], place: Place): string {
    return items.map((item) => this.#item(item, place)).filter((text) => text !== "").join("\n");
  }

  #item(item: Item, place: Place): string {
    const n = this.#unique++;
    if (typeof item === "string") {
      const uart = this.#window === RAM ? UART : UART_PAGE;
      const trouble = this.#window - RAM + TROUBLE;
      return item.replaceAll("%", `${n}`).replaceAll("@uart", `${uart}`).replaceAll(
        "@trouble",
        `${trouble}`,
      );
    }
    if ("loop" in item) return this.#loop(item, place, n);
    if ("unless" in item) {
      const body = this.#items(item.body, place);
      if (item.otherwise === undefined) {
        return `${branch(item.unless, `l${n}`, bound(body), n)}\n${body}\nl${n}:`;
      }
      const other = this.#items(item.otherwise, place);
      return `${branch(item.unless, `e${n}`, bound(body) + 8, n)}
${body}\njal zero, l${n}\ne${n}:\n${other}\nl${n}:`;
    }
    if ("leave" in item) {
      if (place.loop === undefined) return "";
      const to = item.leave === "break" ? place.loop.end : place.loop.next;
      return branch(item.when, to, place.far ? Infinity : 1000, n);
    }
    if ("on" in item) return this.#switch(item, place, n);
    if ("call" in item) return this.#call(item, place, n);
    if ("bytes" in item) return bytesText(item, place.depth, n, this.#world);
    if ("hole" in item) {
      const label = `hole${this.#holes++}:\n`;
      if (item.hole === "short") return `${label}c.addi a0, 1`;
      const long = `${label}addi a1, a1, 5`;
      return item.hole === "long" ? long : `${long}\nxori a2, a1, 7`;
    }
    if ("patch" in item) {
      if (place.leaf) return "";
      this.#patches++;
      return patchText(item, this.#world);
    }
    if ("carry" in item) return place.leaf ? "" : carryText(item, this.#leaves, n, this.#world);
    if ("pte" in item) return place.leaf ? "" : pteText(item, this.#world);
    if ("space" in item) return spaceText(item.space === "fenced", this.#world);
    if ("visit" in item) return this.#visit(item, place, n);
    const { timer, mode } = this.#world;
    return timer === "none" || mode === "U" ? "" : "wfi";
  }

  #loop(item: ItemWith<"loop">, place: Place, n: number): string {
    const counter = COUNTERS[place.depth];
    const times = Math.min(item.times, MOST_TIMES[place.depth] ?? 1);
    if (counter === undefined) return this.#items(item.body, place);
    const inner = { ...place, depth: place.depth + 1, loop: { end: `l${n}`, next: `n${n}` } };
    const half = item.loop === "middle" || item.loop === "either" ? item.body.length >> 1 : 0;
    const write = (far: boolean) => {
      const [tables, holes] = [this.#tables.length, this.#holes];
      const parts = [item.body.slice(0, half), item.body.slice(half)].map((part) =>
        this.#items(part, { ...inner, far })
      );
      return { parts, undo: () => [this.#tables.length, this.#holes] = [tables, holes] };
    };
    let { parts: [first, second], undo } = write(place.far);
    const size = bound(first!) + bound(second!);
    if (size >= 4000 && !place.far) {
      undo();
      ({ parts: [first, second], undo } = write(true));
    }
    const back = (condition: string) => branch(condition, `h${n}`, size, n);
    const set = (value: number) => `addi ${counter}, zero, ${value}`;
    switch (item.loop) {
      case "up":
        return `${set(0)}\nh${n}:\n${second}\nn${n}:\naddi ${counter}, ${counter}, 1
addi t6, zero, ${times}\n${back(`blt ${counter}, t6`)}\nl${n}:`;
      case "test":
        return `${set(times)}\njal zero, n${n}\nh${n}:\n${second}\nn${n}:
addi ${counter}, ${counter}, -1\n${back(`bge ${counter}, zero`)}\nl${n}:`;
      default: {
        const enter = item.loop === "middle"
          ? `jal zero, m${n}\n`
          : item.loop === "either"
          ? `bge a0, zero, o${n}\njal zero, m${n}\no${n}:\n`
          : "";
        return `${set(times)}\n${enter}h${n}:\n${first}\nm${n}:\n${second}\nn${n}:
addi ${counter}, ${counter}, -1\n${back(`bne ${counter}, zero`)}\nl${n}:`;
      }
    }
  }

  #switch(item: ItemWith<"on">, place: Place, n: number): string {
    if (place.leaf) return "";
    const count = item.cases.length > 2 ? 4 : 2;
    const cases = Array.from({ length: count }, (_, i) => item.cases[i % item.cases.length]!);
    this.#tables.push(`t${n}:`, ...cases.map((_, i) => `.offset t${n}_${i}`));
    const bodies = cases.map((body, i) =>
      `t${n}_${i}:\n${this.#items(body, place)}\njal zero, l${n}`
    );
    return `la s7, t${n}\nandi s8, ${item.on}, ${count - 1}\nslli s8, s8, 2\nadd s7, s7, s8
lw s8, 0(s7)\nadd s7, s7, s8\n${n % 2 === 0 ? "c.jr s7" : "jalr zero, 0(s7)"}\n${
      bodies.join("\n")
    }\nl${n}:`;
  }

  #call(item: ItemWith<"call">, place: Place, n: number): string {
    const others = this.#program.functions.length - place.fn - 1;
    if (place.leaf || others <= 0) return "";
    const name = `f${place.fn + 1 + item.call % others}`;
    switch (item.how) {
      case "jal":
        return `jal ra, ${name}`;
      case "made":
        return `la ra, l${n}\njal zero, ${name}\nl${n}:`;
      case "window":
        return `la s7, ${name}\n${through(item.window, this.#world)}\njalr ra, 0(s7)`;
      default:
        return `la s7, ${name}\n${item.how === "jalr" ? "jalr ra, 0(s7)" : "c.jalr s7"}`;
    }
  }

  #visit(item: ItemWith<"visit">, place: Place, n: number): string {
    const { mode, paged } = this.#world;
    const body = this.#items(item.visit, { ...place, visiting: true });
    if (mode === "M" || !paged || place.leaf || place.visiting) return body;
    const call = (number: number) => `addi a7, zero, ${number}\necall`;
    if (mode === "U") return `${call(CALL.up)}\n${body}\n${call(CALL.down)}`;
    const down = item.by === "call"
      ? call(CALL.down)
      : `la t5, v${n}\nslli t5, t5, 43\nsrli t5, t5, 43
li t6, ${USER_GIGA}\nadd t5, t5, t6\ncsrrw zero, sepc, t5\nli t6, 256\ncsrrc zero, sstatus, t6\nsret\nv${n}:`;
    return `${down}\n${body}\n${call(CALL.up)}`;
  }
}

/**
 * No field of anything that is saved may be forgotten: each field of each class with a save() is in its save() and
 * in its restore(), or stands here with the reason why not.
 */

import { assert, assertEquals } from "@std/assert";

const root = new URL("../../src/vm/", import.meta.url);

/** Wired once and never changed, or the saver itself. */
const WIRED = "wired when made";
/** A cache that is made again. */
const CACHE = "made again from what is saved";
/** Only between two instructions, when nothing is saved. */
const BRIEF = "not in use between two runs";
/** A person's: saved states do not hold it, restoring keeps it. */
const PERSON = "a person's, not the computer's";

/** Fields that a state does not hold, by file, and why. */
const LEFT_OUT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "machine/machine.ts": {
    bus: WIRED,
    engine: CACHE,
    user: WIRED,
    "#slow": BRIEF,
    stopsIdle: "who runs it says so",
    stopsAtTrapOf: "who steps it says so",
    "#marks": "set again by the turns",
    "#hostTraps": WIRED,
    compile: WIRED,
    "#used": BRIEF,
    "#sinceFold": "collects hits in time; save() collects them, too",
    watches: PERSON,
    probes: PERSON,
    finisher: "its one field is `finish`",
  },
  "machine/clock.ts": {
    instructionsPerTick: WIRED,
    "#registers": WIRED,
    "#given": BRIEF,
    "#base": "`retired` between two runs",
  },
  "machine/banks.ts": { "#tlb": WIRED, "#walked": WIRED },
  "machine/walked.ts": { "#ram": WIRED, "#notes": WIRED, "#banks": CACHE },
  "machine/tlb.ts": {
    countsHits: WIRED,
    fast: CACHE,
    "#held": CACHE,
    "#heldCount": CACHE,
    "#isHeld": CACHE,
    "#superCount": CACHE,
    foundLevel: BRIEF,
  },
  "machine/mmu.ts": {
    root: "in satp",
    asid: "in satp",
    paging: "in satp",
    dataBank: "chosen again by the hart's mode",
    fetchBank: "chosen again by the hart's mode",
    dataMode: "chosen again by the hart's mode",
    "#mstatus": "chosen again by the hart's mode",
    "#whole": BRIEF,
    "#halves": BRIEF,
    "#keeps": WIRED,
    fetchMode: "chosen again by the hart's mode",
    pmp: "made again from the CSRs of the hart",
    "#bareData": CACHE,
    "#bareFetch": CACHE,
    "#ram": WIRED,
    "#bus": WIRED,
    watches: PERSON,
    registers: WIRED,
    hidden: "set again by the turns",
    "#trail": BRIEF,
    "#quickWalk": BRIEF,
    "#quickBank": "chosen again by the hart's mode",
    missed: BRIEF,
    "#peeked": BRIEF,
    marked: WIRED,
  },
  "machine/hart/hart.ts": {
    hartid: WIRED,
    yields: "set again by the turns",
    stored: BRIEF,
    registers: "the machine saves them",
    mmu: "the machine saves it",
    "#live": WIRED,
    "#stored": "the machine saves them",
    "#clock": WIRED,
    "#pins": WIRED,
    onlooker: PERSON,
    "#mode": "restored through `mode`, which chooses the banks",
    "#timer": "made again from the CSRs",
  },
  "guest/history.ts": {
    "#changed": "a record begins anew",
    "#record": "begins anew",
    "#undone": "a record begins anew",
  },
  "guest/runner.ts": {
    output: "whoever listens has it",
    said: "of whoever listens",
    "#decide": WIRED,
    inputs: "a record begins anew",
    jump: "found again by the next run",
    failing: "taken back",
    runsOn: BRIEF,
    asked: PERSON,
    "#changes": "counts on, so that nobody takes a state put back for the one before",
    "#revision": "another number after each restore",
  },
  "guest.ts": {
    "#elf": WIRED,
    debug: WIRED,
    "#machine": WIRED,
    "#history": "saved by itself",
    "#atReset": WIRED,
    "#beginning": WIRED,
    "#tohost": WIRED,
    "#observer": "looks anew",
    "#panicked": WIRED,
    "#last": WIRED,
    paced: PERSON,
  },
  "machine/devices/uart.ts": { "#signal": WIRED },
  "machine/schedule.ts": { quantum: WIRED },
  "machine/spin.ts": {
    "#hart": WIRED,
    "#ram": WIRED,
    "#only": WIRED,
    "#first": WIRED,
    marksChanged: "set, and so told again",
  },
  "machine/turns.ts": {
    "#harts": "the machine saves them",
    "#hart": "the schedule says whose turn it is",
    "#clock": WIRED,
    "#clint": WIRED,
    "#setMarks": WIRED,
    "#only": WIRED,
  },
  "machine/devices/clint.ts": { "#clock": WIRED, "#due": CACHE },
  "machine/devices/plic.ts": { "#lines": CACHE, "#contexts": WIRED },
  "machine/devices/virtio_blk.ts": {
    "#ram": WIRED,
    "#signal": WIRED,
    "#writes": "for who asks what is written, outside the computer",
  },
  "events.ts": {
    "#wordIndex": CACHE,
    "#lastText": CACHE,
    "#lastWord": CACHE,
    "#otherText": CACHE,
    "#otherWord": CACHE,
    "#restores": "counts restores, so that a report of before one is known",
    "#clock": WIRED,
    "#capacity": WIRED,
    "#mask": WIRED,
    "#counts": "read through `counters`",
    "#copiedBytes": "read through `counters`",
    "#faults": "read through `counters`",
    "#rows": "saved by #changes",
    hart: BRIEF,
    by: BRIEF,
    owner: BRIEF,
    root: BRIEF,
    "#low": "of a guest's log, which is rewound",
    "#top": "of a guest's log, which is rewound",
    "#epochs": "of a guest's log, which is rewound",
    "#stride": WIRED,
    "#args": "of a guest's log, which is rewound",
  },
  "guest/event_sources.ts": {
    "#machine": WIRED,
    "#known": WIRED,
    "#current": WIRED,
    "#functions": CACHE,
    "#symbols": CACHE,
    "#told": WIRED,
    "#texts": WIRED,
    "#context": WIRED,
    "#log": WIRED,
    "#calls": CACHE,
    "#counts": PERSON,
    "#countsRemove": PERSON,
    "#removes": PERSON,
    "#listWords": CACHE,
  },
  "guest/events.ts": {
    "#counts": WIRED,
    "#history": WIRED,
    "#since": PERSON,
    "#waits": PERSON,
    "#found": BRIEF,
    "#looked": BRIEF,
  },
  "guest/table_frames.ts": { "#machine": WIRED, "#tell": WIRED, who: WIRED },
  "guest/trips.ts": {},
  "kernel/files/mount.ts": { "#m": WIRED, "#tree": "saved through `root`, which makes it" },
  "kernel/files/tree.ts": {},
};

/** Files with a save() that has nothing of a computer's. */
const HELPERS = [
  "machine/saver.ts",
  "machine/ram_image.ts",
  "machine/disk_bytes.ts",
  "kernel/files/xv6fs/disk.ts",
  "questions.ts",
];

/** The source of a method of the one class in a file with that name, static or not; the constructor for none. */
function method(source: string, name: string): string {
  const found = new RegExp(`^  (?:static )?${name}\\([^]*?^  }$`, "m").exec(source);
  return found?.[0] ?? "";
}

/** The fields of the class with a save(): names at the class's own indentation. */
function fieldsOf(source: string): string[] {
  const start = source.lastIndexOf("\nexport class", source.search(/^ {2}save\(/m));
  const body = source.slice(start, source.indexOf("\n}\n", start));
  const names = [
    ...body.matchAll(/^ {2}(?:override )?(?:readonly )?(#?\w+)(?:[?!]?: [^(]*?)?(?: =|;|: )/gm),
  ];
  return [...new Set(names.map((match) => match[1]))]
    .filter((name) => !["return", "name"].includes(name) && name !== "#saver");
}

async function* sources(folder: URL): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isDirectory) yield* sources(new URL(`${entry.name}/`, folder));
    else yield new URL(entry.name, folder).pathname.slice(root.pathname.length);
  }
}

Deno.test("every class that is saved is looked at", async () => {
  const saved: string[] = [];
  for await (const path of sources(root)) {
    if (/^ {2}save(<\w+>)?\(.*\{$/m.test(await Deno.readTextFile(new URL(path, root)))) {
      saved.push(path);
    }
  }
  assertEquals(saved.sort(), [...Object.keys(LEFT_OUT), ...HELPERS].sort());
});

for (const [path, left] of Object.entries(LEFT_OUT)) {
  Deno.test(`no field is forgotten by save() and restore(): ${path}`, async () => {
    const source = await Deno.readTextFile(new URL(path, root));
    const fields = fieldsOf(source);
    assert(fields.length > 0, "no fields found");
    const [save, restore] = [method(source, "save"), method(source, "restore")];
    assert(save !== "", "no save() found");
    // A class that is made anew is filled by its constructor.
    const again = restore === "" || restore.includes("new ")
      ? restore + method(source, "private constructor") + method(source, "constructor")
      : restore;
    const has = (body: string, field: string) =>
      new RegExp(`(this\\.|\\b)${field.replace("#", "#?")}\\b`).test(body);
    const forgotten = fields.filter((field) => !(field in left))
      .flatMap((field) => [
        ...(has(save, field) ? [] : [`${field} in save()`]),
        ...(has(again, field) || /Object\.assign\(this/.test(again)
          ? []
          : [`${field} in restore()`]),
      ]);
    assertEquals(forgotten, []);
    assertEquals(
      Object.keys(left).filter((field) => !fields.includes(field)),
      [],
      "no such field any more",
    );
  });
}

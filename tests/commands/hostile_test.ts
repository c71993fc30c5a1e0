/**
 * Names and texts of others that would command the terminal: on a disk, in a program, in a recording, typed. None
 * of them gets there, whatever the command; in JSON they are escapes.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseCast } from "../../src/record/parse.ts";
import { COMMANDS } from "../../src/commands/registry.ts";
import { mkfs } from "../../src/vm/kernel/files/xv6fs/mkfs.ts";
import { formatFat32 } from "../files/format.ts";
import { program, programNames } from "../../user/programs.ts";
import { newTyped, typed } from "./typist.ts";

/** A title, the beginning of a sequence in one character, right to left: eleven bytes, as a file's name. */
const NAME = "\x1b]0;x\x07\x9b\u202e";
const SAID = "before \x1b[2J\x1b]52;c;cm0=\x07\x9b31m\x1b[6n\x08\rafter\n";

// deno-lint-ignore no-control-regex -- they are what is looked for
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
/** What `src/repl/paint.ts` writes. */
// deno-lint-ignore no-control-regex -- ours
const OURS = /\x1b\[(?:1|2|22|3[1-6]|39|90|94)m/g;

/** A program whose functions have names of ours: all of one length, so that nothing moves. */
function renamed(name: string, ...symbols: [from: string, to: string][]): Uint8Array {
  const bytes = program(name)!.slice();
  const latin = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  for (const [from, to] of symbols) {
    const at = latin.lastIndexOf(`\0${from}\0`) + 1;
    assert(at > 0 && from.length === to.length, from);
    for (let i = 0; i < to.length; i++) bytes[at + i] = to.charCodeAt(i);
  }
  return bytes;
}

/** A disk with a program of that name, a directory of it, and a file that says so. */
function disk(): Uint8Array {
  const evil = renamed("forkwrite", ["main", "\x1b[2J"], ["fork", "\xc2\x9b\x07A"]);
  return mkfs({
    size: 4000,
    files: [
      { name: NAME, bytes: evil },
      { name: "said", bytes: new TextEncoder().encode(SAID) },
      ...programNames.map((name) => ({ name, bytes: program(name)! })),
    ],
    devices: [{ name: "console", major: 1, minor: 0 }],
  });
}

const cast = [
  { version: 2, width: 80, height: 24, title: NAME },
  [0, "o", SAID],
  [0.1, "m", NAME],
  [0.2, "o", "\x1b[1mbold\x1b[0m \x1b]0;title"],
  [0.3, "o", " goes on\x07 end\r\n"],
].map((line) => JSON.stringify(line)).join("\n") + "\n";

/** Lines for every command: its own examples, its arguments as bad names, and those that meet the disk's. */
function lines(dir: string): string[] {
  const examples = COMMANDS
    .filter((c) => !["quit", "record"].includes(c.name))
    .flatMap((c) => c.examples.flatMap((example) => example.lines));
  const typed = COMMANDS.flatMap(({ name }) => [
    `${name} "${NAME}"`,
    `${name} ${NAME}x`,
    `${name} 1 '${NAME}' --${NAME}`,
  ]).filter((line) => !/^(quit|record|save|sync|mkfs)/.test(line));
  return [
    "spawn",
    `call mkdir "d${NAME}"`,
    "dir",
    "dir /fat",
    `dir "${NAME}"`,
    `dir "no ${NAME}"`,
    `spawn "${NAME}"`,
    "ps",
    "sym",
    "sym mai",
    "break 0x0",
    "step 3",
    "dis 0x0",
    "reg",
    "timeline",
    "vmmap",
    "share",
    "until fork",
    "refcount pa(0x0)",
    `run cat said`,
    `run cat "no ${NAME}"`,
    `run echo "${NAME}"`,
    `strace cat said`,
    `run --input "ls\\ncat said\\n" sh`,
    "console",
    "strace ls",
    `play "${dir}/evil.cast"`,
    `play "${dir}/no${NAME}"`,
    `render "${dir}/evil.cast" "${dir}/x.svg" --force`,
    `source "${dir}/lines"`,
    `snap "${NAME}"`,
    "snap",
    `help ${NAME}`,
    `set ${NAME}`,
    NAME,
    `ps | where NAME == "${NAME}"`,
    `ps | cols ${NAME}`,
    "history",
    ...examples,
    ...typed,
  ];
}

async function inFolder(body: (dir: string, flags: string[]) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${dir}/fs.img`, disk());
    await Deno.writeFile(`${dir}/fat.img`, formatFat32(40 << 20));
    await Deno.writeTextFile(`${dir}/evil.cast`, cast);
    await Deno.writeTextFile(`${dir}/lines`, `# ${NAME}\n${NAME}\n`);
    // A FAT entry as no system makes it: the short name's bytes themselves.
    await typed([
      "spawn",
      'call open "/fat/ABCDEFGH.TXT" 0x201',
      `sync --fat ${dir}/fat.img --force`,
    ], ["--fat", `${dir}/fat.img`]);
    const fat = await Deno.readFile(`${dir}/fat.img`);
    const latin = new TextDecoder("latin1").decode(fat);
    const at = latin.indexOf("ABCDEFGHTXT");
    assert(at > 0);
    fat.set(new TextEncoder().encode("\x1b]0;x\x07"), at);
    await Deno.writeFile(`${dir}/fat.img`, fat);
    await body(dir, ["--fs", `${dir}/fs.img`, "--fat", `${dir}/fat.img`]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("no command lets a control character through, in text, in colour and in JSON", async () => {
  await inFolder(async (dir, flags) => {
    const met = new Set<string>();
    for (const how of [[], ["--color"], ["--json"]]) {
      const typist = await newTyped([...flags, ...how]);
      for (const line of lines(dir)) {
        const { text, status } = await typist.type(line);
        assert(status !== 70, `${JSON.stringify(line)}: ${text}`);
        const drawn = how[0] === "--color" && /^play/.test(line);
        // deno-lint-ignore no-control-regex -- what a recording may draw with
        const allowed = drawn ? /\x1b\[(?:[\d;]*m|2J|\?25h)|[\b\r]/g : OURS;
        const rest = how[0] === "--color" ? text.replace(allowed, "") : text;
        assertEquals(CONTROLS.exec(rest)?.[0], undefined, JSON.stringify([how, line, text]));
        for (const shown of ["\\x1b]0;x\\x07\\x9b\\u202e", "\\x1b[2J", "\\x1b]0;x\\x07"]) {
          if (text.includes(shown)) met.add(`${shown} ${line.split(" ")[0]}`);
        }
      }
    }
    // The names were met, and shown.
    for (const one of ["dir", "ps", "sym", "timeline", "run", "dis", "spawn"]) {
      assert([...met].some((name) => name.endsWith(` ${one}`)), `${one}: ${[...met].join("; ")}`);
    }
  });
});

Deno.test("what is shown is what it is, and JSON has it whole", async () => {
  await inFolder(async (dir, flags) => {
    const [files, said, json, played, drawn] = await typed([
      "dir",
      "run cat said",
      "dir --json",
      `play ${dir}/evil.cast`,
      "set",
    ], flags);
    assertStringIncludes(files.text, " \\x1b]0;x\\x07\\x9b\\u202e\n");
    assertStringIncludes(
      said.text,
      "before \\x1b[2J\\x1b]52;c;cm0=\\x07\\x9b31m\\x1b[6n\\x08\\rafter\n",
    );
    assertStringIncludes(json.text, "\\u001b]0;x\\u0007\\u009b\\u202e");
    const names = JSON.parse(json.text).entries.map((entry: { name: string }) => entry.name);
    assert(names.includes(NAME));
    assertStringIncludes(played.text, "before 31mafter\nbold  end\n");
    assertEquals(drawn.status, 0);
  });
});

Deno.test("a recording of it and its picture hold no control character of others", async () => {
  await inFolder(async (dir, flags) => {
    const lines = [`record ${dir}/a.cast`, "dir", "run cat said", `${NAME}`, "ps", "record stop"];
    await typed([...lines, `render ${dir}/evil.cast ${dir}/a.svg`], [...flags, "--color"]);
    const recorded = parseCast(await Deno.readTextFile(`${dir}/a.cast`));
    for (const { data } of recorded.events) {
      // deno-lint-ignore no-control-regex -- ours
      const rest = data.replace(/\x1b\[\d*m/g, "").replaceAll("\r\n", "\n");
      assertEquals(CONTROLS.exec(rest)?.[0], undefined, JSON.stringify(data));
    }
    const picture = await Deno.readTextFile(`${dir}/a.svg`);
    assertEquals(CONTROLS.exec(picture.replaceAll("\n", ""))?.[0], undefined);
  });
});

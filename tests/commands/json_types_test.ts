/**
 * `--json` over all commands: a property has one type wherever it occurs, addresses and PTEs are "0x…", counts are
 * numbers, and what is absent is null. The rule stands in docs/commands.md.
 */

import { assert, assertEquals } from "@std/assert";
import { COMMANDS } from "../../src/commands/registry.ts";
import { typed } from "./typist.ts";

/** Lines of a session, two blanks or a line end between them. */
const lines = (text: string) =>
  text.trim().split(/ {2,}|\n/).map((line) => line.trim()).filter(Boolean);

/** Sessions in which every command answers, with and without what it may find. */
const SESSIONS: readonly (readonly string[])[] = [
  lines(`
    help  help fork  history  set  set budget 90M  set budget off  ps  spawn  sbrk 8192  store 0x3000 7  snap a  fork  ps
    pte 0x3000  pte 0x9000  pte -a 0x3000  pte -k 0x80000000  decode 0x21ffadd3
    refcount pa(0x3000)  refcount 0x80000000  refcount 0x80100000  mappings pa(0x3000)
    mappings 0x80100000  use 3  store 0x3000 8  load 0x3000  fill 0x3000 2p 1  x 0x3000
    x 0x9000  xp pa(0x3000)  dis 0  find 0x01  find nothing  find --ram 0x0101  vmmap  mmap 3p
    mmap 8192 rw --shared  mprotect $_ 4096 r  munmap $_ 4096  share  share --dot
    share --frames  free  stats  swap  tlb  timeline  timeline 4000  audit  reg  reg sp
    reg a0 1  print $sp  print main  print pa(0x3000)  expect 1 == 1  expect 0  call getpid
    call open README 0  call read 3 0x3000 8  call mmap 0 4096 3 34 0 0  dir
    call read 0 0x3000 1  dir README  fsck  diff a  snap b  diff a b  snap  reclaim 2
    load 0x9000  use 2  exit  wait -p 1  wait  spawn  fork  exit -p 5  wait -p 4  kill 4
    restore a  snap --drop b  sync --force /dev/null  run echo hi  run faulttext
    strace echo hi  strace faulttext  run nosuch  run --input hi cat  boot
    boot --policy eager  spawn  fork  store 0x2ff0 1  audit  compare forkwrite
    boot --swap 1M --mem 16M  swap  spawn  sbrk 3M  fill 0x3000 3M 1  reclaim 50  swap
    timeline 3000  load 0x3000  call open README 2  mmap 4096 rw --shared --fd 3
    store $_ 0x21 -s 1  call msync $_ 4096  timeline 2000  boot --superpages --mem 64M  spawn
    mmap 4M  fill $_ 4M 1  fork  store $_ 2  timeline 9000  vmmap  mappings pa($_)
  `),
  lines(`
    spawn sh -c 'echo a | cat; ls | wc'  break  break -a main  watch $sp-8  break  sym mai
    sym main+2  sym  step  step 5  reg  continue  delete 2  until fork  until exit  dis
    print main  back 3  goto 10  continue  delete  delete  continue  ps  back 2  continue -p 2
    undo  undo 2  redo  undo --list  back syscall  goto event 40  undo
    boot  spawn sh -c 'echo a | cat'  until fault  break -a fork  continue  continue
    timeline 5000
  `),
];
/** What is not typed above, as its examples have it. */
const OTHERS = COMMANDS
  .filter(({ name }) => !SESSIONS.flat().some((line) => line.split(" ")[0] === name))
  .flatMap(({ examples }) => examples.map((example) => example.lines));
/** Those that end the session, take the terminal, write files of the host, or are a guest's alone. */
const LEFT_OUT = [
  "quit",
  "console",
  "record",
  "render",
  "save",
  "mkfs",
  "play",
  "source",
  "next",
  "finish",
];

/** Properties that are addresses, PTEs or other bit patterns, by the end of their names. */
const HEXADECIMAL =
  /^(va|pa|pc|pte|satp|start|end|break|old|frame|from|stval|ppn|reserved|firstPa|address)$|^pte[A-Z]|Pa$|Va$/;

/** What is text, whatever stands in it: what was typed, decoded arguments of a call. */
const TEXTS = ["console", "expression", "found", "args"];

type Seen = Map<string, Map<string, string>>;

/** Every property at its place in an answer, with the type of its value and a line that has it. */
function collect(seen: Seen, path: string, value: unknown, line: string): void {
  if (value === null) return;
  const type = Array.isArray(value) ? "array" : typeof value;
  const types = seen.get(path) ?? new Map<string, string>();
  if (!types.has(type)) types.set(type, line);
  seen.set(path, types);
  if (Array.isArray(value)) { for (const item of value) collect(seen, `${path}[]`, item, line); }
  else if (typeof value === "object") {
    for (const [name, one] of Object.entries(value as object)) {
      collect(seen, `${path}.${name}`, one, line);
    }
  } else {
    const name = /([^.[\]]+)(?:\[\])*$/.exec(path)![1];
    const text = String(value);
    if (HEXADECIMAL.test(name)) {
      assert(/^0x[0-9a-f]+$/.test(text), `${line}: ${path} is ${text}, not "0x…"`);
    } else if (type === "string" && !TEXTS.includes(name)) {
      assert(!/^-?\d+$/.test(text), `${line}: ${path} is "${text}", a number as text`);
    }
  }
}

Deno.test("--json: each property has one type in all answers of a command", async () => {
  const seen: Seen = new Map();
  const ran = new Set<string>();
  for (const session of [...SESSIONS, ...OTHERS]) {
    for (const { line, text, status } of await typed(session, ["--json"])) {
      const name = line.split(" ")[0];
      const answer = JSON.parse(text.split("\n")[0]);
      if (answer.error === undefined) ran.add(name);
      assertEquals([answer.command, answer.status], [line, status], line);
      collect(seen, name, answer, line);
    }
  }
  for (const [path, types] of seen) {
    const all = [...types].map(([type, line]) => `${type} in ${line}`).join(", ");
    assertEquals(types.size, 1, `${path}: ${all}`);
  }
  const missing = COMMANDS.filter((c) => !ran.has(c.name) && !LEFT_OUT.includes(c.name));
  assertEquals(missing.map((c) => c.name), [], "neither typed in SESSIONS nor an example");
});

Deno.test("| json: the columns of every table, too", async () => {
  const seen: Seen = new Map();
  for (const session of SESSIONS) {
    const piped = session.map((line) => `${line} | head 99999 | json`);
    for (const { line, text } of await typed(piped)) {
      if (!text.startsWith("{")) continue;
      collect(seen, line.split(" ")[0], JSON.parse(text.split("\n")[0]), line);
    }
  }
  for (const [path, types] of seen) {
    const all = [...types].map(([type, line]) => `${type} in ${line}`).join(", ");
    assertEquals(types.size, 1, `${path}: ${all}`);
  }
});

/** Files of both file systems, open, unlinked, half written: a computer saved at any point goes on in another one. */

import { assert, assertEquals } from "@std/assert";
import { formatFat32 } from "../files/format.ts";
import type { Process } from "../../src/vm/process.ts";
import type { Vm } from "../../src/vm/vm.ts";
import { sameSaved } from "../../src/vm/machine/saver.ts";
import { boot } from "./lab.ts";

const FAT = formatFat32(33 * 2 ** 20);
const PATH = 0x3000, DATA = 0x3800;

/** A call with a path, as a program makes it. */
const path = (p: Process, name: "open" | "unlink" | "mkdir" | "chdir", text: string, mode = 0) => {
  p.put(PATH, `${text}\0`);
  return p.call(name, PATH, mode).result;
};

/** What is done, a call a step; each answers something. */
const STEPS: readonly ((p: Process) => unknown)[] = [
  (p) => path(p, "open", "README"),
  (p) => p.read(3, DATA, 100),
  (p) => path(p, "mkdir", "/fat/dir"),
  (p) => path(p, "open", "/fat/dir/A long name.txt", 0x202),
  (p) => p.put(DATA, "some text that is written"),
  (p) => p.write(4, DATA, 25),
  (p) => path(p, "open", "f", 0x202),
  (p) => p.write(5, DATA, 25),
  (p) => path(p, "unlink", "/fat/dir/A long name.txt"),
  (p) => path(p, "unlink", "f"),
  (p) => p.write(4, DATA, 2000),
  (p) => p.write(5, DATA, 2000),
  (p) => path(p, "chdir", "/fat/dir"),
  (p) => p.pipe(DATA),
  (p) => p.write(7, DATA, 300),
  (p) => p.fork().pid,
  (p) => p.read(6, DATA, 100),
  (p) => p.close(4),
  (p) => path(p, "open", "b", 0x202),
  (p) => p.mmap(4096, { fd: 3, prot: "r" }),
  (p) => p.write(4, DATA, 600),
  (p) => path(p, "chdir", ".."),
  (p) => path(p, "unlink", "/fat/dir/b"),
  (p) => p.read(3, DATA, 100),
  (p) => p.close(5),
  (p) => p.close(4),
  (p) => path(p, "unlink", "/fat/dir"),
  (p) => path(p, "open", "/fat", 0),
  (p) => p.read(4, DATA, 500),
  (p) => p.exit(3),
];

function start(): { vm: Vm; p: Process } {
  const vm = boot({ fat: FAT.slice() });
  const p = vm.spawn();
  p.sbrk(4096);
  return { vm, p };
}

/** One that has done other things. */
function used(): Vm {
  const { vm, p } = start();
  path(p, "open", "/fat/other", 0x202);
  p.write(3, DATA, 2000);
  path(p, "open", "other", 0x202);
  p.write(4, DATA, 2000);
  path(p, "unlink", "/fat/other");
  vm.run("forktest");
  return vm;
}

Deno.test("saved at any point of a life with files, a computer goes on in another one", () => {
  const { vm, p } = start();
  const states = [vm.save()];
  const answers = STEPS.map((step) => {
    const answer = step(p);
    states.push(vm.save());
    return answer;
  });
  assert(!answers.includes(-1n), `${answers}`);
  const last = states.pop()!;
  const other = used();
  for (const [i, state] of states.entries()) {
    other.restore(i % 2 === 0 ? state : structuredClone(state));
    assert(sameSaved(other.save(), state), `put back before step ${i}`);
    const again = other.process(p.pid);
    assertEquals(STEPS.slice(i).map((step) => step(again)), answers.slice(i), `from step ${i} on`);
    assert(sameSaved(other.save(), last), `the end, from step ${i} on`);
    assertEquals(other.audit(), []);
    // The next state comes into a computer that has gone on.
    other.run("echo", ["x"]);
  }
});

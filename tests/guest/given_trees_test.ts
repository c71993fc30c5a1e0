/**
 * Real xv6 kernels of all years in which nothing is found by its name, or which have no names at all: with what is
 * given in that place they answer as they do with their names. `XV6_TREES` is a folder with one built tree in each of
 * its folders.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { attach } from "../../mod.ts";
import { knownOf } from "../../src/vm/guest/known.ts";
import { ImageSymbols } from "../../src/vm/guest/symbols.ts";
import { parseElf } from "../../src/vm/machine/elf.ts";
import type { GuestView } from "../../src/vm/guest/view.ts";
import { partsOf } from "../../src/vm/parts.ts";
import type { Vm } from "../../src/vm/vm.ts";
import { newTyped } from "../commands/typist.ts";
import { isMissing, TREES, treesIn } from "../trees.ts";
import { renamed, renamedSource, stripped } from "./rename.ts";

/** What is asked of all of them. */
const ASKED = [
  "ps --json",
  "vmmap 1 --json",
  "vmmap 2 --json",
  "share 1 2 --json",
  "mappings pa(2:0) --json",
  "refcount pa(2:0) --json",
  "free --json",
  "audit --json",
  "pte 2:0 --json",
];
/** And where a person's line can be typed: the machine is not the same any more behind it. */
const DONE = [
  "spawn",
  "sbrk 4096",
  "fork",
  "ps --json",
  "who wrote 4:0 --pte -n 1 --json",
  "audit --each syscall --for 30M echo hi",
  "audit --json",
];

/** Variables, and what their names end in, that are called otherwise. */
const RENAMED = ["proc", "cpus", "kernel_pagetable", "kmem", "supermem", "run"];

/** What C calls a place then. */
function otherwise(place: string): string {
  return place.replace(
    /^\w+/,
    (name) => RENAMED.some((end) => name.endsWith(end)) ? `${name.slice(0, -1)}X` : name,
  );
}

/** What is found out of a kernel, as it may be given, by addresses. */
function found(vm: Vm, symbols: ImageSymbols) {
  const known = knownOf(symbols);
  const { now } = partsOf(vm).view as GuestView;
  const { start, records, stride, offsets: { pid, state, chan, parent } } = now.layout!;
  const states = known.record!.states
    .flatMap((one, i) => one === undefined ? [] : [`${one}=${i}`]);
  const { count, each, proc, noff, start: cpus } = known.cpus!;
  return {
    processes: `processes=${start}@${records},bytes=${stride},pid=${pid},state=${state},` +
      `chan=${chan},parent=${parent},${states}`,
    cpus: `cpus=${cpus}@${count},bytes=${each},proc=${proc},noff=${noff}`,
    kernel: `kernel=*${symbols.variable("kernel_pagetable")!.start}`,
    free: `free=${now.freeLists!.map(({ head }) => head)}`,
    lists: now.freeLists!.map(({ at }) => otherwise(at)),
  };
}

async function told(vm: Vm, lines: readonly string[]): Promise<[line: string, text: string][]> {
  const typist = await newTyped([], { vm });
  const list: [string, string][] = [];
  for (const line of lines) {
    const { text, status } = await typist.type(line);
    assert(status === 0 || status === 4, `${line}: ${status}\n${text}`);
    list.push([line, text]);
  }
  return list;
}

/** How sure each fact is, and what was learned at work. */
function facts(vm: Vm) {
  return vm.facts().map(({ name, value, sure }) => {
    const isLearned = name === "counts" || name === "cow bit";
    return { name, sure, value: isLearned ? value && otherwise(value) : undefined };
  });
}
/** Those that are given in the tests. */
const GIVEN = ["processes", "cpus", "kernel table", "free list"];

if (TREES === undefined) {
  console.log(
    "facts given of xv6 kernels: skipped, XV6_TREES is not set to a folder of built trees",
  );
} else {
  for (const name of treesIn(TREES).filter((name) => /-xv6$|-cow$|-lock$/.test(name))) {
    const disk = `${TREES}/${name}/fs.img`;
    const file = Deno.readFileSync(`${TREES}/${name}/kernel/kernel`);
    const symbols = new ImageSymbols(parseElf(file));

    Deno.test(`${name} with other names answers by what is given as with its own`, async () => {
      const vm = attach({ kernel: file, disk });
      const { lists } = found(vm, symbols);
      const sure = facts(vm);
      const all = await told(vm, [...ASKED, ...DONE]);

      const kernel = renamed(file, ...RENAMED);
      const unknown = attach({ kernel, disk });
      for (const { name, value, sure } of unknown.facts()) {
        // In some trees it begins at a variable of another name with `mem` in it, too.
        if (name !== "free list") assertEquals([value, sure], [undefined, "unknown"], name);
      }
      assertEquals(unknown.processes(), []);

      const given = attach({
        kernel,
        disk,
        facts: ["processes=proX", "cpus=cpuX", "kernel=kernel_pagetablX", `free=${lists}`],
      });
      assertEquals(
        facts(given),
        sure.map((one) => GIVEN.includes(one.name) ? { ...one, sure: "given" } : one),
      );
      assertEquals(await told(given, [...ASKED, ...DONE]), all);
    });

    Deno.test(`${name} without any names answers by what is given`, async () => {
      const vm = attach({ kernel: file, disk });
      const { lists: _, ...all } = found(vm, symbols);
      const facts = Object.values(all);
      const none = attach({ kernel: stripped(file), disk });
      assertEquals(none.processes().filter(({ pid }) => pid > 0), []);
      const given = attach({ kernel: stripped(file), disk, facts });
      const seen = (one: Vm) =>
        one.processes().map(({ pid, name, state, parent }) => ({ pid, name, state, parent }));
      assertEquals(seen(given), seen(vm));
      assertEquals([given.free(), given.audit(), given.unrest()], [vm.free(), [], undefined]);
      const [[, text]] = await told(given, ["audit --each syscall --for 30M echo hi"]);
      assertMatch(text, /^echo hi\nhi\n\$ ?\nclean at \d+ syscalls$/m);
    });
  }

  const tree = `${TREES}/2025-cow`;
  const why = isMissing("2025-cow") ? "XV6_TREES has no 2025-cow" : withoutCompiler();
  if (why !== undefined) console.log(`docs/your-kernel.md gives no facts: ${why}`);
  Deno.test({
    name: "what docs/your-kernel.md gives of a tree with other names is what the shell says",
    ignore: why !== undefined,
    async fn() {
      const work = await Deno.makeTempDir();
      try {
        await succeed("cp", ["-a", `${tree}/.`, work]);
        for await (const { name } of Deno.readDir(`${work}/kernel`)) {
          if (!/\.[ch]$/.test(name)) continue;
          const path = `${work}/kernel/${name}`;
          const text = await Deno.readTextFile(path), other = renamedSource(text);
          if (other !== text) await Deno.writeTextFile(path, other);
        }
        await succeed("make", ["-s", "kernel/kernel"], work);
        const vm = attach({ kernel: `${work}/kernel/kernel`, disk: `${tree}/fs.img` });
        const page = await Deno.readTextFile(
          new URL("../../docs/your-kernel.md", import.meta.url),
        );
        const [, shown] = /^```given\n([^]*?)^```$/m.exec(page)!;
        const typist = await newTyped([], { vm });
        let said = "";
        for (const [, line] of shown.matchAll(/^> (.*)$/gm)) {
          said += `> ${line}\n${(await typist.type(line)).text}`;
        }
        // Another compiler lays the kernel out otherwise.
        const plain = (text: string) =>
          text.replace(/0x[0-9a-f]+|\d{2,}/g, "N").replace(/\s+/g, " ");
        assertEquals(plain(said), plain(shown));
      } finally {
        await Deno.remove(work, { recursive: true });
      }
    },
  });
}

/** Why no kernel can be built here; undefined: one can. */
function withoutCompiler(): string | undefined {
  try {
    new Deno.Command("riscv64-unknown-elf-gcc", { args: ["--version"] }).outputSync();
    return undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return "there is no riscv64-unknown-elf-gcc";
  }
}

async function succeed(command: string, args: string[], cwd?: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, {
    args,
    stdout: "null",
    ...(cwd === undefined ? {} : { cwd }),
  }).output();
  assert(success, `${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

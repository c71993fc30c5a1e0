/** The kernel's records against each other: spaces and processes, open files and descriptors. */

import { procs } from "../../kernel/process/table.ts";
import { counted as countedWord } from "../../machine/counted.ts";
import { hex } from "../../machine/address.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Say } from "../finding.ts";
import type { Proc } from "../../kernel/process/proc.ts";

/** Spaces that no process has; threads and descriptors of files that are counted wrong. */
export function checkRecords(k: Kernel, say: Say): void {
  checkSpaces(k, say);
  checkFiles(k, say);
}

function checkSpaces(k: Kernel, say: Say): void {
  const users = new Map<number, number>();
  for (const p of procs(k)) {
    users.set(p.space, (users.get(p.space) ?? 0) + 1);
    const space = k.state.spaces.get(p.space);
    const detail = space === undefined
      ? `pid ${p.pid} has space ${p.space}, which memory does not know`
      : space.trapframes.some(({ frame }) => frame === p.trapframe)
      ? undefined
      : `the trapframe of pid ${p.pid} is none of its space's`;
    if (detail !== undefined) say("space lost", { pid: p.pid }, detail);
  }
  for (const space of k.state.spaces.values()) {
    const counted = users.get(space.id) ?? 0;
    if (space.users === counted && counted > 0) continue;
    const who = countedWord(counted, "process", "processes");
    const detail = counted === 0
      ? `space ${space.id} has no process: its memory will never be freed`
      : `space ${space.id} has ${who}, but counts ${space.users}`;
    say("space lost", { stored: space.users, counted }, detail);
  }
  const { currentSpace: current, spaces } = k.state;
  const root = spaces.get(current)?.root;
  if (current !== 0 && root !== k.machine.mmu.root) {
    const detail = root === undefined
      ? `space ${current} is said to be the hart's, and is not there`
      : `the hart walks ${hex(k.machine.mmu.root)}, not the tables of space ${current}`;
    say("space lost", {}, detail);
  }
}

/** Tables and directories against who has them, files against descriptors, pipes against ends. */
function checkFiles(k: Kernel, say: Say): void {
  const { fdTables, places, ftable, pipes } = k.state;
  const compare = (what: string, stored: number, counted: number, pid?: number) => {
    if (stored !== counted) say("file count", { pid, stored, counted }, what);
  };
  const checkUsers = (
    what: string,
    all: Map<number, { users: number }>,
    idOf: (p: Proc) => number,
  ) => {
    for (const [id, { users }] of all) {
      const counted = procs(k).filter((p) => idOf(p) === id).length;
      const who = countedWord(counted, "process", "processes");
      compare(`${what} ${id} has ${who}, but counts ${users}`, users, counted);
    }
    for (const p of procs(k)) {
      if (idOf(p) === 0 || all.has(idOf(p))) continue;
      compare(`pid ${p.pid} has ${what} ${idOf(p)}, which is not there`, 0, 1, p.pid);
    }
  };
  checkUsers("descriptor table", fdTables, (p) => p.files);
  checkUsers("directory", places, (p) => p.place);
  const first = new Map<number, { count: number; pid: number; fd: number }>();
  for (const [id, { fds }] of fdTables) {
    const pid = procs(k).find((p) => p.files === id)?.pid ?? 0;
    fds.forEach((n, fd) => {
      if (n < 0) return;
      const known = first.get(n);
      if (known === undefined) first.set(n, { count: 1, pid, fd });
      else known.count++;
    });
  }
  const ends = new Set<number>();
  ftable.forEach((file, n) => {
    const { count, pid, fd } = first.get(n) ?? { count: 0, pid: 0, fd: -1 };
    const stored = file?.references ?? 0;
    const detail = fd < 0
      ? `open file ${n} has no descriptor, but counts ${stored}`
      : `the ${file?.type ?? "closed file"} behind descriptor ${fd} of pid ${pid} has ${count} ` +
        `descriptors, but counts ${stored}`;
    compare(detail, stored, count, pid || undefined);
    if (file?.type === "pipe") ends.add(file.pipe);
  });
  for (const id of new Set([...ends, ...pipes.keys()])) {
    compare(`pipe ${id} and its open ends`, pipes.has(id) ? 1 : 0, ends.has(id) ? 1 : 0);
  }
}

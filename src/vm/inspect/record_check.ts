/**
 * The kernel's records against each other: every space has its processes, every open file its descriptors.
 *
 * @module
 */

import { counted as countedWord } from "../machine/counted.ts";
import { hex } from "../machine/address.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { File } from "../kernel/files/file.ts";
import type { AddressSpace } from "../kernel/memory/areas/space.ts";
import { type Finding, finding } from "./finding.ts";

/** Spaces that no process has, threads counted wrong, files with more or fewer descriptors than counted. */
export function checkRecords(k: Kernel): Finding[] {
  return [...checkSpaces(k), ...checkFiles(k)];
}

function checkSpaces(k: Kernel): Finding[] {
  const findings: Finding[] = [];
  const users = new Map<AddressSpace, number>();
  for (const p of k.processes()) {
    users.set(p.space, (users.get(p.space) ?? 0) + 1);
    const say = (detail: string) => findings.push(finding("space lost", { pid: p.pid }, detail));
    if (k.memory.spaces.get(p.space.id) !== p.space) {
      say(`pid ${p.pid} has space ${p.space.id}, which memory does not know`);
    }
    if (!p.space.trapframes.some(({ frame }) => frame === p.trapframe)) {
      say(`the trapframe of pid ${p.pid} is none of its space's`);
    }
  }
  for (const space of k.memory.spaces.values()) {
    const counted = users.get(space) ?? 0;
    if (space.users === counted && counted > 0) continue;
    const detail = counted === 0
      ? `space ${space.id} has no process: its memory will never be freed`
      : `space ${space.id} has ${
        countedWord(counted, "process", "processes")
      }, but counts ${space.users}`;
    findings.push(finding("space lost", { stored: space.users, counted }, detail));
  }
  const { current, spaces } = k.memory;
  const root = spaces.get(current)?.root;
  if (current !== 0 && root !== k.machine.mmu.root) {
    const detail = root === undefined
      ? `space ${current} is said to be the hart's, and is not there`
      : `the hart walks ${hex(k.machine.mmu.root)}, not the tables of space ${current}`;
    findings.push(finding("space lost", {}, detail));
  }
  return findings;
}

function checkFiles(k: Kernel): Finding[] {
  const findings: Finding[] = [];
  const descriptors = new Map<File, { count: number; pid: number; fd: number }>();
  const tables = new Set<unknown>();
  for (const p of k.processes()) {
    // Who shares a table (CLONE_FILES) has the same descriptors, once.
    if (tables.has(p.files)) continue;
    tables.add(p.files);
    p.files.forEach((file, fd) => {
      if (file === undefined) return;
      const known = descriptors.get(file);
      if (known === undefined) descriptors.set(file, { count: 1, pid: p.pid, fd });
      else known.count++;
    });
  }
  for (const [file, { count, pid, fd }] of descriptors) {
    if (file.references === count) continue;
    const detail = `the ${file.type} behind descriptor ${fd} of pid ${pid} has ${count} ` +
      `descriptors, but counts ${file.references}`;
    const stored = file.references;
    findings.push(finding("file count", { pid, stored, counted: count }, detail));
  }
  if (k.openFiles !== descriptors.size) {
    const detail = `${
      countedWord(k.openFiles, "file")
    } counted open, but ${descriptors.size} have descriptors`;
    const where = { stored: k.openFiles, counted: descriptors.size };
    findings.push(finding("file count", where, detail));
  }
  return findings;
}

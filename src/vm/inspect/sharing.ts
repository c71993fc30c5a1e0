/** Which frames have more than one owner, and who shares them: read out of the page tables. */

import { type Pa, pa, PAGE_SIZE, paNum } from "../machine/address.ts";
import type { Ram } from "../machine/memory.ts";
import { isUsers, mappingsOf } from "./mappings.ts";
import { type KernelView, userRoots } from "./view.ts";

/** Frames that the same processes map. */
export interface SharedGroup {
  /** Who maps them, ascending; one pid for frames of one process alone. */
  readonly pids: readonly number[];
  /** The frames' first bytes, ascending. */
  readonly frames: readonly Pa[];
  /** For each frame, the kind of area it lies in: `heap`, `text` … */
  readonly areas: readonly string[];
  /** The kinds of area among them. */
  readonly kinds: readonly string[];
}

/** Who shares what at one moment. */
export interface Sharing {
  /** Processes with a space of their own, ascending; threads of one space count once. */
  readonly processes: readonly { readonly pid: number; readonly name: string }[];
  /** `matrix[i][j]`: frames that processes `i` and `j` both map; `[i][i]`: that only `i` maps. */
  readonly matrix: readonly (readonly number[])[];
  /** The frames by their owners; those with the most owners first. */
  readonly groups: readonly SharedGroup[];
}

/** The sharing among some processes, or all. Trampoline and trapframes do not count. */
export function sharing(view: KernelView, ram: Ram, only?: readonly number[]): Sharing {
  const owners = new Map<number, { pids: Set<number>; kinds: Set<string> }>();
  const roots = userRoots(view).filter(({ pid }) => only?.includes(pid) ?? true);
  for (const root of roots) {
    for (const m of mappingsOf(ram, root).filter(isUsers)) {
      for (let at = Number(m.pa); at < Number(m.pa) + m.size; at += PAGE_SIZE) {
        if (!ram.contains(paNum(at))) continue;
        let frame = owners.get(at);
        if (frame === undefined) owners.set(at, frame = { pids: new Set(), kinds: new Set() });
        frame.pids.add(root.pid);
        frame.kinds.add(m.kind);
      }
    }
  }
  const processes = roots.map(({ pid, name }) => ({ pid, name }));
  return { processes, matrix: matrixOf(processes, owners), groups: groupsOf(owners) };
}

type Owners = ReadonlyMap<number, { pids: Set<number>; kinds: Set<string> }>;

function matrixOf(processes: Sharing["processes"], owners: Owners): number[][] {
  const index = new Map(processes.map(({ pid }, i) => [pid, i]));
  const matrix = processes.map(() => processes.map(() => 0));
  for (const { pids } of owners.values()) {
    const list = [...pids].map((pid) => index.get(pid)!);
    for (const i of list) {
      for (const j of list) if (i !== j || list.length === 1) matrix[i][j]++;
    }
  }
  return matrix;
}

function groupsOf(owners: Owners): SharedGroup[] {
  const groups = new Map<string, { pids: number[]; frames: [number, string][] }>();
  // In order of address, so that the lists of each group are, too.
  for (const [frame, { pids, kinds }] of [...owners].sort(([a], [b]) => a - b)) {
    const list = [...pids].sort((a, b) => a - b);
    const key = list.join();
    const group = groups.get(key) ?? { pids: list, frames: [] };
    groups.set(key, group);
    group.frames.push([frame, [...kinds].sort().join(" ")]);
  }
  return [...groups.values()]
    .sort((a, b) => b.pids.length - a.pids.length || a.pids[0] - b.pids[0])
    .map(({ pids, frames }) => ({
      pids,
      frames: frames.map(([frame]) => pa(frame)),
      areas: frames.map(([, area]) => area),
      kinds: [...new Set(frames.map(([, area]) => area))].sort(),
    }));
}

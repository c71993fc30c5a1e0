/** A disk that loses power at each of its block writes in turn, and what a boot finds then. */
import { assertEquals } from "@std/assert";
import { Disk, PowerCut } from "../../src/vm/kernel/files/xv6fs/disk.ts";
import { fsck } from "../../src/vm/kernel/files/xv6fs/fsck.ts";
import { openXv6fs } from "../../src/vm/kernel/files/xv6fs/xv6fs.ts";
import { contents, type Op, Runner } from "./workload.ts";

/** A whole run: its block writes, which of them committed a transaction, and the contents after each transaction. */
export interface Trace {
  readonly writes: number;
  /** Numbers of the writes (from 1) that put a header with a count on the disk: the commit points. */
  readonly commits: readonly number[];
  /** Contents before the first transaction and after each. */
  readonly states: readonly string[];
}

const stateOf = (image: Uint8Array) => JSON.stringify([...contents(openXv6fs(image.slice()))]);

/** Runs `ops` on a copy of `start` to the end. */
export function trace(start: Uint8Array, ops: readonly Op[]): Trace {
  const disk = new Disk(start.slice());
  const commits: number[] = [];
  const states = [stateOf(start)];
  const fs = openXv6fs(disk);
  const write = disk.write.bind(disk);
  disk.write = (bno, cache, from) => {
    write(bno, cache, from);
    if (bno !== fs.superblock.logstart) return;
    const count = new DataView(cache.buffer, cache.byteOffset + from).getUint32(0, true);
    if (count > 0) commits.push(disk.writes);
    else states.push(stateOf(disk.image));
  };
  const runner = new Runner(fs);
  for (const op of ops) runner.run(op);
  runner.closeAll();
  assertEquals(states.length, commits.length + 1);
  return { writes: disk.writes, commits, states };
}

/**
 * Runs `ops` on a copy of `start` and stops before every block write in turn. What a boot then finds must be clean,
 * and exactly the contents after the last transaction whose commit point was reached.
 */
export function stopEverywhere(start: Uint8Array, ops: readonly Op[]): Trace {
  const whole = trace(start, ops);
  for (let limit = 0; limit <= whole.writes; limit++) {
    const disk = new Disk(start.slice());
    disk.limit = limit;
    try {
      const runner = new Runner(openXv6fs(disk));
      for (const op of ops) runner.run(op);
      runner.closeAll();
      assertEquals(limit, whole.writes);
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
    }
    assertEquals(disk.writes, limit);
    const wrong = fsck(disk.image).filter((p) => p.severity === "error");
    assertEquals(wrong, [], `stopped after write ${limit}`);
    const reached = whole.commits.filter((at) => at <= limit).length;
    const booted = openXv6fs(disk.image);
    assertEquals(stateOf(booted.image), whole.states[reached], `stopped after write ${limit}`);
    assertEquals(fsck(booted.image), [], `booted after a stop after write ${limit}`);
  }
  return whole;
}

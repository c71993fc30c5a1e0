/**
 * `deno task campaign files`: damaged disks of both kinds, through every call and now and then through a whole session;
 * random calls on disks that fill up, against a tree of byte strings; power cuts at every block write. An image more is
 * one that was mounted or refused: a damaged one, the disk of a sequence, or what a power cut left.
 *
 * @module
 */

import { assert } from "@std/assert";
import { typed } from "../commands/typist.ts";
import { stopEverywhere } from "../files/crash.ts";
import { damageXv6, endureXv6, FatTarget, Guarded, usedXv6 } from "../files/damage.ts";
import { fatSubject, play, xv6Subject } from "../files/sequences.ts";
import { type Op, randomOp } from "../files/workload.ts";
import { type Campaign, processorSeconds, type Task } from "./campaign.ts";

/** No try takes longer of the processor; a hang shows so. A damaged file may claim 64 MiB, which `grep` reads. */
const MOST_SECONDS = 120;
/** Resident memory of the whole campaign: images of 34 MiB, some copies. */
const MOST_BYTES = 2 ** 31;

/** The campaign. */
export const files: Campaign = {
  name: "files",
  about: "damaged disks, full disks and power cuts, against fsck and a tree of byte strings",
  unit: "images",
  count: 100_000,
  async run(task) {
    const below = (n: number) => task.random.below(n);
    const goods = [usedXv6(false), usedXv6(true)];
    const fat = new FatTarget();
    const subjects = [xv6Subject(false), xv6Subject(true)], fatDisk = fatSubject();
    const folder = await Deno.makeTempDir();
    const damaged = () => {
      const guarded = new Guarded(task.random.pick(goods));
      damageXv6(guarded.image, below);
      return guarded;
    };
    /** Each kind of image: how often, and how many one try is. */
    const kinds: [share: number, run: () => number | Promise<number>][] = [
      [600, () => {
        const guarded = damaged();
        const { image } = guarded;
        endureXv6(below(40) === 0 ? image.subarray(0, below(image.length)) : image, below);
        guarded.check();
        return 1;
      }],
      [300, () => (fat.endure(below), 1)],
      [50, () => (play(task.random.pick(subjects), below, 120), 1)],
      [2, () => (play(fatDisk, below, 120), 1)],
      [10, () => stopEverywhere(task.random.pick(goods), calls(task)).writes],
      [10, async () => (await session(`${folder}/fs.img`, damaged().image), 1)],
    ];
    const all = kinds.reduce((sum, [share]) => sum + share, 0);
    for (let done = 0; done < task.count;) {
      let at = below(all);
      const [, run] = kinds.find(([share]) => (at -= share) < 0)!;
      const began = processorSeconds();
      const images = await run();
      const took = processorSeconds() - began;
      assert(took < MOST_SECONDS, `as good as a hang: ${took} seconds of processor time`);
      const { rss } = Deno.memoryUsage();
      assert(rss < MOST_BYTES, `${rss} bytes of memory`);
      done += images;
      task.done(images);
    }
    await Deno.remove(folder, { recursive: true });
  },
};

/** A few calls, of which each block write will be one that never happened. */
function calls(task: Task): Op[] {
  return Array.from({ length: 1 + task.random.below(12) }, () => {
    const op = randomOp((n) => task.random.below(n));
    return op.op === "write" ? { ...op, n: op.n % 9000 } : op;
  });
}

/** What a person would type about a disk: each line is an answer or one clear line, and the session goes on. */
async function session(path: string, image: Uint8Array): Promise<void> {
  await Deno.writeFile(path, image);
  const checks = ["fsck", "dir", "dir a", "dir a/b", `fsck ${path}`];
  const runs = ["ls", "ls a", "cat e", "cat a/b/e", "wc l", "grep x big", "mkdir q", "rm e", "e"];
  const guest = runs.map((line) => `run ${line}`);
  let answers;
  try {
    answers = await typed([...checks, ...guest, "fsck", "audit"], ["--fs", path, "--mem", "16M"]);
  } catch (error) {
    // Refused when it was mounted: one line, exit code 5.
    const { message, exitCode } = error as { message: string; exitCode: number };
    assert(exitCode === 5 && !message.includes("\n"), String(error));
    return;
  }
  for (const { line, text, status } of answers) {
    assert([0, 1, 2, 5].includes(status), `${line}: ${status} ${text}`);
    assert(!/internal|TypeError|RangeError|at file:/.test(text), `${line}: ${text}`);
  }
  const audit = answers.at(-1)!;
  assert(audit.status === 0, audit.text);
}

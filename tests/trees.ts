/** Built xv6 trees outside of this repository: `XV6_TREES` is a folder with one in each of its folders. */

import { Guest, type GuestOptions } from "../src/vm/guest.ts";

/** The folder; undefined: none was given. */
export const TREES = Deno.env.get("XV6_TREES") || undefined;

/** The trees in a folder that have a kernel and a disk. Those of the net lab need a card that we have not. */
export function treesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => {
    try {
      return !name.includes("-net") && Deno.statSync(`${folder}/${name}/kernel/kernel`).isFile &&
        Deno.statSync(`${folder}/${name}/fs.img`).isFile;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
        return false;
      }
      throw error;
    }
  }).sort();
}

/** The kernel of a tree, at its first instruction, with the tree's disk. */
export function guestOf(tree: string, options: GuestOptions = {}): Guest {
  const file = (name: string) => Deno.readFileSync(`${TREES}/${tree}/${name}`);
  return new Guest(file("kernel/kernel"), { disk: file("fs.img"), ...options });
}

const there = new Set(TREES === undefined ? [] : treesIn(TREES));

/** Whether a tree is not there: a test of it is ignored. */
export function isMissing(tree: string): boolean {
  return !there.has(tree);
}

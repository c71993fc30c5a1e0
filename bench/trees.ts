/**
 * Built trees of xv6, which stand outside this repository.
 *
 * @module
 */

import { Guest } from "../src/vm/guest.ts";

/** A folder's plain trees (NAME-xv6), newest first; or the one tree that it is. */
export function plainTrees(folder: string): string[] {
  const trees = treesNamed(folder, /-xv6$/);
  if (trees.length === 0) throw new Error(`no built xv6 tree in ${folder}`);
  return trees;
}

/**
 * Where the COW lab was done: a folder's trees NAME-cow or NAME-cow-solved that have its test on
 * their disk, newest first; or the one tree that it is.
 */
export function cowTrees(folder: string): string[] {
  return treesNamed(folder, /-cow(-solved)?$/).filter((tree) => exists(`${tree}/user/_cowtest`));
}

/** The built trees in a folder with such names, newest first; or the one tree that it is. */
export function treesNamed(folder: string, names: RegExp): string[] {
  if (exists(`${folder}/fs.img`)) return [folder];
  return [...Deno.readDirSync(folder)]
    .filter(({ name }) => names.test(name) && exists(`${folder}/${name}/kernel/kernel`))
    .map(({ name }) => `${folder}/${name}`).sort().reverse();
}

/** A guest at its prompt. */
export function booted(tree: string, harts: number): Guest {
  const [kernel, disk] = ["kernel/kernel", "fs.img"].map((name) =>
    Deno.readFileSync(`${tree}/${name}`)
  );
  const guest = new Guest(kernel, { disk, harts });
  let said = "";
  while (!said.endsWith("$ ")) {
    if (guest.slice().end !== undefined) throw new Error(`no prompt: ${said}`);
    for (const bytes of guest.take()) said += new TextDecoder().decode(bytes);
  }
  return guest;
}

/** Types a command and runs so many instructions. */
export function work(guest: Guest, command: string, instructions: number): void {
  guest.type(new TextEncoder().encode(`${command}\n`));
  const end = guest.instret + instructions;
  while (guest.instret < end) {
    guest.slice(1_000_000);
    guest.take();
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}

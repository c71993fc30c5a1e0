/**
 * Built trees of xv6, which stand outside this repository.
 *
 * @module
 */

/** A folder's plain trees (NAME-xv6), newest first; or the one tree that it is. */
export function plainTrees(folder: string): string[] {
  if (exists(`${folder}/fs.img`)) return [folder];
  const trees = [...Deno.readDirSync(folder)]
    .filter(({ name }) => name.endsWith("-xv6") && exists(`${folder}/${name}/kernel/kernel`))
    .map(({ name }) => `${folder}/${name}`);
  if (trees.length === 0) throw new Error(`no built xv6 tree in ${folder}`);
  return trees.sort().reverse();
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

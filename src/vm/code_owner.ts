/** Whose code was translated: found by its bytes, since processes come and go. */

import type { SourcePlace } from "./dwarf/debug_info.ts";
import { partsOf } from "./parts.ts";
import type { Questions } from "./questions.ts";
import type { ListedBlock } from "./reports.ts";
import { symbolText } from "./symbols.ts";

/** The kernel or program that some code is of. */
export interface CodeOwner {
  /** What it is called: `kernel`, or the program's name. */
  readonly name: string;
  /** `name` or `name+0x8` of the symbol that an address lies behind; empty where none is known. */
  named(address: bigint): string;
  /** The function that an address is in; undefined: none is known. */
  functionAt(address: bigint): string | undefined;
  /** Which line of the source the code at an address is from; undefined: unknown. */
  source(address: bigint): SourcePlace | undefined;
}

/** Code of which nobody knows whose it is. */
export const NOBODY: CodeOwner = {
  name: "",
  named: () => "",
  functionAt: () => undefined,
  source: () => undefined,
};

/**
 * Who has some code in the file at the addresses where it stands: the first, where it is in several;
 * {@link NOBODY}, where it is in none. The files are read once, now.
 */
export function codeOwners(vm: Questions): (blocks: readonly ListedBlock[]) => CodeOwner {
  const images = [...partsOf(vm).images()];
  return (blocks) => {
    const found = images.find(({ symbols }) =>
      blocks.every(({ pc, code }) => symbols.holds(pc, code))
    );
    if (found === undefined) return NOBODY;
    const { name, symbols } = found;
    return {
      name,
      named: (address) => symbolText(symbols.at(address)),
      functionAt: (address) => symbols.at(address)?.name,
      source: (address) => symbols.source(address),
    };
  };
}

/**
 * What the functions of this room work on: the hardware, the options of the boot, the event log and
 * the state. The built-in kernel is one of these and more, so they take the kernel as it is.
 */

import type { PaNum } from "../../machine/address.ts";
import type { Ram } from "../../machine/memory.ts";
import type { EventLog } from "../../events.ts";
import type { FilePages } from "./areas/backing.ts";
import type { SettledMemoryOptions, Translation } from "./options.ts";
import type { MemoryState } from "./state.ts";

/** Memory of all processes. */
export interface Memory extends SettledMemoryOptions {
  /** Guest RAM. */
  readonly ram: Ram;
  /** The hart's translation. */
  readonly mmu: Translation;
  /** Where everything that happens is told. */
  readonly events: EventLog;
  /** Root of the kernel's own page table. */
  readonly kernelRoot: PaNum;
  /** The file systems behind mapped files. */
  readonly files: FilePages;
  /** Everything that changes. */
  state: MemoryState;
}

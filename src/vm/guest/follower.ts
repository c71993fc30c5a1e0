/** What goes along with a guest through its time, and changes nothing of it. */

import type { Hart } from "../machine/hart/hart.ts";

/** That of a machine's history. */
export interface Follower {
  /** How it stands, as plain data that is kept with the machine's; undefined: it does not follow. */
  save(): object | undefined;
  /**
   * The machine was put back to a state, with what was kept with that; `sameTime`: on the same
   * record, else in another life.
   */
  restore(state: object | undefined, sameTime: boolean): void;
  /** When it wants to begin; Infinity: it has, or does not want to. */
  readonly due: number;
  /** It is to begin now. */
  begin(): void;
  /** What comes now is not what has been gone back from. */
  forked(): void;
  /** The allocator at whose entry a hart stands is made to return 0. */
  failed(hart: Hart): void;
  /** The machine is taken elsewhere for a while, and will be put back to now. */
  rest(): void;
}

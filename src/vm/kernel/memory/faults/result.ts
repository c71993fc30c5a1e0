/** What the fault path answers. */

/** How a fault was settled. */
export type Settled =
  /** A zeroed frame was mapped (lazy heap, anonymous area). */
  | "zero fill"
  /** 2 MiB of zeroes were mapped as one leaf. */
  | "superpage fill"
  /** A page of a file was read into a frame and mapped. */
  | "file fill"
  /** A frame that already held the file's page was mapped. */
  | "cache hit"
  /** The page came back from the swap disk. */
  | "swap in"
  /** The page was copied for its writer. */
  | "cow copy"
  /** The last owner got its page writable again. */
  | "cow reuse"
  /** A 2 MiB page was copied whole. */
  | "superpage copy"
  /** The access is allowed by now: another thread, or the TLB was behind. */
  | "retry";

/** The fault path's answer: go on with the instruction, or the process must die. */
export type FaultResult =
  | { readonly handled: true; readonly how: Settled }
  | {
    readonly handled: false;
    /** A few words: "no area", "guard page", "store to a read-only page", "out of memory" … */
    readonly why: string;
    /** Memory ran out; nothing else is wrong with the access. */
    readonly oom: boolean;
  };

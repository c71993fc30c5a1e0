/** How somebody's own kernel came to be a computer here. */
export interface Attached {
  /** What its files are called on the host; undefined: they came as bytes, or there is none. */
  readonly files: { readonly elf?: string | undefined; readonly disk?: string | undefined };
  /** As it was asked for; undefined: what is usual. */
  readonly harts: number | undefined;
  /** Which interleaving of harts. */
  readonly seed: number | undefined;
  /** Instructions of a hart's turn on average. */
  readonly quantum: number | undefined;
  /** Whether code is translated. */
  readonly compile: "hot" | "never" | undefined;
  /** What a person knew better of the kernel: `counts=ref.cnt`. */
  readonly facts: readonly string[];
  /** Bytes of RAM. */
  readonly memBytes: number | undefined;
}

/** Long work in a guest's time that a person does not want to wait for any more. */

/** Instructions after which it is asked whether somebody still waits: some milliseconds. */
export const ASK_EVERY = 100_000;

/** Somebody has turned away. Whoever throws it on leaves everything as it was before. */
export class Interrupted extends Error {
  /** The class name. */
  override name = "Interrupted";

  /** With the line that a person reads. */
  constructor() {
    super("interrupted: it was taken back, nothing has changed");
  }
}

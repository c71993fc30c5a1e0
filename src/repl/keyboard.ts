/**
 * A person's keyboard. Signals and keys reach JavaScript only when its event loop turns, and what
 * goes through a guest's past, or does something by hand, holds it up: so another thread reads.
 */

import { readStdin } from "./deno_host.ts";
import type { ReadBytes } from "./input.ts";
import { type Answer, keyboardThread } from "./keyboard_thread.ts";

/** Whether Ctrl-C was pressed since that was forgotten last. */
export interface Interrupt {
  requested: boolean;
}

/** Keys of the terminal on standard input. */
export class TerminalKeys {
  readonly #pressed = new Int32Array(new SharedArrayBuffer(4));
  #thread: Worker | undefined;
  /** Whoever waits for bytes. */
  #answer: (answer: Answer) => void = () => {};

  readonly #interrupt: Interrupt = interruptIn(this.#pressed);

  /** From the next read on Ctrl-C is heard while the event loop stands still; what it sets then. */
  watch(): Interrupt {
    if (this.#thread !== undefined) return this.#interrupt;
    const thread = keyboardThread();
    thread.onmessage = ({ data }: MessageEvent<Answer>) => this.#answer(data);
    thread.postMessage(this.#pressed);
    this.#thread = thread;
    return this.#interrupt;
  }

  /** The next bytes; null at the end. */
  readonly read: ReadBytes = async () => {
    if (this.#thread === undefined) return await readStdin();
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#answer = resolve;
    this.#thread.postMessage("read");
    const answer = await promise;
    if (answer !== null && "failed" in answer) throw new Error(answer.failed);
    return answer;
  };
}

function interruptIn(pressed: Int32Array): Interrupt {
  return {
    get requested() {
      return Atomics.load(pressed, 0) !== 0;
    },
    set requested(is) {
      Atomics.store(pressed, 0, is ? 1 : 0);
    },
  };
}

/**
 * What is to end the work at hand: Ctrl-C among a person's keys, and signals. Both reach JavaScript
 * only when its event loop turns, and what goes through a guest's past, or does something by hand,
 * holds it up: so another thread hears them.
 */

import { readStdin } from "./deno_host.ts";
import { type Answer, hearingThread } from "./hearing_thread.ts";
import type { ReadBytes } from "./input.ts";

/** Whether Ctrl-C was pressed, or a signal has come, since that was forgotten last. */
export interface Interrupt {
  requested: boolean;
}

/** The ears of a program, for its signals and for what is typed on its standard input. */
export class Hearing {
  readonly #word = new Int32Array(new SharedArrayBuffer(4));
  readonly #signals: readonly Deno.Signal[];
  #thread: Worker | undefined;
  /** The other thread reads the keys, too. */
  #keys = false;
  /** Whoever waits for bytes. */
  #answer: (answer: Answer) => void = () => {};

  /** What is set; till {@link watch} nobody does. */
  readonly interrupt: Interrupt = interruptIn(this.#word);

  /**
   * @param signals those that end the work at hand. Whatever else they do is done by listeners of
   * the thread that works, when its event loop turns.
   */
  constructor(signals: readonly Deno.Signal[]) {
    this.#signals = signals;
  }

  /**
   * From now on signals are heard while the event loop stands still, and with `keys` Ctrl-C, from
   * the next read on; what they set then.
   */
  watch(keys: boolean): Interrupt {
    this.#keys ||= keys;
    if (this.#thread !== undefined) return this.interrupt;
    const thread = hearingThread();
    thread.onmessage = ({ data }: MessageEvent<Answer>) => this.#answer(data);
    thread.postMessage({ word: this.#word, signals: this.#signals });
    this.#thread = thread;
    return this.interrupt;
  }

  /** The next bytes; null at the end. */
  readonly read: ReadBytes = async () => {
    if (this.#thread === undefined || !this.#keys) return await readStdin();
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#answer = resolve;
    this.#thread.postMessage("read");
    const answer = await promise;
    if (answer !== null && "failed" in answer) throw new Error(answer.failed);
    return answer;
  };

  /** Hears nothing more: signals mean what they meant before. */
  end(): void {
    this.#thread?.terminate();
    this.#thread = undefined;
  }
}

function interruptIn(word: Int32Array): Interrupt {
  return {
    get requested() {
      return Atomics.load(word, 0) !== 0;
    },
    set requested(is) {
      Atomics.store(word, 0, is ? 1 : 0);
    },
  };
}

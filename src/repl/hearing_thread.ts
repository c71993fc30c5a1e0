/**
 * The thread that hears signals, and reads the keyboard, while a shell works: it says at once in
 * memory that both share that somebody wants the end of it.
 */

/** What is asked for: first the word to set, and for which signals; then one read each. */
type Request =
  | { readonly word: Int32Array<SharedArrayBuffer>; readonly signals: readonly Deno.Signal[] }
  | "read";

/** What comes back: bytes, null at the end, or why they cannot be had. */
export type Answer = Uint8Array | null | { readonly failed: string };

/** The thread, as it speaks to the other one. */
interface Thread {
  onmessage: (event: MessageEvent<Request>) => void;
  postMessage(answer: Answer): void;
}

/**
 * All that the thread does. It is begun with the text of this function, so that it needs no file
 * of its own, which a bundle has not: nothing from outside of it may be named in it.
 */
function work(): void {
  const CTRL_C = 0x03;
  const thread = globalThis as unknown as Thread;
  let word: Int32Array<SharedArrayBuffer>;
  const interrupt = () => void Atomics.store(word, 0, 1);
  const read = async (): Promise<Answer> => {
    const buffer = new Uint8Array(64 * 1024);
    try {
      const count = await Deno.stdin.read(buffer);
      if (count === null) return null;
      const bytes = buffer.slice(0, count);
      if (bytes.includes(CTRL_C)) interrupt();
      return bytes;
    } catch (error) {
      return { failed: error instanceof Error ? error.message : String(error) };
    }
  };
  thread.onmessage = async ({ data }) => {
    if (data === "read") return thread.postMessage(await read());
    word = data.word;
    for (const signal of data.signals) Deno.addSignalListener(signal, interrupt);
  };
}

/** Begins it. */
export function hearingThread(): Worker {
  const source = encodeURIComponent(`(${work})();`);
  return new Worker(`data:text/javascript,${source}`, { type: "module" });
}

/**
 * The thread that reads the keyboard while a shell works: it sees Ctrl-C at once, and says so in
 * memory that both share.
 */

/** What is asked for: the word that says Ctrl-C, first; then one read each. */
type Request = Int32Array<SharedArrayBuffer> | "read";

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
  let pressed: Int32Array<SharedArrayBuffer>;
  const read = async (): Promise<Answer> => {
    const buffer = new Uint8Array(64 * 1024);
    try {
      const count = await Deno.stdin.read(buffer);
      if (count === null) return null;
      const bytes = buffer.slice(0, count);
      if (bytes.includes(CTRL_C)) Atomics.store(pressed, 0, 1);
      return bytes;
    } catch (error) {
      return { failed: error instanceof Error ? error.message : String(error) };
    }
  };
  thread.onmessage = async ({ data }) => {
    if (data === "read") thread.postMessage(await read());
    else pressed = data;
  };
}

/** Begins it. */
export function keyboardThread(): Worker {
  const source = encodeURIComponent(`(${work})();`);
  return new Worker(`data:text/javascript,${source}`, { type: "module" });
}

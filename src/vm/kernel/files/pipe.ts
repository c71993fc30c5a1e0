/**
 * Pipes: xv6's 512-byte ring, as plain data. Who must wait returns "wait" and is re-run by the
 * kernel when the other end moves.
 */

/** Bytes a pipe holds (xv6's PIPESIZE). */
export const PIPE_SIZE = 512;

/** One pipe. */
export interface Pipe {
  /** Serial number, for `ps` and wakeups. */
  readonly id: number;
  readonly data: Uint8Array;
  /** Bytes ever read and ever written; the difference is what it holds. */
  nread: number;
  nwrite: number;
  readOpen: boolean;
  writeOpen: boolean;
}

/** An empty pipe with both ends open. */
export function newPipe(id: number): Pipe {
  return {
    id,
    data: new Uint8Array(PIPE_SIZE),
    nread: 0,
    nwrite: 0,
    readOpen: true,
    writeOpen: true,
  };
}

/** Bytes waiting to be read. */
export function pipeLength(pipe: Pipe): number {
  return pipe.nwrite - pipe.nread;
}

/** The next `n` bytes, or as many as there are; who takes some moves `nread`. */
export function peekPipe(pipe: Pipe, n: number): Uint8Array {
  const { data, nread } = pipe;
  return Uint8Array.from(
    { length: Math.min(n, pipeLength(pipe)) },
    (_, i) => data[(nread + i) % PIPE_SIZE],
  );
}

/** How many bytes fit now. */
export function pipeSpace(pipe: Pipe): number {
  return PIPE_SIZE - pipeLength(pipe);
}

/** Puts bytes in; the caller made sure that they fit. */
export function putIntoPipe(pipe: Pipe, bytes: Uint8Array): void {
  for (const byte of bytes) pipe.data[pipe.nwrite++ % PIPE_SIZE] = byte;
}

/**
 * Small changes to somebody's C, told by the names of functions and by tokens: a tree of xv6 is
 * given a bug in a copy, and no text of it need be kept here.
 *
 * @module
 */

/** One change within a function; it throws where what it changes is not there. */
export type Change = (body: string) => string;

/** Changes in the body of a function of a file. */
export interface Edit {
  /** Path in the tree: `kernel/vm.c`. */
  readonly file: string;
  /** The function, a label in assembly. */
  readonly inside: string;
  readonly change: Change;
}

/** A file's text with a function changed. Throws an Error that names what is missing. */
export function edited(text: string, { file, inside, change }: Edit): string {
  // As xv6 is written: the name begins a line, and a brace of its own ends the function.
  const start = text.search(new RegExp(`^${inside}[(:]`, "m"));
  if (start < 0) throw new Error(`${file}: no function ${inside}`);
  const size = text.slice(start).search(/^\}/m);
  const end = size < 0 ? text.length : start + size;
  const body = text.slice(start, end);
  const after = change(body);
  if (after === body) throw new Error(`${file}: nothing changed in ${inside}`);
  return text.slice(0, start) + after + text.slice(end);
}

/** The first statement that calls `name`, left out; its line stays a line. */
export function withoutCall(name: string): Change {
  return (body) => body.replace(new RegExp(`^(\\s*)${name}\\([^;]*\\);`, "m"), "$1;");
}

/** The same for all statements that call it, or one of them. */
export function withoutCalls(...names: readonly string[]): Change {
  return (body) =>
    body.replace(new RegExp(`^(\\s*)(?:${names.join("|")})\\([^;]*\\);`, "gm"), "$1;");
}

/** The first assignment to something whose text begins so, left out. */
export function withoutAssignment(to: string): Change {
  return (body) => body.replace(new RegExp(`^(\\s*)${literal(to)}[^;=]*=[^=;][^;]*;`, "m"), "$1;");
}

/** A text in the function, put in the place of another; `nth` counts from 0. */
export function instead(from: string, to: string, nth = 0): Change {
  return (body) => {
    let at = -1;
    for (let i = 0; i <= nth; i++) at = body.indexOf(from, at + 1);
    return at < 0 ? body : body.slice(0, at) + to + body.slice(at + from.length);
  };
}

/** Lines of assembly with this instruction, left out. */
export function withoutInstruction(name: string): Change {
  return (body) => body.replace(new RegExp(`^(\\s*)${literal(name)}\\b.*$`, "gm"), "");
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

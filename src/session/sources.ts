/** The text of source files: where they stand on the host, and some of their lines. */

import type { Context, Session } from "../framework/command.ts";
import { asCommandError, CommandError, EXIT } from "../framework/errors.ts";
import { type Section, text } from "../framework/result.ts";
import type { SourceFile } from "../vm/symbols.ts";
import { sourceAt } from "../vm/symbols.ts";

/** Where a person has said that sources stand. */
const KEY = "sources";

/** Folders above that of the kernel's file, in which its tree may begin. */
const ABOVE = 2;

/** A person says in which folder the sources' tree stands; further ones may have other parts of it. */
export function setSources(session: Session, folder: string): void {
  const one = folder.replace(/(.)\/$/, "$1");
  session.store.set(KEY, [one, ...said(session).filter((other) => other !== one)]);
}

function said(session: Session): readonly string[] {
  return (session.store.get(KEY) ?? []) as readonly string[];
}

/**
 * The places where a file may stand, the likeliest first: said, as it was compiled, near the file of
 * the kernel, whose tree may have been moved since, and from here.
 */
function places(session: Session, { path, folder }: SourceFile): string[] {
  const compiled = path.startsWith("/") || folder === "" ? path : `${folder}/${path}`;
  const trees = [...said(session), ...near(session.vm.attached?.files.elf)];
  const [first, later] = [trees.slice(0, said(session).length), trees.slice(said(session).length)];
  const inside = (tree: string) =>
    endings(path).map((end) => `${tree === "/" ? "" : tree}/${end}`.replace(/^\.\//, ""));
  return [...new Set([...first.flatMap(inside), compiled, ...later.flatMap(inside), path])];
}

/** The folder of a file, and those above it. */
function near(file: string | undefined): string[] {
  if (file === undefined) return [];
  let folder = above(file);
  const folders = [folder];
  for (let i = 0; i < ABOVE; i++) folders.push(folder = above(folder));
  return [...new Set(folders)];
}

/** The folder that a path is in. */
function above(path: string): string {
  if (path === "." || path === ".." || path.endsWith("/..")) {
    return `${path}/..`.replace(/^\.\//, "");
  }
  const end = path.lastIndexOf("/");
  return end < 0 ? "." : path.slice(0, end) || "/";
}

/** A path as the compiler was given it; of an absolute one its last parts, the most first. */
function endings(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (!path.startsWith("/")) return [parts.join("/")];
  return [3, 2, 1].filter((n) => n <= parts.length).map((n) => parts.slice(-n).join("/"));
}

/** What was read, by the place where it was found; files do not change while one looks at them. */
const texts = new WeakMap<Session, Map<string, readonly string[]>>();

/** The lines of a file. Throws a {@linkcode CommandError} that says where it was looked for. */
export async function linesOf(ctx: Context, file: SourceFile): Promise<readonly string[]> {
  const { session } = ctx;
  const known = texts.get(session) ?? new Map<string, readonly string[]>();
  texts.set(session, known);
  const looked = places(session, file);
  for (const place of looked) {
    const read = known.get(place) ?? await tryRead(ctx, place);
    if (read === undefined) continue;
    known.set(place, read);
    return read;
  }
  throw new CommandError(
    `${file.path} is not here: looked for ${looked.join(", ")}; list --dir FOLDER says where its ` +
      "tree stands",
    EXIT.load,
  );
}

async function tryRead({ files }: Context, place: string): Promise<string[] | undefined> {
  try {
    const lines = new TextDecoder().decode(await files.read(place)).split("\n");
    if (lines.at(-1) === "") lines.pop();
    return lines;
  } catch (error) {
    if (asCommandError(error) === undefined) throw error;
    return undefined;
  }
}

/** Lines as text: their numbers, and a mark at one. */
export function numbered(lines: readonly string[], first: number, marked?: number): Section {
  const width = `${first + lines.length - 1}`.length;
  return text(lines.map((line, i) => {
    const n = first + i;
    return `${n === marked ? ">" : " "}${`${n}`.padStart(width)}  ${
      line.replaceAll("\t", "        ")
    }`
      .trimEnd();
  }));
}

/**
 * The line of the source that a guest's present hart has come to, or the current process of the
 * built-in kernel, where its file is there.
 */
export async function lineHere(ctx: Context): Promise<Section[]> {
  const { vm } = ctx;
  const { pid, pc } = vm.guest
    ? { pid: vm.mode() === "user" ? vm.here?.pid ?? 0 : 0, pc: vm.register("pc")! }
    : { pid: ctx.session.pid, pc: vm.process(ctx.session.pid).registers.pc };
  const source = sourceAt(vm, pid, pc);
  if (source === undefined) return [];
  try {
    const line = (await linesOf(ctx, source.file))[source.line - 1];
    return line === undefined ? [] : [numbered([line], source.line)];
  } catch (error) {
    // That it is not there is no fault of who steps.
    if (error instanceof CommandError) return [];
    throw error;
  }
}

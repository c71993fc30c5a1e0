/** Where code comes from in the source, as text and in JSON. */

import type { VaArg } from "../framework/command.ts";
import { type Json, note, type NoteSection } from "../framework/result.ts";
import { nearestSymbol, sourceAt, type SourceFile, type SourcePlace } from "../vm/symbols.ts";
import type { Vm } from "../vm/vm.ts";

/** The last part of a file's path. */
export function fileName({ path }: SourceFile): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function at(file: SourceFile | undefined, line: number | undefined): string {
  return `${file === undefined ? "?" : fileName(file)}:${line ?? "?"}`;
}

/**
 * `trap.c:38`; code of a function that was inlined, `riscv.h:64 (r_sstatus) from trap.c:43`. Empty
 * where nobody says.
 */
export function lineText(source: SourcePlace | undefined): string {
  if (source === undefined) return "";
  const calls = source.inlined.map(({ name, file, line }) => ` (${name}) from ${at(file, line)}`);
  return `${at(source.file, source.line)}${calls.join("")}`;
}

/** The line that says that another one is meant than was typed, since that has no code. */
export function moved({ code }: Pick<VaArg, "code">): NoteSection[] {
  if (code?.asked === undefined || code.asked === code.line) return [];
  return [note(`line ${code.asked} has no code; the next one that has is ${code.line}`, "dim")];
}

/** The same in JSON; null where nobody says. */
export function lineJson(source: SourcePlace | undefined): Json {
  if (source === undefined) return null;
  return {
    file: source.file.path,
    line: source.line,
    inlined: source.inlined.map(({ name, file, line }) => ({
      function: name,
      file: file?.path ?? null,
      line: line ?? null,
    })),
  };
}

/** ` <usertrap+0x4 at trap.c:38>` behind an address; empty where nothing is known of it. */
export function angle(named: string): string {
  return named === "" ? "" : ` <${named}>`;
}

/** `usertrap+0x4 at trap.c:38`; as much of it as is known of an address. */
export function namedPlace(vm: Vm, pid: number, address: bigint): string {
  const name = nearestSymbol(vm, pid, address);
  const line = lineText(sourceAt(vm, pid, address));
  return line === "" ? name : `${name} at ${line}`.trimStart();
}

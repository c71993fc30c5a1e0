/** Booting a computer for a script: our own programs on its disk, the shell at hand. */

import { program, programNames } from "../../user/programs.ts";
import { BOOT_OPTIONS } from "../vm/boot_options.ts";
import { onlyNames } from "../vm/checks.ts";
import { guestName } from "../vm/programs.ts";
import { type BootOptions, Vm } from "../vm/vm.ts";
import { openShell } from "./shell.ts";

/** A program by its path on the host, as the shell takes it; undefined without such a file. */
function hostFile(path: string): Uint8Array | undefined {
  if (path === guestName(path)) return undefined;
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Boots a computer: 128 MiB of RAM, the `cow` fork policy, a small xv6 disk with our programs.
 *
 * Everything a VM does is synchronous and deterministic: the same calls give the same addresses,
 * the same counts and the same console text on every machine.
 *
 * @example A process forks; both map one frame until one of them writes
 * ```ts
 * import { boot, expect } from "@cowsh/cowsh";
 *
 * const vm = boot({ policy: "cow", mem: "64M" });
 * const parent = vm.spawn();
 * const va = parent.sbrk("4 pages");
 * parent.store(va, 42n);
 *
 * const child = parent.fork();
 * expect(parent.frame(va)).toHaveRefcount(2);
 *
 * child.store(va, 7n);
 * expect(parent.load(va)).toBe(42n);
 * expect(child.load(va)).toBe(7n);
 * expect(parent.frame(va)).toBeMappedBy([parent.at(va)]);
 * ```
 *
 * @example A real program runs to its end
 * ```ts
 * import { boot, expect } from "@cowsh/cowsh";
 *
 * const report = boot().run("echo", ["hello"]);
 * expect(report).toPrint("hello");
 * expect(report).toSucceed();
 * ```
 *
 * @throws {RangeError} For a size, policy or abi that there is not, with one clear line.
 */
export function boot(options: BootOptions = {}): Vm {
  // Text in place of an object would be spread into letters.
  onlyNames("boot", options, BOOT_OPTIONS.map((option) => option.name));
  const programs = {
    get: (name: string) => program(name) ?? hostFile(name),
    list: () => [...programNames],
  };
  return new Vm({ programs, interact: openShell, ...options });
}

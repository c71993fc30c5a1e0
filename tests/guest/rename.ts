/**
 * Kernels in which nothing is found by its name: files of real ones, with other names, or without any.
 *
 * @module
 */

/** Sections of a 64-bit ELF file: their names and bytes. */
function* sectionsOf(file: Uint8Array): Generator<{ name: string; bytes: Uint8Array }> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const first = Number(view.getBigUint64(0x28, true)), size = view.getUint16(0x3a, true);
  const header = (i: number) => {
    const at = first + i * size;
    const [from, length] = [0x18, 0x20].map((of) => Number(view.getBigUint64(at + of, true)));
    return { name: view.getUint32(at, true), bytes: file.subarray(from, from + length) };
  };
  const names = header(view.getUint16(0x3e, true)).bytes;
  for (let i = 0; i < view.getUint16(0x3c, true); i++) {
    const { name, bytes } = header(i);
    const text = new TextDecoder().decode(names.subarray(name, names.indexOf(0, name)));
    yield { name: text, bytes };
  }
}

/** Where names stand; those of three letters stand in the entries themselves. */
const NAMED = [".strtab", ".debug_str"], SHORT = [...NAMED, ".debug_info"];

/**
 * A file in which all names that end in one of these end in an `X` in place of its last letter: `proc` is `proX`, and
 * `initproc`, which shares its letters, `initproX`.
 */
export function renamed(file: Uint8Array, ...names: readonly string[]): Uint8Array<ArrayBuffer> {
  const copy = file.slice();
  for (const name of names) {
    const wanted = [...name, "\0"].map((letter) => letter.charCodeAt(0));
    for (const { name: section, bytes } of sectionsOf(copy)) {
      if (!(name.length > 3 ? NAMED : SHORT).includes(section)) continue;
      for (let at = bytes.indexOf(wanted[0]); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
        if (wanted.every((byte, i) => bytes[at + i] === byte)) bytes[at + name.length - 1] = 0x58;
      }
    }
  }
  return copy;
}

/** A file without sections: no symbols, and no debug information. */
export function stripped(file: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = file.slice();
  const view = new DataView(copy.buffer);
  view.setBigUint64(0x28, 0n, true);
  for (const at of [0x3c, 0x3e]) view.setUint16(at, 0, true);
  return copy;
}

/** What is called otherwise in the sources, as whole words; no file's name, and no text. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/(?<!struct |["/])\bproc\b(?!"|\.[ch])/g, "tasks"],
  [/\bstruct proc\b/g, "struct task"],
  [/\bkernel_pagetable\b/g, "kvm_root"],
  [/\bkmem\b(?!")/g, "pool"],
  [/\bstruct run\b/g, "struct chunk"],
  [/\bcpus\b/g, "hartinfo"],
];

/** C of a kernel with other names for its records, its page table and its free list. */
export function renamedSource(text: string): string {
  return WORDS.reduce((all, [word, name]) => all.replace(word, name), text);
}

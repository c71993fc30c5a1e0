/** What is loaded only when somebody asks for it. */

/** Names in variables: Deno would load the modules of literal ones at the start, unused. */
const SHELL = "../repl/guest_shell.ts", GDB = "./gdb.ts", FACE = "../vm/guest_computer.ts";

/** cowsh's shell, with its commands: nobody who only runs a kernel waits for it. */
export async function loadShell(): Promise<typeof import("../repl/guest_shell.ts")> {
  return await import(SHELL);
}

/** gdb's side of the wire. */
export async function loadGdb(): Promise<typeof import("./gdb.ts")> {
  return await import(GDB);
}

/** What is known of a guest. */
export async function loadFace(): Promise<typeof import("../vm/guest_computer.ts")> {
  return await import(FACE);
}

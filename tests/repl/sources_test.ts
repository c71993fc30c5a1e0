/** Where the text of sources is looked for. */

import { assertEquals, assertRejects } from "@std/assert";
import type { Context } from "../../src/framework/command.ts";
import { linesOf, setSources } from "../../src/session/sources.ts";
import { FileError } from "../../src/host/file.ts";

/** A session on a kernel's file, and the places that are looked at in vain. */
function looking(elf: string | undefined, there: readonly string[] = []) {
  const looked: string[] = [];
  const session = { store: new Map(), vm: { attached: elf && { files: { elf } } } };
  const read = (place: string) => {
    if (there.includes(place)) return Promise.resolve(new TextEncoder().encode(`${place}\n`));
    looked.push(place);
    return Promise.reject(new FileError(`${place} is not there`));
  };
  const ctx = { session, files: { read } } as unknown as Context;
  return { ctx, looked };
}

const TRAP = { path: "kernel/trap.c", folder: "/built/xv6" };

Deno.test("as compiled, then near the kernel's file, then from here", async () => {
  const near = async (elf: string | undefined, file = TRAP) => {
    const { ctx, looked } = looking(elf);
    await assertRejects(() => linesOf(ctx, file), Error, "is not here");
    return looked;
  };
  const compiled = "/built/xv6/kernel/trap.c";
  assertEquals(await near(undefined), [compiled, "kernel/trap.c"]);
  assertEquals(await near("/moved/xv6/kernel/kernel"), [
    compiled,
    "/moved/xv6/kernel/kernel/trap.c",
    "/moved/xv6/kernel/trap.c",
    "/moved/kernel/trap.c",
    "kernel/trap.c",
  ]);
  assertEquals(await near("../xv6/kernel/kernel"), [
    compiled,
    "../xv6/kernel/kernel/trap.c",
    "../xv6/kernel/trap.c",
    "../kernel/trap.c",
    "kernel/trap.c",
  ]);
  assertEquals(await near("kernel"), [
    compiled,
    "kernel/trap.c",
    "../kernel/trap.c",
    "../../kernel/trap.c",
  ]);
  assertEquals(await near("/kernel", { path: "/a/b/kernel/sh.c", folder: "" }), [
    "/a/b/kernel/sh.c",
    "/b/kernel/sh.c",
    "/kernel/sh.c",
    "/sh.c",
  ]);
});

Deno.test("folders that were said come first, the last one before the others", async () => {
  const there = ["/two/kernel/trap.c", "/one/kernel/trap.c", "/one/user/sh.c"];
  const { ctx } = looking("/moved/xv6/kernel/kernel", there);
  setSources(ctx.session, "/one/");
  setSources(ctx.session, "/two");
  assertEquals(await linesOf(ctx, TRAP), ["/two/kernel/trap.c"]);
  assertEquals(await linesOf(ctx, { path: "user/sh.c", folder: "/gone" }), ["/one/user/sh.c"]);
});

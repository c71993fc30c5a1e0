/** Files of the host: whole or not at all, and nobody's by accident. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { FileError, FileThereError, FileWriter } from "../../src/host/file.ts";
import { Random } from "../campaigns/campaign.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const read = (path: string) => Deno.readTextFileSync(path);
const names = (dir: string) => [...Deno.readDirSync(dir)].map((entry) => entry.name).sort();

/** Runs a test in a folder of its own. */
function inFolder(name: string, body: (dir: string) => void | Promise<void>): void {
  Deno.test(name, async () => {
    const dir = await Deno.makeTempDir();
    try {
      await body(dir);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

function refused(type: typeof FileError, message: string, body: () => void): void {
  const error = assertThrows(body, type);
  assertEquals([error.message, error.name], [message, type.name]);
}

inFolder("a new file has the rights that the system gives; a replaced one keeps its own", (dir) => {
  const files = new FileWriter();
  Deno.writeTextFileSync(`${dir}/usual`, "");
  files.write(`${dir}/new`, bytes("one"));
  assertEquals(Deno.statSync(`${dir}/new`).mode, Deno.statSync(`${dir}/usual`).mode);
  Deno.writeTextFileSync(`${dir}/secret`, "old");
  Deno.chmodSync(`${dir}/secret`, 0o640);
  files.write(`${dir}/secret`, bytes("new"), true);
  assertEquals(Deno.statSync(`${dir}/secret`).mode! & 0o777, 0o640);
  assertEquals(read(`${dir}/secret`), "new");
  assertEquals(names(dir), ["new", "secret", "usual"]);
});

inFolder("a file that is there is replaced when told to, or when it is the writer's own", (dir) => {
  const files = new FileWriter();
  const path = `${dir}/a`;
  Deno.writeTextFileSync(path, "somebody's");
  refused(
    FileThereError,
    `${path}: there already; --force replaces it`,
    () => files.write(path, bytes("mine")),
  );
  refused(FileThereError, `${path}: there already; --force replaces it`, () => files.grow(path));
  refused(FileThereError, `${path}: there already; --force replaces it`, () => files.check(path));
  assertEquals(read(path), "somebody's");
  files.write(path, bytes("mine"), true);
  files.write(path, bytes("mine again"));
  assertEquals(read(path), "mine again");
  Deno.writeTextFileSync(path, "somebody else's, since then");
  assertThrows(() => files.write(path, bytes("mine")), FileThereError);
  assertEquals(read(path), "somebody else's, since then");
});

inFolder("a symbolic link stays, and what it leads to is replaced", (dir) => {
  const files = new FileWriter();
  Deno.writeTextFileSync(`${dir}/target`, "old");
  Deno.symlinkSync("target", `${dir}/link`);
  refused(
    FileThereError,
    `${dir}/link: a symbolic link to target; --force replaces what it leads to`,
    () => files.write(`${dir}/link`, bytes("new")),
  );
  files.write(`${dir}/link`, bytes("new"), true);
  assertEquals([read(`${dir}/target`), Deno.readLinkSync(`${dir}/link`)], ["new", "target"]);
  Deno.symlinkSync("nowhere", `${dir}/dangling`);
  refused(
    FileError,
    `${dir}/dangling: a symbolic link to nowhere, which is not there`,
    () => files.write(`${dir}/dangling`, bytes("new"), true),
  );
  Deno.symlinkSync("round", `${dir}/round`);
  assertThrows(() => files.write(`${dir}/round`, bytes("new"), true), FileError);
  assertEquals(names(dir), ["dangling", "link", "round", "target"]);
});

inFolder("folders, read-only files, folders that are not there: one line, force or not", (dir) => {
  const files = new FileWriter();
  Deno.mkdirSync(`${dir}/folder`);
  Deno.writeTextFileSync(`${dir}/kept`, "old");
  Deno.chmodSync(`${dir}/kept`, 0o444);
  for (const force of [false, true]) {
    const no = (path: string, message: string) => {
      const write = () => files.write(`${dir}/${path}`, bytes("x"), force);
      assertEquals(assertThrows(write, FileError).message, `${dir}/${path}: ${message}`);
      assertThrows(() => files.grow(`${dir}/${path}`, force), FileError);
    };
    no("folder", "is a directory");
    no("none/x", "no such directory");
    no("kept", force ? "is read-only" : "there already; --force replaces it");
    no("kept/x", "Not a directory");
  }
  assertEquals([read(`${dir}/kept`), names(dir)], ["old", ["folder", "kept"]]);
});

Deno.test("a device is written to and stays one", () => {
  const files = new FileWriter();
  files.write("/dev/null", bytes("x"));
  assert(Deno.statSync("/dev/null").isCharDevice);
  refused(FileError, "/dev/null: no regular file", () => files.grow("/dev/null"));
});

inFolder(
  "a file that grows is there at once; beside one that it replaces, until it is whole",
  (dir) => {
    const files = new FileWriter();
    const path = `${dir}/a`;
    const first = files.grow(path);
    first.append("1\n");
    assertEquals(read(path), "1\n");
    first.finish(bytes("one\n"));
    assertEquals([read(path), names(dir)], ["one\n", ["a"]]);
    // Its own file now.
    const second = files.grow(path);
    second.append("2\n");
    assertEquals([second.path, read(path), read(`${path}.part`)], [`${path}.part`, "one\n", "2\n"]);
    const message = `${path}.part: another file is in the way`;
    assertEquals(assertThrows(() => files.grow(path), FileError).message, message);
    second.drop();
    assertEquals([read(path), names(dir)], ["one\n", ["a"]]);
    const third = files.grow(path);
    third.append("3\n");
    third.finish(bytes("three\n"));
    assertEquals([read(path), names(dir)], ["three\n", ["a"]]);
  },
);

inFolder("killed at any moment, the file is whole: the old one or the new one", async (dir) => {
  const path = `${dir}/disk.img`;
  const random = new Random(6);
  for (let kills = 0; kills < 15; kills++) {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-config",
        `--allow-read=${dir}`,
        `--allow-write=${dir}`,
        new URL("writer.ts", import.meta.url).pathname,
        path,
        "4",
      ],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    assert((await reader.read()).value !== undefined, "it has written once");
    await new Promise((resolve) => setTimeout(resolve, random.below(25)));
    child.kill("SIGKILL");
    await reader.cancel();
    await child.stderr.cancel();
    assertEquals((await child.status).signal, "SIGKILL");
    const left = Deno.readFileSync(path);
    assertEquals(left.length, 4 * 2 ** 20);
    assert(left.every((byte) => byte === left[0]), "one letter all through");
  }
});

/** What the writer says and does when a shell line runs it as "$@" on a file of a megabyte that is there. */
async function limited(dir: string, line: string): Promise<void> {
  const path = `${dir}/disk.img`;
  Deno.writeTextFileSync(path, "the old image");
  const { code, stderr } = await new Deno.Command("sh", {
    args: [
      "-c",
      line,
      "sh",
      Deno.execPath(),
      "run",
      "--no-config",
      "--allow-read",
      "--allow-write",
      new URL("writer.ts", import.meta.url).pathname,
      path,
      "4",
      "1",
    ],
    // Its caches are not what the limit is for.
    env: { DENO_DIR: `${dir}/deno` },
  }).output();
  const said = new TextDecoder().decode(stderr);
  assertEquals(code, 5, said);
  assert(/^FileError: .*disk\.img: (File too large|No space left on device)\n$/.test(said), said);
  assertEquals(read(path), "the old image");
  assertEquals(names(dir).filter((name) => name !== "deno"), ["disk.img"]);
}

inFolder("a limit of the file's size leaves the old file, and nothing beside it", async (dir) => {
  await limited(dir, 'ulimit -f 2048 && exec "$@"');
});

inFolder("so does a full disk", async (dir) => {
  const mount = (...args: string[]) => new Deno.Command(args[0], { args: args.slice(1) }).output();
  const mounted = await mount("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", dir);
  if (!mounted.success) {
    console.log("a full disk is not tried: only root mounts one");
    return;
  }
  try {
    await limited(dir, 'exec env DENO_DIR= "$@"');
  } finally {
    await mount("umount", dir);
  }
});

/** `bin/qemu-system-riscv64` as a process: what make, a grader or a person's terminal sees of it. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { echoGuest, elf } from "../machine/bare_lab.ts";
import { flags, Launched, LAUNCHER, path } from "./launch.ts";
import { chatter, ending, panicked, ticking, toiling, writer, WRITTEN } from "./programs.ts";

const SECTOR = 512;

/** A folder with a space in its name, as people have it; gone afterwards. */
async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "cowsh qemu " });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A folder with a kernel in `kernel` and, in `fs.img`, an empty disk. */
const withKernel = (kernel: Uint8Array, body: (folder: string) => Promise<void>) =>
  inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/kernel`, kernel);
    await Deno.writeFile(`${folder}/fs.img`, new Uint8Array(64 * SECTOR));
    await body(folder);
  });

const start = (folder: string, args: string[], options: Deno.CommandOptions = {}) =>
  new Launched(LAUNCHER, { args, cwd: folder, ...options });

/** Runs to the end without input. */
async function outcome(folder: string, args: string[]) {
  const run = start(folder, args, { stdin: "null" });
  return { ...await run.end(), out: run.out };
}

const echo = () => elf(echoGuest());
const DISK = flags("kernel", "fs.img");

/** What the first sectors of an image hold. */
function sectors(file: string): number[] {
  const view = new DataView(Deno.readFileSync(file).buffer);
  return Array.from({ length: WRITTEN }, (_, i) => Number(view.getBigUint64(i * SECTOR, true)));
}

/** What they hold after so many writes of {@link writer}. */
function after(writes: number): number[] {
  return Array.from({ length: WRITTEN }, (_, i) => {
    const rounds = Math.floor((writes - 1 - i) / WRITTEN);
    return rounds < 0 ? 0 : rounds * WRITTEN + i + 1;
  });
}

Deno.test("facts are given to the shell behind the console, and wrong ones refused at once", async () => {
  await withKernel(echo(), async (folder) => {
    const args = [...DISK, "-fact", "processes=nosuch@4"];
    const { code, out, err } = await outcome(folder, args);
    assertEquals([code, out], [2, ""]);
    assertEquals(
      err,
      "qemu-system-riscv64: fact processes=nosuch@4: there is no nosuch in the kernel, " +
        "which has no symbols: want an address\n",
    );
  });
});

Deno.test("help and version are answered as Makefiles ask, before anything is loaded", async () => {
  await inFolder(async (folder) => {
    for (const flag of ["-help", "--help", "-h"]) {
      const { code, out, err } = await outcome(folder, ["-nographic", flag]);
      assertEquals([code, err], [0, ""]);
      assertMatch(out, /^-gdb tcp::PORT/m);
    }
    const version = await outcome(folder, ["--version"]);
    assertEquals([version.code, version.err], [0, ""]);
    assertMatch(version.out, /^QEMU emulator version \d+\.\d+\..*cowsh.*\nThis is not QEMU.*\n$/);
    const asked = "qemu-system-riscv64 -help | grep -q '^-gdb' && echo found";
    const make = new Launched("sh", { args: ["-c", asked], cwd: folder, stdin: "null" });
    assertEquals([(await make.end()).code, make.out], [0, "found\n"]);
  });
});

Deno.test("found through PATH, through links, from a folder with a space, by a relative path", async () => {
  await withKernel(ending("here\n", 0), async (folder) => {
    const { bin, linked } = { bin: LAUNCHER.replace(/\/[^/]*$/, ""), linked: `${folder}/l` };
    await Deno.mkdir(linked);
    await Deno.symlink(bin, `${linked}/bin`);
    await Deno.symlink(LAUNCHER, `${linked}/absolute`);
    await Deno.symlink("absolute", `${linked}/relative`);
    await Deno.mkdir(`${folder}/tree/a b`, { recursive: true });
    const kernel = flags("../../kernel");
    for (
      const command of [
        "qemu-system-riscv64",
        "../../l/bin/qemu-system-riscv64",
        "../../l/relative",
      ]
    ) {
      const run = new Launched("sh", {
        args: ["-c", '"$0" "$@"', command, ...kernel],
        cwd: `${folder}/tree/a b`,
        stdin: "null",
      });
      assertEquals([await run.end(), run.out], [{ code: 0, signal: null, err: "" }, "here\n"]);
    }
    // A path with a comma, which Deno's flags cannot name.
    await Deno.copyFile(`${folder}/fs.img`, `${folder}/a,b.img`);
    await Deno.writeFile(`${folder}/kernel`, ending("disk\n", 0));
    const comma = await outcome(`${folder}/tree`, flags("../kernel", "../a,,b.img"));
    assertEquals([comma.code, comma.out, comma.err], [0, "disk\n", ""]);
  });
});

Deno.test("a flag, kernel or image that cannot be had is one line, with its exit code", async () => {
  await withKernel(echo(), async (folder) => {
    const name = "qemu-system-riscv64: ";
    await Deno.writeFile(`${folder}/odd.img`, new Uint8Array(700));
    await Deno.mkdir(`${folder}/folder`);
    for (
      const [args, code, message] of [
        [["-foo"], 2, "-foo: not known here; -help lists what is"],
        [
          [...DISK, "-device", "e1000,netdev=n"],
          2,
          "-device e1000,netdev=n: there is no network card here, so the net lab needs QEMU itself",
        ],
        [flags("nope"), 5, "nope: no such file"],
        [flags("fs.img"), 5, "fs.img: not an ELF file"],
        [flags("kernel", "nope.img"), 5, "nope.img: no such file"],
        [flags("kernel", "folder"), 5, "folder: is a directory"],
        [flags("kernel", "odd.img"), 5, "odd.img: 700 bytes are no disk: "],
        [flags("kernel", "/dev/null"), 5, "/dev/null: no regular file"],
      ] as const
    ) {
      const end = await outcome(folder, [...args]);
      assertEquals([end.code, end.out], [code, ""]);
      assertEquals(end.err.startsWith(name + message), true, end.err);
      assertEquals(end.err.split("\n").length, 2, end.err);
    }
  });
});

Deno.test("the guest ends the machine through the finisher, as on QEMU's virt", async () => {
  for (const [how, code] of [[0, 0], [3, 3], [256, 1]] as const) {
    await withKernel(ending("done\n", how), async (folder) => {
      const end = await outcome(folder, flags("kernel"));
      assertEquals([end.code, end.out, end.err], [code, "done\n", ""]);
    });
  }
});

Deno.test("a reset starts the kernel again, on the disk as it is; with -no-reboot it is the end", async () => {
  await withKernel(ending("again\n", "reset"), async (folder) => {
    const run = start(folder, DISK);
    await run.until("again\nagain\nagain\n");
    run.child.kill("SIGTERM");
    assertEquals((await run.end()).code, 0);
    const once = await outcome(folder, [...DISK, "-no-reboot"]);
    assertEquals([once.code, once.out, once.err], [0, "again\n", ""]);
  });
});

Deno.test("in a pipe time jumps to the next timer, and input is heard between", async () => {
  // A day between two letters.
  await withKernel(ticking(864_000_000_000), async (folder) => {
    const run = start(folder, flags("kernel"));
    await run.until("ttt");
    await run.type("x");
    await run.until(/x[^]*t/);
    run.child.kill("SIGTERM");
    assertEquals((await run.end()).code, 0);
  });
});

Deno.test("input is typed as it comes, however early, and its end does not end the machine", async () => {
  await withKernel(echo(), async (folder) => {
    const run = start(folder, flags("kernel"));
    const early = "early " + "0123456789".repeat(50);
    await run.type(early);
    await run.until(`ready\n${early}`);
    await run.type("later\xff");
    await run.until("later\xff");
    await run.endInput();
    // It is still there: a signal ends it, and QEMU's code for that is 0.
    run.child.kill("SIGTERM");
    const { code, err } = await run.end();
    assertEquals([code, err], [0, "qemu-system-riscv64: terminating on signal 15\n"]);
  });
});

Deno.test("every byte of the guest goes into a pipe as it is", async () => {
  await withKernel(echo(), async (folder) => {
    const run = new Launched("sh", {
      args: ["-c", `printf '\\033]0;title\\007\\200\\377q' | "$0" "$@" | od -An -tx1`, LAUNCHER]
        .concat(flags("kernel")),
      cwd: folder,
      stdin: "null",
    });
    await run.end();
    const bytes = run.out.trim().split(/\s+/).map((byte) => parseInt(byte, 16));
    const said = [...new TextEncoder().encode("ready\n\x1b]0;title\x07"), 0x80, 0xff];
    assertEquals(bytes, said);
  });
});

Deno.test("signals end it at once, also while its reader does not read", async () => {
  for (const [signal, number] of [["SIGINT", 2], ["SIGTERM", 15], ["SIGHUP", 1]] as const) {
    await withKernel(chatter(), async (folder) => {
      const run = start(folder, flags("kernel"), { stdin: "null" });
      await run.until("xxxx");
      // Meanwhile the pipe is full.
      await new Promise((resolve) => setTimeout(resolve, 200));
      run.child.kill(signal);
      const { code, err } = await run.end();
      assertEquals([code, err], [0, `qemu-system-riscv64: terminating on signal ${number}\n`]);
    });
  }
});

/** Lines of the shell: a past that takes long to go through, and the way through it. */
const TOIL = "\x01cset budget 40000000\ncontinue\nprint 1\nwho wrote 0x80000f00 --phys\n";
const TAKEN_BACK = "interrupted: it was taken back, nothing has changed\n";

Deno.test("signals end it in the middle of a guest's past, too", async () => {
  for (const [signal, number] of [["SIGINT", 2], ["SIGTERM", 15], ["SIGHUP", 1]] as const) {
    await withKernel(toiling(), async (folder) => {
      const run = start(folder, flags("kernel"));
      await run.type(TOIL);
      await run.until("0x1  1\n> ");
      // Now it has begun; it would take many times as long.
      await new Promise((resolve) => setTimeout(resolve, 300));
      run.child.kill(signal);
      const { code, err } = await run.end();
      assertEquals([code, err], [0, `qemu-system-riscv64: terminating on signal ${number}\n`]);
      assert(run.out.endsWith(`> ${TAKEN_BACK}`), run.out);
    });
  }
});

Deno.test("a closed pipe ends it as SIGPIPE would", async () => {
  await withKernel(chatter(), async (folder) => {
    const run = start(folder, flags("kernel"));
    await run.until("xxxx");
    await run.closeOutput();
    assertEquals((await run.child.status).code, 141);
    await run.endInput().catch(() => {});
  });
});

Deno.test("make's signal reaches it, and make ends", async () => {
  await withKernel(echo(), async (folder) => {
    const rule = `qemu:\n\tqemu-system-riscv64 ${flags("kernel").join(" ")}\n`;
    await Deno.writeTextFile(`${folder}/Makefile`, rule);
    const make = new Launched("make", { args: ["-s", "qemu"], cwd: folder });
    await make.until("ready\n");
    make.child.kill("SIGTERM");
    const { err } = await make.end();
    assertStringIncludes(err, "qemu-system-riscv64: terminating on signal 15\n");
  });
});

Deno.test("what the guest was told is on the disk is in the image file, also after SIGKILL", async () => {
  await withKernel(writer(), async (folder) => {
    for (const letters of [1, 40, 300]) {
      await Deno.writeFile(`${folder}/fs.img`, new Uint8Array(64 * SECTOR));
      const run = start(folder, DISK, { stdin: "null" });
      await run.until((out) => out.length >= letters);
      run.child.kill("SIGKILL");
      assertEquals((await run.end()).signal, "SIGKILL");
      const found = sectors(`${folder}/fs.img`);
      const writes = Math.max(...found);
      assert(writes >= run.out.length, `${run.out.length} letters, ${writes} writes in the file`);
      assertEquals(found, after(writes));
    }
  });
});

Deno.test("with -snapshot the image file stays as it is, and may be read-only or shared", async () => {
  await withKernel(writer(40), async (folder) => {
    const letters = "abcdefghijklmnop".repeat(3).slice(0, 40);
    await Deno.chmod(`${folder}/fs.img`, 0o444);
    const runs = [0, 1].map(() => start(folder, [...DISK, "-snapshot"]));
    for (const run of runs) await run.until(letters);
    assertEquals(sectors(`${folder}/fs.img`), after(0));
    for (const run of runs) {
      run.child.kill("SIGTERM");
      assertEquals((await run.end()).code, 0);
    }
    await Deno.chmod(`${folder}/fs.img`, 0o644);
    // The same without it.
    const run = start(folder, DISK);
    await run.until(letters);
    assertEquals(sectors(`${folder}/fs.img`), after(40));
    const second = await outcome(folder, DISK);
    assertEquals([second.code, second.out], [5, ""]);
    assertEquals(
      second.err,
      "qemu-system-riscv64: fs.img: in use by another machine that runs on it\n",
    );
    run.child.kill("SIGTERM");
    await run.end();
  });
});

Deno.test("a kernel that has panicked stays on, as under QEMU", async () => {
  await withKernel(panicked("panic: freewalk: leaf\n"), async (folder) => {
    const run = start(folder, flags("kernel"));
    await run.until("leaf\n");
    await run.type("\x01h");
    await run.until("exit emulator");
    await run.type("\x01x");
    const { code } = await run.end();
    assertEquals(code, 0);
  });
});

Deno.test("the keys behind Ctrl-A", async () => {
  await withKernel(echo(), async (folder) => {
    const run = start(folder, flags("kernel"));
    await run.until("ready\n");
    // Ctrl-A twice sends one; any other letter nothing.
    await run.type("1\x01\x01\x01z2\x01s\x01b\x01t");
    await run.until("C-a t: no timestamps");
    assertMatch(run.out, /C-a s: .*\n.*C-a b: /s);
    await run.until("1\x012");
    await run.type("\x01?");
    await run.until(/C-a x {4}exit emulator\n.*C-a C-a {2}sends C-a\n/s);
    await run.type("\x01xlost");
    assertEquals(await run.end(), { code: 0, signal: null, err: "" });
    assertMatch(run.out, /QEMU: Terminated\n$/);

    const other = start(folder, [...flags("kernel"), "-echr", "20"]);
    await other.until("ready\n");
    await other.type("\x01x\x14\x14\x14h");
    await other.until((out) => out.includes("C-t C-t  sends C-t\n") && out.includes("\x01x\x14"));
    await other.type("\x14x");
    assertEquals((await other.end()).code, 0);

    const none = start(folder, [...flags("kernel"), "-serial", "stdio"]);
    await none.type("\x01x\x01h");
    await none.until("\x01x\x01h");
    none.child.kill("SIGTERM");
    assertEquals((await none.end()).code, 0);
  });
});

Deno.test("Ctrl-A c opens the shell on the machine, which goes on where it was", async () => {
  await withKernel(echo(), async (folder) => {
    const run = start(folder, flags("kernel"));
    await run.until("ready\n");
    await run.type("1\x01creg pc\nxp 0x80000000 8\n");
    await run.until(
      /^cowsh: the machine stands still; .*\n> pc 0x.*\n> PA .*\n0x80000000 .*\n> $/m,
    );
    // What was typed before is still on its way.
    assertStringIncludes(run.out, "ready\ncowsh: ");
    // Help is answered there, too; the same key goes back, and what is typed is the guest's again.
    await run.type("\x01h\x01c2");
    await run.until(/\n12$/);
    // A line that ends it leaves what follows to the guest; a command's end is the run's.
    await run.type("\x01cconsole\n3");
    await run.until(/\n> 3$/);
    await run.type("\x01cnope\nquit 7\n");
    assertEquals(await run.end(), { code: 7, signal: null, err: "" });
    assertMatch(run.out, /> no command nope.*\n> $/);

    const other = start(folder, flags("kernel"));
    await other.type("\x01creg\n");
    await other.until("> ");
    await other.type("\x01x");
    assertEquals((await other.end()).code, 0);
    assertMatch(other.out, /QEMU: Terminated\n$/);
  });
});

Deno.test("without deno in PATH npx is asked; without either, one line", async () => {
  await withKernel(ending("here\n", 0), async (folder) => {
    const tools = `${folder}/tools`;
    await Deno.mkdir(tools);
    // What the script itself needs, found where the system has it.
    for (const tool of ["sh", "readlink", "cat", "sed"]) {
      const found = path().split(":").find((dir) => exists(`${dir}/${tool}`));
      await Deno.symlink(`${found}/${tool}`, `${tools}/${tool}`);
    }
    const launch = () =>
      new Launched(LAUNCHER, {
        args: flags("kernel"),
        cwd: folder,
        stdin: "null",
        clearEnv: true,
        env: { PATH: tools, HOME: Deno.env.get("HOME") ?? folder },
      }).end();
    const none = await launch();
    assertEquals(none.code, 127);
    assertMatch(none.err, /^qemu-system-riscv64: needs deno, or npx .*\n$/);
    const npx = `#!/bin/sh\n[ "$1 $2 $3" = "-y deno@2.9.6 eval" ] && echo '${Deno.execPath()}'\n`;
    await Deno.writeTextFile(`${tools}/npx`, npx, { mode: 0o755 });
    assertEquals((await launch()).code, 0);
  });
});

function exists(file: string): boolean {
  try {
    Deno.statSync(file);
    return true;
  } catch {
    return false;
  }
}

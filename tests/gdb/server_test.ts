import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromLatin1, latin1, textToHex } from "../../src/gdb/hex.ts";
import { frame } from "../../src/gdb/packet.ts";
import { FakeTarget } from "./fake_target.ts";
import { Client, Served, serving } from "./lab.ts";

const SPINS = "loop:\n addi a1, a1, 1\n jal zero, loop\nnever:\n jal zero, never";

Deno.test("a grading script: held until c, T05 at its breakpoint, no + from it", async () => {
  const target = new FakeTarget("addi a1, a1, 1\nhere:\n addi a1, a1, 1\n jal zero, here");
  await serving(target, async ({ gdb }) => {
    assertEquals([gdb.held, gdb.attached], [true, false]);
    const client = await Client.to(gdb);
    await client.packet(`Z1,${target.labels.get("here")!.toString(16)},1`);
    await client.packet("c");
    const heard = await client.hear(/T05/);
    assert(/^\+\$OK#..\+\$T05thread:1;#..$/.test(heard!), heard!);
    assertEquals(target.instret, 1);
    client.close();
  });
});

Deno.test("a guest that runs is held when a gdb comes, heard when it says 3, and runs on when it goes", async () => {
  const target = new FakeTarget(SPINS);
  target.reversible = false;
  const end = await serving(target, async (served) => {
    const { gdb } = served;
    assertEquals(gdb.held, false);
    const client = await Client.to(gdb);
    await served.until(() => gdb.attached);
    assertEquals(gdb.held, true);
    await client.packet(`Z0,${target.labels.get("never")!.toString(16)},2`);
    await client.hear(/OK/);
    await client.packet("c");
    await client.hear(/\+/);
    assertEquals(gdb.held, false);
    await client.send("\x03");
    assertStringIncludes((await client.hear(/T0/))!, "T02thread:1;");
    assertEquals(gdb.held, true);
    const { instret } = target;
    client.close();
    await served.until(() => !gdb.attached);
    assertEquals([gdb.held, target.breaks], [false, []]);
    while (target.instret === instret) await new Promise((resolve) => setTimeout(resolve, 1));
  }, { held: false, slice: 100 });
  assertEquals(end, "left");
});

Deno.test("who connects and says nothing does not start a guest that waits for a gdb", async () => {
  const target = new FakeTarget(SPINS);
  await serving(target, async (served) => {
    const { gdb } = served;
    const silent = await Client.to(gdb);
    await served.until(() => gdb.attached);
    silent.close();
    await served.until(() => !gdb.attached);
    assertEquals([gdb.held, target.instret], [true, 0]);
  });
});

Deno.test("a second gdb is told why and closed; the first is not disturbed; a third may come later", async () => {
  const target = new FakeTarget(SPINS);
  await serving(target, async (served) => {
    const { gdb } = served;
    const first = await Client.to(gdb);
    await first.packet("?");
    await first.hear(/T05/);
    const second = await Client.to(gdb);
    await second.packet("qSupported");
    assertStringIncludes((await second.hear(/#../))!, "$E.another gdb is connected");
    assert(await second.gone());
    second.close();
    await first.packet("qC");
    await first.hear(/QC1/);
    first.close();
    await served.until(() => !gdb.attached);
    const third = await Client.to(gdb);
    await third.packet("qC");
    await third.hear(/QC1/);
    third.close();
  });
});

Deno.test("many at once are closed, and those that say nothing in time", async () => {
  await serving(new FakeTarget(SPINS), async ({ gdb }) => {
    const first = await Client.to(gdb);
    const others = await Promise.all(Array.from({ length: 12 }, () => Client.to(gdb)));
    for (const other of others) {
      assert(await other.gone());
      other.close();
    }
    await first.packet("qC");
    await first.hear(/QC1/);
    first.close();
  });
});

Deno.test("kill ends the guest, detach does not", async () => {
  const killed = await serving(new FakeTarget(SPINS), async ({ gdb }) => {
    const client = await Client.to(gdb);
    await client.packet("k");
    assert(await client.gone());
    client.close();
  });
  assertEquals(killed, "killed");
  const detached = await serving(new FakeTarget(SPINS), async ({ gdb }) => {
    const client = await Client.to(gdb);
    await client.packet("D");
    assertStringIncludes((await client.hear(/#../))!, "OK");
    assert(await client.gone());
    client.close();
    assertEquals([gdb.held, gdb.killed], [false, false]);
  });
  assertEquals(detached, "left");
});

const EXITS = "lui a0, 0x100\n lui a1, 0x30\n addi a1, a1, 0x333\n sw a1, 0(a0)";

Deno.test("the loop hears of the end at once, in extended mode when gdb has gone", async () => {
  const plain = await serving(new FakeTarget(EXITS), async (served) => {
    const { gdb } = served;
    const client = await Client.to(gdb);
    await client.packet("c");
    await client.hear(/W03/);
    client.close();
  });
  assertEquals(plain, "exit 3");
  const extended = await serving(new FakeTarget(EXITS), async (served) => {
    const { gdb } = served;
    const client = await Client.to(gdb);
    await client.packet("!");
    await client.packet("c");
    await client.hear(/W03/);
    assertEquals([gdb.held, gdb.attached], [true, true]);
    await client.packet("vRun;");
    await client.hear(/T05/);
    await client.packet("c");
    await client.hear(/W03/);
    client.close();
    await served.until(() => !gdb.attached);
  });
  assertEquals(extended, "exit 3");
});

Deno.test("who owns the guest ends it: a gdb that waits is told", async () => {
  const target = new FakeTarget(SPINS);
  const served = new Served(target);
  const { gdb } = served;
  const client = await Client.to(gdb);
  await client.packet("c");
  await client.hear(/\+/);
  await served.until(() => !gdb.held);
  const heard = client.hear(/W/);
  await gdb.close(7);
  assertStringIncludes((await heard)!, "W07");
  client.close();
});

Deno.test("a monitor command that is answered at once is heard of at once", async () => {
  await serving(new FakeTarget(SPINS), async ({ gdb }) => {
    const client = await Client.to(gdb);
    for (const line of ["ps", "audit", "pte 0x1000"]) {
      await client.packet(`qRcmd,${textToHex(line)}`);
      assertStringIncludes((await client.hear(/OK/))!, `$O${textToHex(`${line}?\n`)}#`);
    }
    client.close();
  });
});

Deno.test("a monitor command is answered in its time; Ctrl-C aborts it; later packets wait", async () => {
  const target = new FakeTarget(SPINS);
  const asked: string[] = [];
  const slow = (line: string, signal: AbortSignal) => {
    asked.push(line);
    return new Promise<string>((resolve) =>
      signal.addEventListener("abort", () => resolve("aborted\n"))
    );
  };
  const served = new Served(target, { command: slow });
  const { gdb } = served;
  const client = await Client.to(gdb);
  await client.packet(`qRcmd,${textToHex("audit")}`);
  await client.hear(/\+/);
  await client.send("\x03");
  const heard = await client.hear(/OK/);
  assertStringIncludes(heard!, `$O${textToHex("aborted\n")}#`);
  await client.packet(`qRcmd,${textToHex("ps")}`);
  client.close();
  await served.until(() => !gdb.attached);
  assertEquals(asked, ["audit", "ps"]);
  await gdb.close();
});

Deno.test("who asks and does not read is heard no further, and can be got rid of", async () => {
  const target = new FakeTarget(SPINS);
  const { gdb } = new Served(target);
  const client = await Client.to(gdb);
  // 80 MB of answers, which no socket's buffers hold.
  const request = latin1(frame(fromLatin1("m80000000,2000")));
  const greedy = client.send(request.repeat(5000)).catch(() => {});
  let reads = -1;
  while (reads !== target.reads || reads === 0) {
    reads = target.reads;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert(reads < 5000, `${reads} of 5000 were answered`);
  assertEquals(gdb.attached, true);
  await gdb.close();
  client.close();
  await greedy;
});

Deno.test("a port that is taken is an AddrInUse", async () => {
  const target = new FakeTarget(SPINS);
  const { gdb: one } = new Served(target);
  let error: unknown;
  try {
    new Served(target, { port: one.port });
  } catch (thrown) {
    error = thrown;
  }
  assert(error instanceof Deno.errors.AddrInUse);
  await one.close();
});

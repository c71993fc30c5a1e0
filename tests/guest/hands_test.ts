/**
 * Lines of the shell that are done by somebody's own kernel. `XV6_LABS` is a folder with built trees of labs, like
 * 2022-cow-solved.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { attach } from "../../mod.ts";
import { Interrupted } from "../../src/vm/guest/interrupted.ts";
import { askMeanwhile } from "../../src/vm/guest_computer.ts";
import { sameSaved } from "../../src/vm/machine/saver.ts";
import { newTyped } from "../commands/typist.ts";

const labs = Deno.env.get("XV6_LABS") || undefined;

/** A shell on a lab's kernel at its prompt. */
async function shell(lab: string, options: { harts?: number } = {}) {
  const vm = attach({
    kernel: `${labs}/${lab}/kernel/kernel`,
    disk: `${labs}/${lab}/fs.img`,
    ...options,
  });
  const typist = await newTyped([], { vm });
  return {
    vm,
    /** What a line prints, when it has this status. */
    async says(line: string, status = 0): Promise<string> {
      const said = await typist.type(line);
      assertEquals(said.status, status, `${line}: ${said.text}`);
      return said.text;
    },
  };
}

if (labs === undefined) {
  console.log(
    "lines done by other kernels: skipped, XV6_LABS is not set to a folder of built labs",
  );
} else {
  for (const harts of [1, 3]) {
    Deno.test(`a COW kernel of ${harts} harts forks, copies and exits as it is told, line by line`, async () => {
      const { vm, says } = await shell("2022-cow-solved", { harts });
      assertMatch(await says("spawn"), /^pid 4 demo stands still; its heap starts at 0x3000$/m);
      assertMatch(await says("sbrk 2p"), /^heap \+ 0x3000\.\.0x5000 {3}2 frames allocated$/m);
      assertMatch(await says("store 0x3000 42"), /^0x3000: 0x0 → 0x2a$/m);
      assertMatch(await says("fork"), /pid 4 → child 5[^]*COPIED 0 /);
      assertMatch(
        await says("refcount pa(0x3000)"),
        /stored 2 {2}counted 2 {2}ok {2}4:0x3000 {2}5:0x3000/,
      );
      const copied = await says("store 5:0x3000 7");
      assertMatch(copied, /^store page fault \(15\) at 0x3000/m);
      assertMatch(copied, /^frame 0x\w+ copied to 0x\w+: 4K/m);
      assertMatch(copied, /count 2 → 1[^]*count 0 → 1/);
      assertMatch(await says("load 0x3000"), /0x2a \(42\)/);
      // Two pages, of which the child has its own copy of one.
      assertMatch(await says("fill 5:0x3000 2p 1"), /1 store fault, 1 page copied/);
      assertMatch(await says("wait", 1), /pid 4 would wait for ever/);
      assertMatch(await says("exit 3 -p 5"), /^pid 5 demo exited with 3/);
      assertMatch(await says("wait"), /^pid 4 reaped pid 5 {3}\d+ frames freed/);
      assertMatch(await says("call getpid"), /^getpid\(\) = 4$/m);
      assertMatch(await says("call open README 0"), /^open\("README", 0x0\) = 3$/m);
      assertMatch(await says("audit"), /^clean: /);
      const killed = await says("store 0x100000 1", 1);
      assertMatch(killed, /pid 4 was killed: by its kernel/);
      assertMatch(await says("undo"), /^undone: store 0x100000 1\n[^]*pid 4 demo {2}0xc <stand>/);
      assertEquals(vm.process(4).state, "manual");
      assertMatch(await says("kill 4"), /^pid 4 demo is dead$/m);
      assertMatch(
        await says("load 0x3000", 2),
        /nobody stands here: spawn makes|no current process/,
      );
    });
  }

  Deno.test("what nobody waits for any more is taken back", async () => {
    const { vm, says } = await shell("2022-cow-solved");
    await says("spawn");
    const before = vm.save();
    for (const act of [() => vm.process(4).call("pause", 100000), () => vm.process(4).fork()]) {
      let left = 2;
      askMeanwhile(vm, () => --left < 0);
      // A fork is over before anybody turns away.
      if (act.toString().includes("fork")) left = 0;
      assertThrows(act, Interrupted, "it was taken back");
      askMeanwhile(vm, undefined);
      assert(sameSaved(vm.save(), before));
    }
    assertMatch(await says("fork"), /pid 4 → child 5/);
  });

  Deno.test("a program is typed into sh: its output, status, cost, calls", async () => {
    const { says } = await shell("2022-cow-solved");
    assertMatch(
      await says("run echo hi there"),
      /^hi there\necho: status 0; \d+ instructions, \d+ calls, /,
    );
    assertMatch(await says("run forktest"), /fork test OK\nforktest: status 0; .*\b\d\d forks/);
    assertMatch(await says("run grep nothing README", 0), /^grep: status 0|\ngrep: status 0/);
    assertMatch(await says("run nosuch", 0), /^exec nosuch failed\n/);
    assertMatch(await says('run wc --input "a b\\nc\\n"'), /^2 3 6 $/m);
    assertStringIncludes(await says("run echo a;b", 1), '"a;b" is no word for xv6\'s sh');
    const traced = await says("strace echo hi --only write,exit");
    assertMatch(
      traced,
      /^hi\n(\[\d+ echo\]) write\(1, "hi", 2\) = 2\n\1 write\(1, "\\n", 1\) = 1\n\1 exit\(0\) = \?\n/,
    );
    const read = await says("strace cat README --only exec,open,read,sbrk");
    assertMatch(read, /^\[\d+ sh\] exec\("cat", \["cat", "README"\]\) = 2$/m);
    assertMatch(read, /^\[\d+ cat\] open\("README", O_RDONLY\) = 3$/m);
    // What a call fills is shown once it has; sbrk's second argument came in 2025.
    assertMatch(read, /^\[\d+ cat\] read\(3, "xv6 is a re-implementation of De"…, 512\) = 512$/m);
    assertMatch(read, /^\[\d+ sh\] sbrk\(65536(, SBRK_EAGER)?\) = 0x5000$/m);
    // It leaves nothing behind that the next one would print.
    assertMatch(await says("run echo end"), /^end\necho: /);
    const json = JSON.parse(await says("run echo hi --json"));
    assertEquals([json.console, json.exitStatus, json.forks], ["hi\n", 0, 1]);
  });

  Deno.test("mmap and munmap are those of the lab's kernel, by its own numbers", async () => {
    const { says } = await shell("2022-mmap-solved");
    await says("spawn");
    await says("call open README 0");
    assertMatch(await says("mmap 4096 r --fd 3"), /^mapped 0x\w+\.\.0x\w+/);
    const loaded = await says("load $_");
    assertMatch(loaded, /^load page fault \(13\)/m);
    assertMatch(loaded, /\(\d+\)/);
    assertMatch(await says("munmap $_ 4096"), /^unmapped 0x/);
    const { says: other } = await shell("2022-cow-solved");
    await other("spawn");
    assertMatch(await other("mmap 4096", 2), /mmap: the guest's programs have no such call/);
  });

  Deno.test("a session is saved as a scenario that attaches the kernel", async () => {
    const { vm, says } = await shell("2022-cow-solved");
    await says("spawn");
    assertMatch(await says("sbrk 4096 --ts"), /^p4\.sbrk\(4096\);$/m);
    assertMatch(
      await says("boot --ts"),
      /^const vm = attach\(\{ kernel: ".*kernel", disk: ".*fs\.img" \}\);$/m,
    );
    assert(vm.processes().length === 2);
  });
}

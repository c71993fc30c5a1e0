import {
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { CommandError } from "../../src/framework/errors.ts";
import { bare, type BareHost } from "../../src/repl/bare.ts";
import { parseFlags } from "../../src/repl/flags.ts";
import { echoGuest, elf, li, say } from "../machine/bare_lab.ts";
import { Assembler } from "../machine/engine_lab.ts";

const root = new URL("../../", import.meta.url);

/** What a run said, and its exit code. */
interface Heard {
  code: number;
  out: string;
  err: string;
}

/** A guest in a pipe that delivers these pieces, or at a terminal where they are typed one after another. */
async function run(
  file: Uint8Array,
  pieces: string[],
  options: {
    flags?: string[];
    terminal?: boolean;
    open?: boolean;
    clock?: () => number;
  } = {},
): Promise<Heard> {
  const heard: Heard = { code: -1, out: "", err: "" };
  const text = new TextDecoder();
  let now = 0;
  const host: BareHost = {
    files: { read: () => Promise.resolve(file) },
    out: (bytes) => {
      heard.out += text.decode(bytes);
      return Promise.resolve();
    },
    err: (message) => void (heard.err += message),
    read: () => {
      const piece = pieces.shift();
      if (piece === undefined && options.open) return new Promise(() => {});
      return Promise.resolve(piece === undefined ? null : new TextEncoder().encode(piece));
    },
    terminal: options.terminal ?? false,
    breathe: () => new Promise((resolve) => setTimeout(resolve, 0)),
    clock: options.clock ?? (() => now += 20),
  };
  const flags = ["--bare", "guest", "--mem", "16M", ...options.flags ?? []];
  heard.code = await bare("guest", parseFlags(flags), host);
  return heard;
}

const echo = () => elf(echoGuest());

/** A program that says something and stands still, as a kernel that panicked does. */
function panicking(why: string): Uint8Array {
  const a = li(say(new Assembler(), `panic: ${why}\n`), 7, 0x8000_0f00);
  a.put("addi", { rd: 6, imm: 1 }).put("sw", { rs1: 7, rs2: 6, imm: 0 });
  const code = a.label("here").put("jal", { rd: 0 }, "here").bytes();
  return elf(code, { symbols: [{ name: "panicked", value: 0x8000_0f00n, size: 4 }] });
}

Deno.test("piped lines are typed; when the guest only waits for more, the run is over", async () => {
  assertEquals(await run(echo(), ["one\ntw", "o\n", "three"]), {
    code: 0,
    out: "ready\none\ntwo\nthree",
    err: "",
  });
  // No input: it waits in vain.
  const vain = await run(echo(), []);
  assertEquals([vain.code, vain.err], [3, "guest: waits for an interrupt that cannot come"]);
});

Deno.test("the same input gives the same instructions, however the pipe cuts it", async () => {
  const whole = "some\nlines\n" + "long ".repeat(40) + "\nq";
  const cuts = [[whole], [...whole], [whole.slice(0, 7), whole.slice(7, 90), whole.slice(90)]];
  const results = [];
  for (const cut of cuts) results.push(await run(echo(), cut, { flags: ["--json"] }));
  assertEquals(results[0].code, 3);
  assertMatch(results[0].out, /"end":"exit","code":3,"instructions":\d+\}\n$/);
  assertEquals(results[1], results[0]);
  assertEquals(results[2], results[0]);
});

Deno.test("a terminal's keys go to the guest; Ctrl-] leaves", async () => {
  const left = await run(echo(), ["a", "b\x03\r", "\x1d"], { terminal: true });
  assertEquals(left, { code: 0, out: "ready\nab\r", err: "" });
  // Nothing is said beside it.
  const plain = await run(echo(), ["q"], { terminal: true });
  assertEquals(plain, { code: 3, out: "ready\n", err: "" });
  assertEquals((await run(echo(), [], { terminal: true })).code, 0);
});

Deno.test("two quick Ctrl-C end it, two slow ones are the guest's", async () => {
  let now = 0;
  const quick = await run(echo(), ["\x03", "\x03", "q"], { terminal: true, clock: () => now++ });
  assertEquals([quick.code, quick.out], [130, "ready\n"]);
  const slow = await run(echo(), ["\x03", "\x03", "q"], {
    terminal: true,
    clock: () => now += 600,
  });
  assertEquals([slow.code, slow.out], [3, "ready\n"]);
});

Deno.test("a guest that has the terminal draws on it, and does nothing else to it", async () => {
  const typed = "\x1b[1mA\x1b]52;c;cm0=\x07\x1b[6n\x1b[?1049h\x1b[2J\x9bcB\x1bc\x1b]0;never ends";
  const said = await run(echo(), [typed, "q"], { terminal: true, open: true });
  assertEquals(said.out, "ready\n\x1b[1mA\x1b[2JcB\x1b[0m\x1b[?25h");
});

Deno.test("a paste is typed whole, in order", async () => {
  const paste = "0123456789".repeat(100) + "q";
  const heard = await run(echo(), [paste], { terminal: true, open: true });
  assertEquals([heard.code, heard.out], [3, `ready\n${paste.slice(0, -1)}`]);
});

Deno.test("a panic is exit code 3, with its reason and what helps an xv6", async () => {
  const heard = await run(panicking("freewalk: leaf"), []);
  assertEquals([heard.code, heard.out], [3, "panic: freewalk: leaf\n"]);
  assertEquals(
    heard.err,
    "guest: the kernel panicked: freewalk: leaf; an xv6 runs with --kernel, and --disk IMAGE gives it its disk",
  );
});

Deno.test("a budget ends it with 4; a file that is no program with 5", async () => {
  const counting = new Assembler().label("here").put("addi", { rd: 5, rs1: 5, imm: 1 });
  const cut = await run(elf(counting.put("jal", { rd: 0 }, "here").bytes()), [], {
    flags: ["--budget", "1500000"],
  });
  assertEquals([cut.code, cut.err], [4, "guest: not finished within 1500000 instructions"]);
  const error = await assertRejects(() => run(new Uint8Array(10), []), CommandError, "not an ELF");
  assertEquals(error.exitCode, 5);
});

Deno.test("flags of a guest kernel make sense only with one, and commands only without", () => {
  for (
    const [argv, message] of [
      [["--disk", "fs.img"], "--disk is for --kernel; the built-in kernel takes --fs IMAGE"],
      [["--bare", "k", "--disk", "fs.img"], "a program of --bare has no disk"],
      [["--bare", "k", "--kernel", "k"], "--kernel and --bare: one of them; an xv6 is --kernel's"],
      [["--bare", "k", "-c", "ps"], "--bare opens no shell"],
      [["--bare", "k", "file"], "--bare opens no shell"],
      [["--harts", "3"], "--harts is for --kernel; the built-in kernel runs on one hart"],
      [["--harts", "1", "-c", "ps"], "--harts is for --kernel"],
      [["--kernel", "k", "--policy", "cow"], "for the built-in kernel, not for --kernel"],
      [
        ["--kernel", "k", "--fs", "i"],
        "not for --kernel; the disk of a kernel of your own is --disk",
      ],
      [["--kernel", "k", "--harts", "9"], "want a whole number from 1 to 8 with --kernel"],
      [["--bare", "k", "--policy", "cow"], "--policy is for the built-in kernel, not for --bare"],
      [["--bare", "k", "--sbrk", "lazy"], "--sbrk is for the built-in kernel, not for --bare"],
      [["--bare", "k", "--superpages"], "--superpages is for the built-in kernel"],
      [["--bare", "k", "--fs", "i"], "not for --bare; the disk of a kernel of your own is --disk"],
      [["--bare", "k", "--abi", "x/y"], "--abi is for the built-in kernel, not for --bare"],
      [["--bare", "k", "--harts", "0"], "--harts 0: want a whole number from 1 to 8 with --bare"],
      [["--bare", "k", "--harts", "9"], "--harts 9: want a whole number from 1 to 8 with --bare"],
      [["--bare", "k", "--harts", "two"], "--harts two: not a number"],
      [["--bare", "k", "--harts"], "--harts needs a value: --harts N"],
      [["--bare", "k", "--quantum", "1"], "--quantum 1: want a whole number from 2 to 1073741824"],
      [["--bare", "k", "--quantum", "2G"], "from 2 to 1073741824 with --bare"],
      [["--bare", "k", "--seed", "4G"], "--seed 4G: want a whole number from 0 to 4294967295"],
    ] as const
  ) {
    let said = "";
    try {
      parseFlags(argv);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      said = error.message;
    }
    assertStringIncludes(said, message);
  }
  const { own } = parseFlags(["--kernel", "k", "--disk", "fs.img", "-c", "ps", "file"]);
  assertEquals(own, { elf: "k", disk: "fs.img", bare: undefined });
  const numbers = ["--harts", "3", "--seed", "7", "--quantum", "0x100", "--mem", "16M"];
  assertEquals(parseFlags(["--bare", "k", ...numbers]).guest, {
    memBytes: 2 ** 24,
    harts: 3,
    seed: 7,
    quantum: 256,
  });
  assertEquals(parseFlags(["--bare", "k"]).guest, {});
  assertEquals(parseFlags(["--kernel", "k", ...numbers]).guest.harts, 3);
  // Without either they are the built-in kernel's, within its own bounds.
  const { boot, guest } = parseFlags(["--seed", "7", "--quantum", "1"]);
  assertEquals([boot, guest], [{ seed: 7, quantum: 1 }, {}]);
});

Deno.test("--harts, --seed and --quantum choose the interleaving of a guest's harts", async () => {
  const file = await Deno.readFile(new URL("tests/litmus/bin/claim.elf", root));
  const said = async (...flags: string[]) => {
    const { code, out, err } = await run(file, [], { flags });
    assertEquals([code, err], [0, ""]);
    return out;
  };
  const three = await said("--harts", "3", "--quantum", "20");
  assertMatch(three, /^all claimed \d+ \d+ \d+ empty \d+\n/);
  assertEquals(await said("--harts", "3", "--quantum", "20", "--seed", "0"), three);
  assertNotEquals(await said("--harts", "3", "--quantum", "20", "--seed", "1"), three);
  assertNotEquals(await said("--harts", "3", "--quantum", "21"), three);
  assertMatch(await said("--harts", "2"), /^all claimed \d+ \d+ empty \d+\n/);
});

/** `main.ts --bare` with piped input. */
async function cowsh(args: string[], stdin: string) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-read", "main.ts", "--bare", ...args],
    cwd: root,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

Deno.test("the command line hands standard input to the guest, and takes its code", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeFile(file, echo());
  assertEquals(await cowsh([file], "hello\nq"), { code: 3, out: "ready\nhello\n", err: "" });
  await Deno.remove(file);
  const ipi = new URL("tests/litmus/bin/ipi.elf", root).pathname;
  assertEquals(await cowsh([ipi, "--harts", "4", "--seed", "0x2a"], ""), {
    code: 0,
    out: "interrupted 50\n".repeat(4),
    err: "",
  });
});

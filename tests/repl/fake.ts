/**
 * A shell on nothing: commands, names and a host of our own, so that the shell is tested alone.
 */

import { command } from "../../src/framework/command.ts";
import { CommandError } from "../../src/framework/errors.ts";
import { atVa, consoleText, note, pairs, result, table } from "../../src/framework/result.ts";
import type { Vm } from "../../src/vm/vm.ts";
import type { Resolver } from "../../src/framework/evaluate.ts";
import { COMMANDS } from "../../src/commands/registry.ts";
import { newSession } from "../../src/repl/boot.ts";
import { type Host, Shell } from "../../src/repl/shell.ts";

/** `ps` of three made-up processes. */
const ps = command({
  name: "people",
  aliases: ["pp"],
  group: "process",
  summary: "three made-up processes",
  flags: [{ name: "pid", short: "p", kind: "pid", many: true, doc: "only these" }],
  run(_ctx, { pid }) {
    const rows: [number, string, bigint, bigint | null][] = [
      [1, "init", 4096n, 0x87f00000n],
      [2, "sh", 65536n, 0x87f01000n],
      [3, "demo", 12n, null],
    ];
    return result([
      pairs(["count", 3, "number"]),
      table([
        { name: "PID", kind: "pid" },
        { name: "NAME" },
        { name: "SIZE", kind: "size" },
        { name: "PTE-ADDR", kind: "pa" },
      ], rows.filter(([n]) => !pid || pid.includes(n))),
    ], { value: 3n, api: "vm.people()" });
  },
});

const echo = command({
  name: "echo",
  group: "session",
  summary: "says its words through the guest's console",
  args: [{ name: "words", kind: "text", rest: true, verbatim: true }],
  run(ctx, { words }) {
    const text = words.join(" ") + "\n";
    ctx.emit(text);
    return result([consoleText(text)]);
  },
});

const peek = command({
  name: "peek",
  group: "memory",
  summary: "shows an address as it was understood",
  args: [{ name: "va", kind: "va" }, { name: "n", kind: "size", optional: true }],
  flags: [{ name: "pid", short: "p", kind: "pid", doc: "whose" }, { name: "all", doc: "all" }],
  run(_ctx, { va, n, pid, all }) {
    return result([
      pairs(
        ["va", va.va, "va"],
        ["pid", pid ?? va.pid ?? null, "pid"],
        ["n", n ?? null, "number"],
        ["all", all ?? false],
      ),
    ], { place: atVa(va.va) });
  },
});

const wreck = command({
  name: "wreck",
  group: "session",
  summary: "fails in the way asked for",
  args: [{ name: "how", kind: "text", choices: ["status", "error", "bug"] }],
  run(_ctx, { how }) {
    if (how === "error") throw new CommandError("no such frame", 3);
    if (how === "bug") throw new TypeError("planted");
    return result([note("guest says no")], { status: 1 });
  },
});

const spin = command({
  name: "spin",
  group: "run control",
  summary: "runs for some slices, or until Ctrl-C",
  args: [{ name: "slices", kind: "count", optional: true }],
  async run(ctx, { slices }) {
    let done = 0;
    const end = await ctx.inSlices(() =>
      slices !== undefined && ++done >= slices ? "done" : undefined
    );
    return result([note(String(end))]);
  },
});

const listen = command({
  name: "listen",
  group: "process",
  summary: "a guest that reads a line and says it back",
  async run(ctx) {
    return await ctx.guestInput(async (input) => {
      let heard = "";
      while (!heard.endsWith("\n") && !heard.endsWith("\r") && !input.ended) {
        await input.wait();
        if (ctx.interrupt.requested) return result([note("interrupted")]);
        heard += new TextDecoder().decode(input.take());
      }
      return result([consoleText(`heard ${JSON.stringify(heard)}`)]);
    });
  },
});

const sum = command({
  name: "sum",
  group: "session",
  summary: "the value of an expression",
  args: [{ name: "expr", kind: "line" }],
  run(ctx, { expr }) {
    const value = ctx.evaluate(expr);
    return result([pairs(["value", value, "number"])], { value });
  },
});

/** The fakes beside the shell's own commands. */
export const FAKES = [ps, echo, peek, wreck, spin, listen, sum, ...COMMANDS];

/** Names that expressions know here. */
export const NAMES: Resolver = {
  register: (name) => ({ a0: 7n, satp: 0x8000000000087f6en })[name],
  symbol: (name, pid) => name === "main" ? BigInt(pid ?? 1) * 0x1000n : undefined,
  call: (name, args, pid) =>
    ({ pa: args[0] + 0x80000000n + BigInt(pid ?? 0), va: args[0], u64: args[0] * 2n })[name],
  variable: () => undefined,
  type: () => undefined,
  inlined: () => undefined,
  line: (file, line) => ({ addresses: [0x1000n + BigInt(line)], file, line }),
  c: {} as Resolver["c"],
  spaces: () => ({}),
  place: undefined,
  last: 0n,
  returned: () => undefined,
  names: () => ["main", "pa", "va", "u64", "$a0", "$satp"],
};

/** A shell that keeps what it says. */
export interface Captured {
  shell: Shell;
  out: string;
  err: string;
  files: Map<string, string>;
  host: Host;
}

/** A computer without programs, whose history nobody asks for. */
export const computer = {
  hasProgram: (_name: string) => false,
  history: { start: () => {}, begin: () => () => {} },
} as unknown as Vm;

/** A shell on the fakes. */
export function captured(
  options: { json?: boolean; color?: boolean; width?: number } = {},
): Captured {
  const session = newSession(computer, {
    json: false,
    keepGoing: false,
    budget: undefined,
    ...options,
  }, {
    color: options.color ?? false,
    interactive: false,
    history: () => ["ps", "pte 0x4000"],
  });
  let now = 0;
  const files = new Map<string, string>();
  const c: Captured = {
    out: "",
    err: "",
    files,
    host: {
      output: {
        out: (text) => void (c.out += text),
        err: (message) => void (c.err += message + "\n"),
        progress: () => {},
        width: () => options.width,
      },
      files: {
        read: (path) => {
          const text = files.get(path);
          if (text === undefined) throw new CommandError(`${path}: no such file`, 5);
          return Promise.resolve(new TextEncoder().encode(text));
        },
        check: () => {},
        write: (path, bytes) => void files.set(path, new TextDecoder().decode(bytes)),
        grow: (path) => {
          throw new CommandError(`${path}: no such directory`, 5);
        },
      },
      breathe: () => Promise.resolve(),
      clock: () => now += 3,
      guestInput: (body) =>
        body({ take: () => new Uint8Array(), ended: true, wait: () => Promise.resolve() }),
    },
    shell: undefined as unknown as Shell,
  };
  c.shell = new Shell(
    session,
    c.host,
    undefined,
    FAKES,
    () => ({ ...NAMES, place: session.place, last: session.last }),
  );
  return c;
}

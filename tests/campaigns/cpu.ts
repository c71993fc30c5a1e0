/**
 * `deno task campaign cpu`: our hart against QEMU's, instruction for instruction in effect: random programs, see
 * cpu_program.ts, whose whole state is folded into one number at each trap and after each round of each block.
 *
 * @module
 */

import type { PaNum } from "../../src/vm/machine/address.ts";
import { parseElf } from "../../src/vm/machine/elf.ts";
import { disassemble } from "../../src/vm/machine/isa/disassemble.ts";
import { isLong } from "../../src/vm/machine/isa/decode.ts";
import { type Compile, Machine } from "../../src/vm/machine/machine.ts";
import { qemu } from "../isa/programs.ts";
import { type Campaign, Random } from "./campaign.ts";
import { DUMP_LINES, nameOfDumped } from "./cpu_harness.ts";
import { makeProgram, type Program } from "./cpu_program.ts";

/** What QEMU 7.2 does otherwise, and why the programs keep away from it. */
export const KNOWN_DIFFERENCES: readonly { what: string; specification: string; qemu: string }[] = [
  {
    what: "a store across a page end whose second page faults",
    specification:
      "privileged 3.1.17: mtval names the portion that faulted; here nothing is stored",
    qemu: "the first page's bytes are stored",
  },
  {
    what: "the trap value of a misaligned access to where there is no memory",
    specification: "privileged 3.1.17: the portion that faulted; here the access's address",
    qemu: "an aligned address around it",
  },
  {
    what: "SC to a misaligned address",
    specification:
      'A, 8.2: "an address-misaligned exception or an access-fault exception will be generated"',
    qemu: "fails without a trap",
  },
  {
    what: "SC without a reservation to a page that may not be stored to",
    specification:
      "leaves open whether an SC that fails looks at the page; here it does, and sets D",
    qemu: "fails without a look",
  },
  {
    what: "SC after a store by the same hart to the reserved bytes",
    specification: "A, 8.2: an SC may succeed, as ours does, or fail",
    qemu: "fails when the value was changed",
  },
  {
    what: "mtval of an ebreak",
    specification: "privileged 3.1.17: zero or the instruction's address; here the address",
    qemu: "zero",
  },
  {
    what: "AMO where there is no memory",
    specification: 'privileged, table 3.6: "Store/AMO access fault"',
    qemu: "load access fault",
  },
  {
    what: "a page table where there is no memory",
    specification: 'privileged 4.3.2, step 2: "raise an access-fault exception"',
    qemu: "page fault",
  },
  {
    what: "mepc and sepc written with an odd address",
    specification: 'privileged 3.1.14: "The low bit of mepc (mepc[0]) is always zero"',
    qemu: "kept until xRET",
  },
  {
    what: "CSRRS and CSRRC on a read-only CSR with a register that holds 0",
    specification:
      'Zicsr: "if rs1 specifies a register holding a zero value other than x0, the instruction will still attempt to write"',
    qemu: "no trap",
  },
  {
    what: "mstatus.MPP = 2, UXL = 3, medeleg[11], mideleg of M's interrupts, MPRV after xRET",
    specification: "privileged 3.1.6, 3.1.8: legal values only; xRET to less than M clears MPRV",
    qemu: "taken as written; MPRV kept",
  },
  {
    what: "instret, cycle and time",
    specification: "instret counts what retires",
    qemu: "the host's clock",
  },
  {
    what:
      "a claim at the PLIC under the threshold, and a completion by a context without the source",
    specification:
      'PLIC 1.0, 9: "not affected by the setting of the priority threshold register"; 10: "silently ignored"',
    qemu: "no claim; completed",
  },
];

/** Blocks of a program, and how often each is run. */
const BLOCKS = 150, ROUNDS = 10;
/** Instructions that the harness takes for a fold and for one of memory, at most: they are not counted. */
const FOLD = 260, MEMORY_FOLD = 10_700;
const BUDGET = 2_000_000_000;

/** The campaign. */
export const cpu: Campaign = {
  name: "cpu",
  about: "random programs in M, S and U mode, against QEMU",
  unit: "instructions",
  count: 100_000_000,
  needs: ["qemu-system-riscv64"],
  async run(task) {
    for (let left = task.count; left > 0;) {
      const seed = task.random.below(2 ** 32);
      const make = (stop: number) => makeProgram(new Random(seed), BLOCKS, ROUNDS, stop);
      const [here, there] = await onBoth(make(0));
      if (here.said !== there) throw new Error(await explain(make, here.said, there));
      const folds = parseInt(there.trimEnd().split("\n").at(-1)!, 16);
      const own = here.instret - folds * FOLD - BLOCKS * MEMORY_FOLD;
      left -= own;
      task.done(own);
    }
  },
};

/** A machine at a program's first instruction. */
export function loaded(file: Uint8Array, compile: Compile): Machine {
  const machine = new Machine({ compile });
  const elf = parseElf(file);
  for (const { paddr, bytes } of elf.segments) machine.ram.write(Number(paddr) as PaNum, bytes);
  machine.hart.pc = elf.entry;
  return machine;
}

/** A program's output on our machine, with the instructions it took; interpreted unless given. */
export function onOurs(
  { file }: Pick<Program, "file">,
  compile: Compile = "never",
  budget = BUDGET,
): { said: string; instret: number } {
  const machine = loaded(file, compile);
  const stop = machine.run(budget);
  const said = new TextDecoder().decode(machine.uart.take());
  const end = `ended by ${stop.kind} at ${machine.hart.pc.toString(16)}\n`;
  return { said: stop.kind === "finisher" ? said : said + end, instret: machine.instret };
}

/**
 * The same, and its output on QEMU. Throws when our two tiers do not agree: see tests/machine/tiers, which says where
 * they part.
 */
export async function onBoth(
  program: Pick<Program, "file">,
): Promise<[ReturnType<typeof onOurs>, string]> {
  const path = await Deno.makeTempFile({ suffix: ".elf" });
  try {
    await Deno.writeFile(path, program.file);
    const ours = onOurs(program), compiled = onOurs(program, "always");
    if (compiled.said !== ours.said || compiled.instret !== ours.instret) {
      throw new Error(`interpreted:\n${ours.said}compiled:\n${compiled.said}`);
    }
    return [ours, (await qemu(path, 120)).said];
  } finally {
    await Deno.remove(path);
  }
}

/** Where the two part: the block, and the first fold after which anything differs, with what differs then. */
async function explain(
  make: (stop: number) => Program,
  here: string,
  there: string,
): Promise<string> {
  const [ours, theirs] = [here.split("\n"), there.split("\n")];
  const number = ours.findIndex((line, i) => line !== theirs[i]);
  const block = make(0).blocks[number];
  const said = [`block ${number} (${block?.mode}): ${ours[number]}, on QEMU ${theirs[number]}`];
  // What is printed at a fold, without the blocks before and the number of folds behind.
  const dumps = async (stop: number) => {
    const [a, b] = await onBoth(make(stop));
    return [a.said, b].map((text) => text.split("\n").slice(-DUMP_LINES - 2, -2));
  };
  let low = 0,
    high = Math.max(...[ours, theirs].map((all) => parseInt(all.at(-2) ?? "0", 16) || 0));
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const [a, b] = await dumps(middle);
    if (a!.join() === b!.join()) low = middle;
    else high = middle;
  }
  const [a, b] = await dumps(high);
  a!.forEach((line, i) => {
    if (line !== b![i]) said.push(`fold ${high}: ${nameOfDumped(i)} is ${line}, on QEMU ${b![i]}`);
  });
  said.push(...nearby(block, a!));
  return said.join("\n");
}

/** The dump's mepc and sepc, and the block's instructions. */
function nearby(block: Program["blocks"][number] | undefined, dump: readonly string[]): string[] {
  const lines = dump.flatMap((line, i) =>
    /epc/.test(nameOfDumped(i)) ? [`${nameOfDumped(i)}: ${line}`] : []
  );
  if (block === undefined) return lines;
  const { start, bytes } = block;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = 0; at < bytes.length;) {
    const low = view.getUint16(at, true), length = isLong(low) ? 4 : 2;
    const word = length === 4 ? view.getUint32(at, true) : low;
    lines.push(`${(start + at).toString(16)}: ${disassemble(word, BigInt(start + at)).text}`);
    at += length;
  }
  return lines;
}

/** A computer with a kernel of its own, as its face asks it. */

import type { Guest, GuestStep } from "./guest.ts";
import { GuestChanges, type GuestVmState, madeOf } from "./guest_changes.ts";
import type { GuestStop } from "./guest_traps.ts";
import { GuestEach } from "./guest_each.ts";
import { GuestCalls } from "./guest_calls.ts";
import { invoke } from "./guest_invoke.ts";
import { GuestHands } from "./guest_hands.ts";
import { GuestRun } from "./guest_run.ts";
import { Witness } from "./guest_witness.ts";
import { checkRights } from "./guest_rights.ts";
import { guestVerdict } from "./guest_verdict.ts";
import { GuestPrograms } from "./guest_programs.ts";
import { countRange } from "./guest/count_stores.ts";
import { TOLD_BY } from "./guest/given.ts";
import { kernelFunctions } from "./guest/functions.ts";
import { Current } from "./guest/current.ts";
import { GuestEvents, toldIn } from "./guest/events.ts";
import { lastStores } from "./guest/stores.ts";
import { ledTo } from "./guest/led_to.ts";
import { frameTrail, type TrailPlaces } from "./guest/trail.ts";
import { GuestView, rootOn } from "./guest/view.ts";
import { EPC, REGISTERS } from "./guest/xv6.ts";
import { audit } from "./inspect/audit.ts";
import type { Finding } from "./inspect/finding.ts";
import { savedTables } from "./inspect/diff.ts";
import { type DiskSource, fsck, FsError } from "./disk.ts";
import { hardwareVerdicts, physicalVerdicts } from "./inspect/hardware_verdict.ts";
import {
  bareTranslation,
  kernelTranslation,
  type Translation,
  translation,
} from "./inspect/translation.ts";
import { mappedCounts, mappingsTo } from "./inspect/mappings.ts";
import { usage } from "./inspect/usage.ts";
import { KernelError } from "./kernel/manual.ts";
import type { KernelStop } from "./kernel/run.ts";
import { FileTree } from "./kernel/files/tree.ts";
import { openXv6fs } from "./kernel/files/xv6fs/xv6fs.ts";
import { hex, PAGE_SIZE, type PaNum, type Va } from "./machine/address.ts";
import { MSTATUS } from "./machine/hart/csr_state.ts";
import type { Hart } from "./machine/hart/hart.ts";
import { REGISTER_NAMES } from "./machine/isa/register_names.ts";
import type { Machine } from "./machine/machine.ts";
import type { MachineState } from "./machine/machine_state.ts";
import { makeSatp } from "./machine/sv39.ts";
import { type Computer, guestPartsOf, type RegisterFile } from "./parts.ts";
import { isGuests, whose } from "./state.ts";
import type { Attached } from "./attached.ts";
import { type BootOptions, Vm } from "./vm.ts";

/** What processes do that do not wait for anything. */
const RUNS = ["made", "runnable", "running"];

/** What is known of a guest from outside. */
interface FaceOptions {
  /**
   * What the program of manual processes is called on its disk; undefined: it is not there, and
   * nothing can be done by hand.
   */
  readonly hand?: string | undefined;
  readonly attached?: Attached;
  /** Opens a shell on it, for {@link Vm.interact}. */
  readonly interact?: BootOptions["interact"];
}

const faces = new WeakMap<Guest, Vm>();
/** What only this room knows of a guest's face. */
interface Inside {
  readonly guest: Guest;
  readonly changes: GuestChanges;
  readonly view: () => GuestView;
}

const insides = new WeakMap<Guest, Inside>();
const guests = new WeakMap<Vm, Guest>();

/** The guest of a face. Throws a KernelError for a computer with the built-in kernel. */
export function guestOf(vm: Vm): Guest {
  const guest = guests.get(vm);
  if (guest === undefined) throw new KernelError("this computer has the built-in kernel");
  return guest;
}

/**
 * While a guest's past is gone through again, or something is done by hand, `asked` is called now
 * and then: true ends that by {@link Interrupted}, and all is as it was before. Undefined: nobody is
 * asked. Of another computer nothing is.
 */
export function askMeanwhile(vm: Vm, asked: (() => boolean) | undefined): void {
  const guest = guests.get(vm);
  if (guest !== undefined) guestPartsOf(guest).history.asked = asked;
}

/** A line for a guest's sh, typed and to be run in slices. Throws a KernelError where none reads. */
export function typeProgram(vm: Vm, words: readonly string[]): GuestRun {
  return new GuestRun({ vm, ...insides.get(guestOf(vm))! }, words);
}

/**
 * Runs a guest's next slice, to the breakpoints and watchpoints that were set on its face: as
 * {@link Guest.slice}, and where it stopped at one of them.
 */
export function sliceToStops(
  guest: Guest,
  length: number,
): GuestStep & { readonly stop: KernelStop | GuestStop | undefined } {
  const changes = insides.get(guest)?.changes;
  if (changes === undefined || changes.stops.breakpoints.points.length === 0) {
    return { ...guest.slice(length), stop: undefined };
  }
  const stop = changes.slice(length);
  const end = stop?.kind === "off"
    ? { end: "exit" as const, code: stop.code }
    : stop?.kind === "stuck"
    ? { end: "stuck" as const, code: -1 }
    : undefined;
  return { end, doing: guest.doing, idle: guest.idle, stop };
}

/**
 * The face of a computer that runs a kernel of its own: the questions that one can ask of any
 * computer, live; one for each guest. What only the built-in kernel can do throws a KernelError.
 *
 * @param made What whoever attached it says of it.
 */
export function vmOver(guest: Guest, made: FaceOptions = {}): Vm {
  const known = faces.get(guest);
  if (known !== undefined) return known;
  const { hand, attached, interact } = made;
  const options = interact === undefined ? {} : { interact };
  const vm = new Vm(options, guestComputer(guest, hand, attached));
  faces.set(guest, vm);
  guests.set(vm, guest);
  return vm;
}

function guestComputer(
  guest: Guest,
  hand: string | undefined,
  attached: Attached | undefined,
): Computer {
  const parts = guestPartsOf(guest);
  const { machine, elf, history } = parts;
  const changes: GuestChanges = new GuestChanges(
    guest,
    parts,
    () => view,
    () => listening,
  );
  const { ram } = machine;
  const disk = guestDisk(machine);
  // Another object, too, when a person has said something about the kernel.
  const moment = () => view.now;
  const programs: GuestPrograms = new GuestPrograms(disk, ram, () => view, moment);
  const view: GuestView = new GuestView(
    history,
    elf,
    (pid) => programs.symbols(pid),
    () => programs.has("forktest") ? "forktest" : "echo",
  );
  const savedView = (state: { readonly machine: MachineState }, followed?: object) =>
    view.saved(state.machine, savedTables(state.machine.ram), followed && toldIn(followed));
  const calls = new GuestCalls((name) => programs.file(name));
  const acts = new GuestHands({
    guest,
    machine,
    changes,
    view: () => view,
    calls,
    witness: new Witness(history, () => view, () => listening, ram, savedView),
    hand,
  });
  changes.stands = (pid) => acts.isManual(pid);
  insides.set(guest, { guest, changes, view: () => view });
  const current = new Current(ram, () => view.known, () => view.now);
  const worker = (hart: Hart) => current.pid(hart);
  const counts = () => {
    const { value } = view.learner.watched.counts;
    return value ? countRange(ram, value) : undefined;
  };
  const listening = new GuestEvents(history, () => view.known, counts, calls);
  const audited = (holds?: (one: Finding) => boolean) =>
    audit(
      view,
      ram,
      machine.harts.filter((hart) => view.runsUser(hart)).map(({ mmu }) => mmu),
      (_, say) => checkRights(view, ram, (pid) => programs.symbols(pid), say),
      holds,
    );
  const trail = (places: TrailPlaces) => {
    const { start, end } = view.known.symbols;
    const isCode = (at: bigint) => at >= BigInt(start) && at < BigInt(end);
    return frameTrail(history, { pid: worker, isCode }, places);
  };
  parts.observer.given = () => {
    if (view.known.given.processes === undefined) return undefined;
    const { layout, slots } = view.now;
    const table = layout && { start: layout.start, size: layout.records * layout.stride };
    return { table, works: slots.some(({ state }) => state !== undefined && RUNS.includes(state)) };
  };
  const mapped = eachMoment(moment, () => mappedCounts(view, ram));
  return {
    guest: true,
    attached,
    machine,
    get kernel(): never {
      throw new KernelError("the guest's own kernel cannot be told that from outside");
    },
    view,
    loaded: new Map(),
    made: madeOf(parts),
    policy: "the guest's own",
    changes,
    disk,
    stops: changes.stops,
    acts,
    ticks: () => view.ticks(),
    listening,
    happened: (past) => {
      if (past) listening.lookBack();
      else listening.listen();
      return listening.log;
    },
    *images() {
      yield { name: "kernel", symbols: view.known.symbols };
      yield* programs.all();
    },
    failAllocation: (n) => {
      const { allocators } = kernelFunctions(view.known.symbols);
      if (allocators.length === 0) {
        throw new KernelError("failAllocation: the guest's kernel has no function kalloc");
      }
      history.failCall(allocators.map(({ start }) => start), n);
    },
    countPlace: (frame) => view.countPlace((frame - frame % PAGE_SIZE) as PaNum),
    invoke: (entry, args) => invoke(parts, view, entry, args),
    lastStores: (start, length, most) => {
      if (!ram.contains(start, length)) {
        throw new RangeError(`${length} bytes at ${hex(start)} are not in RAM`);
      }
      if (history.span === undefined) {
        throw new RangeError("nothing is recorded: who stored is lost");
      }
      return lastStores(history, start, length, most, worker);
    },
    forks: () => {
      listening.lookBack();
      return listening.forks;
    },
    translate: (pid, at) => translate(machine, view, pid, at, (inum) => programs.nameOf(inum)),
    registers: (pid) => registersOf(guest, machine, view, pid),
    usage: (pid) => {
      const root = view.rootOf(pid);
      if (root === undefined) throw new KernelError(`pid ${pid} has no page table now`);
      return usage(view, ram, root, mapped());
    },
    setRegister: (hart, name, value) => guest.debug.setRegister(hart, name, value),
    type: (bytes) => guest.type(bytes),
    audit: () => audited(),
    giveFacts: (texts) => {
      const names = view.give(texts);
      changes.each?.anew();
      if (names.some((name) => TOLD_BY.includes(name))) listening.anew();
    },
    trail: (frame, content, since) => {
      const ptes = mappingsTo(view, ram, frame).map(({ pteAddr }) => Number(pteAddr) as PaNum);
      const places = { frame, count: view.countPlace(frame), ptes, content };
      if (since === undefined || history.span === undefined) return trail(places);
      const lost = history.inThePast(() => {
        history.goto(since);
        const heads = (view.now.freeLists ?? []).map(({ head }) => head);
        return { ...ledTo(view.now, frame), since, heads };
      });
      return trail({ ...places, lost });
    },
    auditEach: (each) => {
      changes.each?.close();
      return changes.each = each &&
        new GuestEach(parts, view, each, {
          audit: audited,
          mayWrite: (pid, va) => programs.mayWrite(pid, va),
          trail,
        });
    },
    census: () => censusOf(view),
    savedView: (state) => {
      if (!isGuests(state)) throw new RangeError(`diff: ${whose(state)}`);
      return savedView(state, (state as GuestVmState).guest.followed);
    },
    restore: (state) => changes.restore(state),
    reset: () => {
      // At the prompt it is learned what nobody sees before the first fork.
      void view.learner.watched;
      changes.reset();
    },
  };
}

/** What is worked out once as long as nothing changes. */
function eachMoment<T>(moment: () => object, body: () => T): () => T {
  let known: { readonly at: object; readonly value: T } | undefined;
  return () => {
    const at = moment();
    if (known?.at !== at) known = { at, value: body() };
    return known.value;
  };
}

function censusOf(view: GuestView) {
  const { frames } = view;
  const kinds: Record<string, number> = {};
  for (let i = 0; i < frames.total; i++) {
    const kind = frames.kind((frames.first + i * PAGE_SIZE) as PaNum) ?? "unknown";
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return { free: frames.free(), total: frames.total, lowest: undefined, kinds };
}

/**
 * How an address is translated, and what the hardware says to accesses: those of a process in user
 * mode; of pid 0, the kernel's with the rights that its hart has now.
 */
function translate(
  machine: Machine,
  view: GuestView,
  pid: number,
  at: Va,
  nameOf: (inum: number) => string | undefined,
): Translation {
  const { ram, hart, mmu, bus } = machine;
  const root = view.rootOf(pid);
  if (root === undefined) {
    const there = (frame: number) => mmu.isRam(frame) || bus.hasPage(frame);
    return bareTranslation(view, ram, "kernel", at, physicalVerdicts(there, at));
  }
  if (pid !== 0) {
    const verdicts = hardwareVerdicts(ram, root.root, at).map((one) =>
      guestVerdict(one, view, ram, root, at, nameOf)
    );
    return translation(view, ram, root, at, verdicts);
  }
  const { mstatus } = hart;
  const [sum, mxr] = [MSTATUS.SUM, MSTATUS.MXR].map((bit) => (mstatus & bit) !== 0);
  return kernelTranslation(view, ram, at, root, { user: false, sum, mxr })!;
}

/** Of a process in user mode, and of pid 0, a hart's; else what its trapframe holds. */
function registersOf(
  guest: Guest,
  machine: Machine,
  view: GuestView,
  pid: number,
): RegisterFile {
  if (pid === 0) return hartRegisters(guest, machine.hart);
  const process = view.process(pid);
  if (process === undefined) throw new KernelError(`no process ${pid}: it is gone`);
  const hart = machine.harts.find((one) => one.mode === 0 && rootOn(one) === process.root);
  if (hart !== undefined) return hartRegisters(guest, hart);
  const { trapframe, root } = process;
  if (trapframe === undefined || root === undefined) {
    throw new KernelError(`the registers of pid ${pid} are unknown: no trapframe of it is known`);
  }
  const { ram } = machine;
  return {
    pc: ram.read64((trapframe + EPC) as PaNum),
    satp: makeSatp(root),
    get: (n) => n === 0 ? 0n : ram.read64((trapframe + REGISTERS + 8 * (n - 1)) as PaNum),
    set: (n, value) => {
      const bytes = new Uint8Array(new BigUint64Array([value]).buffer);
      const at = BigInt(trapframe + REGISTERS + 8 * (n - 1));
      guest.debug.write(machine.hart.hartid, "pa", at, bytes);
    },
  };
}

function hartRegisters(guest: Guest, hart: Hart): RegisterFile {
  return {
    pc: hart.pc,
    satp: hart.satp,
    get: (n) => hart.x(n),
    set: (n, value) => void guest.debug.setRegister(hart.hartid, REGISTER_NAMES[n], value),
  };
}

/** The guest's disk as it is now; names on it as a mount would find them, on a copy. */
function guestDisk({ virtio }: Machine): DiskSource {
  return {
    get image() {
      return virtio?.image;
    },
    fat: undefined,
    get tree() {
      return virtio && new FileTree(openXv6fs(virtio.image.slice()));
    },
    check() {
      if (virtio === undefined) throw new FsError("the guest has no disk");
      return fsck(virtio.image);
    },
  };
}

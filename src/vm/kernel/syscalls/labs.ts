/**
 * The calls that xv6's labs have students add, as each lab's own test wants them; those of labs
 * about what this computer lacks say so.
 */

import { copyout } from "../memory/faults/copyin.ts";
import { procs, spaceOf } from "../process/table.ts";
import { print } from "../console.ts";
import { PAGE_SIZE } from "../../machine/address.ts";
import type { CallName } from "../abi.ts";
import type { Kernel } from "../kernel.ts";
import { returnFromAlarm, setAlarm } from "../process/alarm.ts";
import type { Proc } from "../process/proc.ts";
import { absent, argAddress, argInt, argument, call } from "./call.ts";
import { fetchPath } from "./strings.ts";

/** trace(mask), syscall lab: calls whose bit is set print a line at return, in children too. */
export const traceCall = call("trace", "int mask", (k, p) => {
  p.traceMask = argInt(k, p, 0);
  return 0;
});

/** trace's line, when the mask has the call's bit; with the name that the program uses. */
export function printCall(k: Kernel, p: Proc, number: number, name: string, result: number): void {
  if (number < 0 || number > 31 || ((p.traceMask >>> number) & 1) === 0) return;
  print(k, `${p.pid}: syscall ${name} -> ${result}\n`);
}

/** sysinfo(&info), syscall lab: `struct { uint64 freemem, nproc; }`, bytes and processes. */
export const sysinfoCall = call("sysinfo", "address info", (k, p) => {
  const address = argAddress(k, p, 0);
  if (address === undefined) return -1;
  const words = BigUint64Array.of(BigInt(k.state.frames.free * PAGE_SIZE), BigInt(procs(k).length));
  return copyout(k, spaceOf(k, p), address, new Uint8Array(words.buffer)) ? 0 : -1;
});

/** sigalarm(ticks, handler), traps lab: calls the handler each so many ticks of its own time. */
export const sigalarmCall = call("sigalarm", "int ticks, address handler", (k, p) => {
  const ticks = argInt(k, p, 0);
  if (ticks < 0) return -1;
  setAlarm(p, ticks, argument(k, p, 1));
  return 0;
});

/** sigreturn(), traps lab: back to where the timer interrupted, with all registers. */
export const sigreturnCall = call("sigreturn", "", (k, p) => returnFromAlarm(k, p), "registers");

/** interpose(mask, path), syscall lab of 2025: masked calls fail, but open and exec of `path`. */
export const interposeCall = call("interpose", "int mask, path path", (k, p) => {
  const path = fetchPath(k, p, 1);
  if (path === undefined) return -1;
  p.interposed = { mask: argInt(k, p, 0), path };
  return 0;
});

/** Whether the sandbox that a process is in makes this call fail. */
export function isForbidden(k: Kernel, p: Proc, number: number, name: CallName): boolean {
  if (p.interposed === undefined) return false;
  const { mask, path } = p.interposed;
  if (number > 31 || ((mask >>> number) & 1) === 0) return false;
  return (name !== "open" && name !== "exec") || fetchPath(k, p, 0) !== path;
}

const NO_NET = "is of the net lab; this kernel has no network";
const NO_LOCKS = "is of the lock lab; this kernel runs on one hart and has no locks";
const NO_CRASHES = "is of the crash lab of 2019; this kernel has one disk, which does not crash";

/** connect(ip, source port, destination port), net lab until 2023. */
export const connectCall = absent("connect", "int ip, int sport, int dport", NO_NET);
/** bind(port), net lab since 2024. */
export const bindCall = absent("bind", "int port", NO_NET);
/** unbind(port), net lab since 2024. */
export const unbindCall = absent("unbind", "int port", NO_NET);
/** send(source port, destination, destination port, buffer, length), net lab since 2024. */
export const sendCall = absent("send", "int sport, int dst, int dport, in buf, size len", NO_NET);
/** recv(port, &source, &source port, buffer, length), net lab since 2024. */
export const recvCall = absent(
  "recv",
  "int dport, address src, address sport, address buf, size max",
  NO_NET,
);
/** ntas(): test-and-sets that failed, lock lab of 2019. */
export const ntasCall = absent("ntas", "int reset", NO_LOCKS);
/** rwlktest(), lock lab of 2025. */
export const rwlktestCall = absent("rwlktest", "", NO_LOCKS);
/** cpupin(hart), lock lab of 2025. */
export const cpupinCall = absent("cpupin", "int hart", NO_LOCKS);
/** crash(path, after), fs labs of 2019. */
export const crashCall = absent("crash", "path path, int after", NO_CRASHES);
/** mount(device, path), fs labs of 2019. */
export const mountCall = absent("mount", "path dev, path path", NO_CRASHES);
/** umount(path), fs labs of 2019. */
export const umountCall = absent("umount", "path path", NO_CRASHES);

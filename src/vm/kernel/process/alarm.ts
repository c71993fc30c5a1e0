/**
 * sigalarm and sigreturn of the traps lab: every so many ticks of its own, a process is taken to a
 * handler, and from there back to where the timer interrupted it, with all its registers.
 */

import { offset, type PaNum } from "../../machine/address.ts";
import type { Kernel } from "../kernel.ts";
import type { Alarm, Proc } from "./proc.ts";
import { A0, EPC, readRegister, TRAPFRAME_SIZE, writeEpc, writeNumber } from "./trapframe.ts";

/** sigalarm(interval, handler): starts anew; 0 ends it. A running handler may still return. */
export function setAlarm(p: Proc, interval: number, handler: bigint): void {
  const saved = p.alarm?.saved;
  p.alarm = interval === 0 && saved === undefined
    ? undefined
    : { interval, handler, left: interval, saved };
}

/**
 * One tick of the alarm, at the timer in user mode. The handler is not called again before it has
 * returned; ticks meanwhile do not count.
 */
export function alarmTick(k: Kernel, p: Proc): void {
  const { alarm } = p;
  if (alarm === undefined || alarm.interval === 0 || alarm.saved !== undefined) return;
  if (--alarm.left > 0) return;
  alarm.left = alarm.interval;
  const { ram } = k;
  alarm.saved = ram.bytes(userPart(p), TRAPFRAME_SIZE - EPC).slice();
  writeEpc(ram, p.trapframe, alarm.handler);
  k.events.note("alarm", p.pid, alarm.interval, "");
}

/** The alarm of a child of fork: none, but a handler inside which it was made can return. */
export function alarmOfChild(parent: Proc): Alarm | undefined {
  const { alarm } = parent;
  return alarm?.saved && { ...alarm, interval: 0 };
}

/** sigreturn(): registers and pc as at the timer; a0 is its result. -1 when no handler runs. */
export function returnFromAlarm(k: Kernel, p: Proc): number {
  const { alarm } = p;
  const { ram } = k;
  if (alarm?.saved === undefined) {
    writeNumber(ram, p.trapframe, A0, -1);
    return -1;
  }
  ram.write(userPart(p), alarm.saved);
  alarm.saved = undefined;
  if (alarm.interval === 0) p.alarm = undefined;
  return Number(BigInt.asIntN(53, readRegister(ram, p.trapframe, A0)));
}

function userPart(p: Proc): PaNum {
  return offset(p.trapframe, EPC);
}

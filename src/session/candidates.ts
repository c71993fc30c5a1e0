/** What completion offers by the computer's state: programs, processes, addresses, symbols. */

import { hex } from "../vm/machine/address.ts";
import { REGISTER_NAMES } from "../vm/machine/isa/register_names.ts";
import { CSR_NAMES } from "../vm/registers.ts";
import type { ArgKind, Session } from "../framework/command.ts";
import { symbolsOf } from "../vm/symbols.ts";

/** A word with a phrase beside it. */
interface Offer {
  text: string;
  doc?: string;
}

/** Everything that an argument of this kind may be right now; nothing for kinds that are free. */
export function candidatesOf(session: Session, kind: ArgKind): Offer[] {
  const { vm } = session;
  switch (kind) {
    case "program":
      return vm.programNames().map((text) => ({ text }));
    case "pid":
      return vm.processes().map((p) => ({ text: `${p.pid}`, doc: p.name }));
    case "register":
      return [...REGISTER_NAMES.slice(1), "pc", ...CSR_NAMES]
        .filter((text) => !text.startsWith("hpm") && !text.startsWith("mhpm"))
        .map((text) => ({ text }));
    case "va":
    case "symbol":
      return [...addresses(session), ...symbols(session)];
    case "pa":
      return frames(session);
    case "snapshot": {
      const taken = session.store.get("snap");
      return taken instanceof Map ? [...taken.keys()].map((text) => ({ text: String(text) })) : [];
    }
    default:
      return [];
  }
}

function areas(session: Session) {
  return session.vm.hasProcess(session.pid) ? session.vm.process(session.pid).vmmap() : [];
}

/** Where the current process's areas begin, the heap's last page, too. */
function addresses(session: Session): Offer[] {
  return areas(session).map((a) => ({
    text: hex(a.start),
    doc: `${a.kind} ${a.perm}`,
  }));
}

function symbols(session: Session): Offer[] {
  return [...symbolsOf(session.vm, session.pid)].map(([text, value]) => ({
    text,
    doc: hex(value),
  }));
}

/** The frames at the areas' beginnings, where there are any. */
function frames(session: Session): Offer[] {
  if (!session.vm.hasProcess(session.pid)) return [];
  const handle = session.vm.process(session.pid);
  return areas(session).flatMap((a) => {
    const frame = handle.frame(a.start);
    return frame === undefined ? [] : [{ text: `${frame}`, doc: `${a.kind} ${hex(a.start)}` }];
  });
}

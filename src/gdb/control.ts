/** Who goes on and how, and for how long gdb stays: `c`, `s`, `vCont`, `bc`, `bs`, `D`, `k` … */

import { type Dialog, ERROR, type Handler } from "./dialog.ts";
import { hexNumber } from "./hex.ts";
import { type Move, readActions, threadName } from "./moves.ts";
import { interrupted } from "./stops.ts";

function go(dialog: Dialog, move: Move | undefined): string | undefined {
  if (move === undefined) return ERROR.malformed;
  dialog.move = move;
  return undefined;
}

/** The hart that a packet without a thread of its own moves. */
const moverOf = (dialog: Dialog) => dialog.mover ?? dialog.hart;

/** `c` and `s`, with an address to go on at when one is given, `C` and `S` with a signal, too. */
function resume(step: boolean, signal: boolean): Handler {
  return (dialog, rest) => {
    const form = signal ? /^[0-9a-fA-F]{2}(?:;(.+))?$/s : /^(.+)?$/s;
    const match = form.exec(rest);
    if (match === null) return ERROR.malformed;
    const hart = moverOf(dialog);
    if (match[1] !== undefined) {
      const pc = hexNumber(match[1]);
      if (pc === undefined) return ERROR.malformed;
      if (!dialog.target.setRegister(hart, "pc", pc)) return ERROR.fails;
    }
    const all = { only: undefined, range: undefined, alone: false };
    return go(dialog, step ? { kind: "step", hart, ...all } : { kind: "run", only: undefined });
  };
}

const actions: Handler = (dialog, rest) =>
  go(dialog, readActions(rest, dialog.target.harts, moverOf(dialog)));

const back = (step: boolean): Handler => (dialog, rest) => {
  if (rest !== "") return ERROR.malformed;
  if (!dialog.target.reversible) return "";
  return go(dialog, step ? { kind: "backstep", hart: moverOf(dialog) } : { kind: "back" });
};

/** `Hg` and `Hc`: whom later packets are about. */
const choose: Handler = (dialog, rest) => {
  const name = threadName(rest.slice(1));
  if (name === undefined || !/^[gc]/.test(rest)) return ERROR.malformed;
  if (typeof name === "number" && name >= dialog.target.harts) return ERROR.malformed;
  if (rest[0] === "c") dialog.mover = typeof name === "number" ? name : undefined;
  else if (typeof name === "number") dialog.hart = name;
  return "OK";
};

const isAlive: Handler = ({ target, life }, rest) => {
  const name = threadName(rest);
  return typeof name === "number" && name < target.harts && life === "alive"
    ? "OK"
    : ERROR.malformed;
};

/** `D`, or `D;` and the process that all is: gdb goes, the guest runs on. */
const detach: Handler = (dialog, rest) => {
  if (rest !== "" && !/^;[0-9a-fA-F]+$/.test(rest)) return ERROR.malformed;
  dialog.over = true;
  return "OK";
};

/** `k` has no answer. */
const kill: Handler = (dialog) => {
  dialog.life = "killed";
  dialog.over = true;
  return undefined;
};

/** `vKill`: in extended mode gdb stays, since it may start the guest again. */
const killProcess: Handler = (dialog) => {
  dialog.life = "killed";
  dialog.stop = "W00";
  dialog.over = !dialog.extended;
  return "OK";
};

/** From the first instruction again. */
function restart(dialog: Dialog): string {
  dialog.target.reset();
  dialog.life = "alive";
  dialog.hart = dialog.target.hart;
  dialog.mover = undefined;
  return dialog.stop = interrupted(dialog.hart, "trap");
}

const run: Handler = (dialog) => dialog.extended ? restart(dialog) : "";

/** `R` has no answer. */
const restartSilently: Handler = (dialog) => {
  if (!dialog.extended) return "";
  restart(dialog);
  return undefined;
};

const extend: Handler = (dialog) => {
  dialog.extended = true;
  return "OK";
};

/** The packets, by what they begin with. */
export const CONTROL: Readonly<Record<string, Handler>> = {
  "!": extend,
  "?": ({ stop }) => stop,
  "c": resume(false, false),
  "C": resume(false, true),
  "s": resume(true, false),
  "S": resume(true, true),
  "vCont?": () => "vCont;c;C;s;S;t;r",
  "vCont;": actions,
  "bc": back(false),
  "bs": back(true),
  "H": choose,
  "T": isAlive,
  "D": detach,
  "k": kill,
  "vKill;": killProcess,
  "R": restartSilently,
  "vRun;": run,
  // The guest is what there is to attach to.
  "vAttach;": ({ stop, extended }) => extended ? stop : "",
};

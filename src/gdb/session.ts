/**
 * One gdb's conversation, as a state machine: what came in, and what became of the guest, go in;
 * bytes to send, and what the guest shall do, come out. It touches no socket and never waits.
 */

import type { DebugStop, DebugTarget } from "../vm/debug.ts";
import { ACCESS } from "./access.ts";
import { CONTROL } from "./control.ts";
import { type Dialog, ERROR, type Handler, newDialog } from "./dialog.ts";
import { fromLatin1, latin1, toHex } from "./hex.ts";
import type { Move } from "./moves.ts";
import { ACK, frame, NAK, PACKET_SIZE, type Received } from "./packet.ts";
import { QUERIES } from "./queries.ts";
import { interrupted, stopReplies } from "./stops.ts";

/** Runs the guest on for a slice, as who owns it does; see {@linkcode DebugTarget.run}. */
export type Forward = (only: readonly number[] | undefined) => DebugStop | undefined;

const HANDLERS: Readonly<Record<string, Handler>> = { ...ACCESS, ...CONTROL, ...QUERIES };
/** What packets begin with, the longer before what it begins with itself. */
const NAMES = Object.keys(HANDLERS).sort((a, b) => b.length - a.length);
/** The name at a packet's front: a letter alone, or a word that ends there. */
const nameOf = (text: string) =>
  NAMES.find((name) =>
    text.startsWith(name) && (name.length === 1 || !/^\w\w/.test(text.slice(name.length - 1)))
  );
/** What there is to say when there is no guest any more. */
const WITHOUT_GUEST = /^(!|\?|D|R|v(Run|Kill|Cont\?)|[qQ]|H|T)/;

/** Bytes of a console text in one `O` packet, which takes two digits for each. */
const PIECE = PACKET_SIZE / 4;

/** A conversation with a gdb. It begins with the guest held. */
export class Session {
  readonly #dialog: Dialog;
  #out: Uint8Array[] = [];
  /** The last packet sent, for a peer that asks again. */
  #last: Uint8Array = new Uint8Array();
  #spoke = false;

  constructor(target: DebugTarget) {
    this.#dialog = newDialog(target);
  }

  /** Whether the guest stands still until gdb says otherwise. */
  get holds(): boolean {
    return this.#dialog.move === undefined;
  }

  /** All is said; the connection can be closed. */
  get over(): boolean {
    return this.#dialog.over;
  }

  /** Whether a packet was understood so far. */
  get spoke(): boolean {
    return this.#spoke;
  }

  /** gdb has killed the guest, and has not started it again. */
  get killed(): boolean {
    return this.#dialog.life === "killed";
  }

  /** How the guest ended, while gdb may start it again. */
  get ended(): DebugStop | undefined {
    const { life, extended } = this.#dialog;
    return typeof life === "object" && extended ? life : undefined;
  }

  /** The line of a `monitor` command that waits for {@link Session.answer}. */
  get asked(): string | undefined {
    return this.#dialog.asked;
  }

  /** The bytes to send, once. */
  take(): Uint8Array[] {
    return this.#out.splice(0);
  }

  /** Something came in. */
  receive(got: Received): void {
    switch (got.kind) {
      case "bad":
        return void this.#out.push(NAK);
      case "again":
        if (this.#dialog.acks && this.#last.length > 0) this.#out.push(this.#last);
        return;
      case "break":
        return this.#interrupt();
      case "packet":
        if (this.#dialog.acks) this.#out.push(ACK);
        this.#spoke = true;
        // As in QEMU: whatever is asked of a guest that runs stops it first.
        this.#interrupt();
        return this.#packet(latin1(got.body));
    }
  }

  /** The guest goes on for a slice as gdb wants it; how it stopped, if so. */
  turn(slice: number, forward: Forward): DebugStop | undefined {
    const { move } = this.#dialog;
    const stop = move && (this.#steppedOver(move) ?? this.#go(move, slice, forward));
    if (stop !== undefined) this.stopped(stop);
    return stop;
  }

  /** The guest has stopped, and gdb is told. */
  stopped(stop: DebugStop): void {
    const dialog = this.#dialog;
    if (dialog.move === undefined) return;
    const back = dialog.move.kind === "back" || dialog.move.kind === "backstep";
    dialog.watched = stop.kind === "watch" ? { hart: stop.hart, back } : undefined;
    dialog.move = undefined;
    dialog.hart = stop.hart;
    const replies = stopReplies(stop);
    dialog.stop = replies[replies.length - 1];
    if (stop.kind === "exit") {
      dialog.life = stop;
      dialog.over = !dialog.extended;
    }
    for (const reply of replies) this.#send(reply);
  }

  /** The answer to the `monitor` command that was asked. */
  answer(text: string): void {
    if (this.#dialog.asked === undefined) return;
    this.#dialog.asked = undefined;
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; at += PIECE) {
      this.#send("O" + toHex(bytes.subarray(at, at + PIECE)));
    }
    this.#send("OK");
  }

  /** Whoever runs the guest ends it: gdb is told when it waits to be told something. */
  farewell(code: number): void {
    this.stopped({ kind: "exit", hart: this.#dialog.target.hart, code });
  }

  /** The end: what gdb has set is taken away. */
  close(): void {
    this.#dialog.points.clear();
    this.#dialog.over = true;
  }

  #interrupt(): void {
    const dialog = this.#dialog;
    if (dialog.move === undefined) return;
    dialog.move = undefined;
    dialog.hart = dialog.target.hart;
    dialog.stop = interrupted(dialog.hart, "interrupt");
    this.#send(dialog.stop);
  }

  #packet(text: string): void {
    const reply = this.#answerTo(text);
    if (reply !== undefined) this.#send(reply);
  }

  #answerTo(text: string): string | undefined {
    const dialog = this.#dialog;
    const name = nameOf(text);
    if (name === undefined) return "";
    if (dialog.asked !== undefined) return ERROR.busy;
    if (dialog.life !== "alive" && !WITHOUT_GUEST.test(text)) return ERROR.fails;
    return HANDLERS[name](dialog, text.slice(name.length));
  }

  #send(text: string): void {
    this.#last = frame(fromLatin1(text));
    this.#out.push(this.#last);
  }

  /**
   * gdb takes it that on RISC-V a watchpoint stops the hart before the access, takes its
   * watchpoints away, steps that hart alone by an instruction and then compares. Here, as in QEMU,
   * the access has been done; so has this step, therefore. Without that gdb would show the
   * instruction after the one that is next.
   */
  #steppedOver(move: Move): DebugStop | undefined {
    const { watched } = this.#dialog;
    if (watched === undefined) return undefined;
    this.#dialog.watched = undefined;
    const { hart, back } = watched;
    const over = back ? move.kind === "backstep" : move.kind === "step" && move.alone;
    return over && "hart" in move && move.hart === hart ? { kind: "step", hart } : undefined;
  }

  #go(move: Move, slice: number, forward: Forward): DebugStop | undefined {
    const { target } = this.#dialog;
    switch (move.kind) {
      case "run":
        return forward(move.only);
      case "back":
        return target.reverseRun(slice);
      case "backstep":
        return target.reverseStep(move.hart, slice);
      case "step":
        if (move.range === undefined) return target.step(move.hart, slice, move.only);
        return this.#stepRange(move.hart, move.range, slice, move.only);
    }
  }

  /** Steps a hart until it leaves a range of addresses, or comes to a breakpoint. */
  #stepRange(
    hart: number,
    [start, end]: readonly [bigint, bigint],
    slice: number,
    only: readonly number[] | undefined,
  ): DebugStop | undefined {
    const { target, points } = this.#dialog;
    const until = target.instret + slice;
    for (;;) {
      const left = until - target.instret;
      if (left <= 0) return undefined;
      const stop = target.step(hart, left, only);
      if (stop?.kind !== "step" || stop.hart !== hart) return stop;
      const pc = target.register(hart, "pc")!;
      if (points.breaksAt(pc)) return { kind: "break", hart, pc };
      if (pc < start || pc >= end) return stop;
    }
  }
}

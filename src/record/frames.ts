/** From a recording to what each row of the screen shows, and when. */
import { type Cast, CastError } from "./cast.ts";
import { type Cell, Screen } from "./screen.ts";

/** A value that holds from a moment on. */
export interface Since<T> {
  /** Seconds since the start. */
  readonly time: number;
  /** What holds from then on. */
  readonly value: T;
}

/** Where the cursor is. */
interface Cursor {
  /** Column, from 0. */
  readonly x: number;
  /** Row, from 0. */
  readonly y: number;
  /** Whether it shows. */
  readonly visible: boolean;
}

/** What a recording shows, row by row. */
interface Film {
  /** For each row of the screen what it shows since when; the first from second 0. */
  readonly rows: readonly (readonly Since<readonly Cell[]>[])[];
  /** Where the cursor is since when. */
  readonly cursor: readonly Since<Cursor>[];
  /** Seconds until the last event. */
  readonly seconds: number;
}

/** Output less than this many seconds after the last frame joins it: a 25th, as films do. */
const FRAME = 0.04;

/** Columns and rows that are drawn. */
const MOST = { width: 1000, height: 500 };
/** Changes of rows in one film: each is a step of an animation. */
const MOST_CHANGES = 500_000;

/**
 * Plays a recording on a screen and keeps what changes. Pauses longer than `idle` seconds are cut
 * to that. Resizes are not followed: the screen keeps the size of the header.
 *
 * @throws {CastError} For a recording that is too large to be drawn.
 */
export function film(cast: Cast, idle = Infinity): Film {
  if (cast.width > MOST.width || cast.height > MOST.height) {
    const most = `at most ${MOST.width}x${MOST.height} is drawn`;
    throw new CastError(1, `a terminal of ${cast.width}x${cast.height}: ${most}`);
  }
  const screen = new Screen(cast.width, cast.height);
  let changes = 0;
  const rows: Since<readonly Cell[]>[][] = screen.rows.map(() => []);
  let shownRows: readonly (readonly Cell[])[] = [];
  const cursor: Since<Cursor>[] = [];
  const show = (time: number) => {
    const current = screen.snapshot();
    current.forEach((row, y) => {
      if (row === shownRows[y]) return;
      push(rows[y], { time, value: row });
      changes++;
    });
    shownRows = current;
    if (changes > MOST_CHANGES) {
      throw new CastError(0, `too long to draw: its rows change more than ${MOST_CHANGES} times`);
    }
    const now = {
      x: Math.min(screen.x, cast.width - 1),
      y: screen.y,
      visible: screen.cursorVisible,
    };
    const last = cursor.at(-1)?.value;
    if (last?.x !== now.x || last.y !== now.y || last.visible !== now.visible) {
      push(cursor, { time, value: now });
    }
  };

  show(0);
  let before = 0, clock = 0, shown = 0, pending = false;
  for (const { time, code, data } of cast.events) {
    clock += Math.min(time - before, idle);
    before = time;
    if (code !== "o") continue;
    if (pending && clock - shown >= FRAME) {
      show(shown);
      pending = false;
    }
    if (!pending) shown = clock;
    screen.write(data);
    pending = true;
  }
  if (pending) show(shown);
  return { rows, cursor, seconds: clock };
}

/** Adds what holds from a moment on; a second change at the same moment replaces the first. */
function push<T>(list: Since<T>[], entry: Since<T>): void {
  if (list.at(-1)?.time === entry.time) list.pop();
  list.push(entry);
}

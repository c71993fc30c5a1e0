/** Lines of this and earlier sessions, kept in `localStorage`, which needs no permission. */

/** The part of `Storage` that is used, so that tests bring their own. */
interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

const KEY = "cowsh.history";
const LONGEST = 2000;

/** Entered lines, oldest first; multi-line entries are one each. */
export class History {
  #entries: string[];
  readonly #store: Store | undefined;

  /** @param store where entries are kept between sessions; undefined for nowhere */
  constructor(store?: Store) {
    this.#store = store;
    this.#entries = this.#load();
  }

  /** All entries. */
  get entries(): readonly string[] {
    return this.#entries;
  }

  /** Adds one, unless it is blank or the same as the last, and keeps it for later sessions. */
  add(entry: string): void {
    if (entry.trim() === "" || entry === this.#entries.at(-1)) return;
    this.#entries = [...this.#entries, entry].slice(-LONGEST);
    if (!this.#store) return;
    // Another session may have added its own meanwhile.
    const kept = this.#load();
    if (kept.at(-1) !== entry) kept.push(entry);
    try {
      this.#store.setItem(KEY, JSON.stringify(kept.slice(-LONGEST)));
    } catch {
      // A full or read-only store costs persistence, not the session.
    }
  }

  #load(): string[] {
    try {
      const list: unknown = JSON.parse(this.#store?.getItem(KEY) ?? "[]");
      return Array.isArray(list) ? list.filter((e) => typeof e === "string") : [];
    } catch {
      // Somebody else's data under our key, or a store that cannot be read: begin afresh.
      return [];
    }
  }
}

/** The browser-like store of Deno, or undefined where there is none (a read-only home, for one). */
export function localStore(): Store | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}

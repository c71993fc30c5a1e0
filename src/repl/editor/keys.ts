/**
 * Bytes from a terminal into keys: control characters, escape sequences, UTF-8 and pastes, all of
 * which may arrive cut into pieces.
 */

/** One key, or one paste. */
export interface Key {
  /**
   * `text`, `paste`, `enter`, `tab`, `backspace`, `delete`, `up`, `down`, `left`, `right`, `home`,
   * `end`, `pageup`, `pagedown`, `insert`, `escape`, `f1`…; with `C-`, `M-`, `S-` in front for
   * Ctrl, Alt, Shift.
   */
  name: string;
  /** What is typed or pasted, for `text` and `paste`. */
  text: string;
}

const FINAL: Record<string, string> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  F: "end",
  H: "home",
  P: "f1",
  Q: "f2",
  R: "f3",
  S: "f4",
  Z: "S-tab",
};
const TILDE: Record<string, string> = {
  "1": "home",
  "2": "insert",
  "3": "delete",
  "4": "end",
  "5": "pageup",
  "6": "pagedown",
  "7": "home",
  "8": "end",
};
const PASTE_START = "\x1b[200~";
const PASTE_END = "\x1b[201~";

/** A sequence longer than this is noise, not a key. */
const LONGEST_SEQUENCE = 32;

/** Turns bytes into keys, keeping what is not whole yet. */
export class KeyDecoder {
  #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  #pending = "";
  #paste: string | undefined;

  /** The keys that are whole with these bytes. */
  feed(bytes: Uint8Array): Key[] {
    this.#pending += this.#utf8.decode(bytes, { stream: true });
    return this.#drain(false);
  }

  /** True while a lone ESC or a cut sequence waits: after a short pause call {@linkcode flush}. */
  get waiting(): boolean {
    return this.#pending !== "" && this.#paste === undefined;
  }

  /** Nothing followed: a lone ESC is the Escape key. */
  flush(): Key[] {
    return this.#drain(true);
  }

  #drain(all: boolean): Key[] {
    const keys: Key[] = [];
    while (this.#pending !== "") {
      if (this.#paste !== undefined) {
        if (!this.#drainPaste(keys)) break;
        continue;
      }
      const length = sequenceLength(this.#pending, all);
      if (length === 0) break;
      const sequence = this.#pending.slice(0, length);
      this.#pending = this.#pending.slice(length);
      if (sequence === PASTE_START) this.#paste = "";
      else {
        const key = keyOf(sequence);
        if (key) keys.push(key);
      }
    }
    return keys;
  }

  /** Moves pasted text over; false while its end has not come. */
  #drainPaste(keys: Key[]): boolean {
    const end = this.#pending.indexOf(PASTE_END);
    if (end < 0) {
      // The end mark itself may be cut: keep as many characters back as could belong to it.
      const keep = Math.min(PASTE_END.length - 1, this.#pending.length);
      this.#paste += this.#pending.slice(0, this.#pending.length - keep);
      this.#pending = this.#pending.slice(this.#pending.length - keep);
      return false;
    }
    const text = (this.#paste + this.#pending.slice(0, end)).replace(/\r\n?/g, "\n");
    this.#pending = this.#pending.slice(end + PASTE_END.length);
    this.#paste = undefined;
    keys.push({ name: "paste", text });
    return true;
  }
}

/** Characters of the first key, 0 while it is not whole; with `all`, what is there must do. */
function sequenceLength(s: string, all: boolean): number {
  if (s[0] !== "\x1b") return String.fromCodePoint(s.codePointAt(0)!).length;
  if (s.length === 1) return all ? 1 : 0;
  const cut = s.length > LONGEST_SEQUENCE ? 1 : all ? s.length : 0;
  if (s[1] === "[") {
    // CSI: parameters 0x30–0x3f, intermediates 0x20–0x2f, one final 0x40–0x7e (ECMA-48 5.4).
    const body = s.slice(2);
    const whole = /^[0-?]*[ -/]*[@-~]/.exec(body);
    if (whole) return 2 + whole[0].length;
    return /^[ -?]*$/.test(body) ? cut : 2;
  }
  if (s[1] === "O") return s.length >= 3 ? 3 : cut;
  if (s[1] === "\x1b") return 1;
  return 1 + String.fromCodePoint(s.codePointAt(1)!).length;
}

function keyOf(s: string): Key | undefined {
  if (s.length === 1 || s[0] !== "\x1b") return plainKey(s);
  if (s.startsWith("\x1b[") && s.length > 2) return csiKey(s.slice(2));
  if (s.startsWith("\x1bO") && s.length === 3) {
    const name = FINAL[s[2]];
    return name ? { name, text: "" } : undefined;
  }
  const key = plainKey(s.slice(1));
  return key && { name: `M-${key.name === "text" ? key.text : key.name}`, text: "" };
}

function plainKey(s: string): Key | undefined {
  const code = s.codePointAt(0)!;
  if (s === "\r" || s === "\n") return { name: "enter", text: "" };
  if (s === "\t") return { name: "tab", text: "" };
  if (s === "\x7f" || s === "\b") return { name: "backspace", text: "" };
  if (s === "\x1b") return { name: "escape", text: "" };
  if (code === 0) return { name: "C-space", text: "" };
  // Ctrl takes 0x40 off: C-a is 1, C-_ is 0x1f.
  if (code < 0x20) return { name: `C-${String.fromCharCode(code + 0x40).toLowerCase()}`, text: "" };
  // C1 controls and lone surrogates are no text.
  if ((code >= 0x80 && code < 0xa0) || (code >= 0xd800 && code < 0xe000)) return undefined;
  return { name: "text", text: s };
}

/** `1;5C` and the like: modifiers are 1 + Shift 1 + Alt 2 + Ctrl 4. */
function csiKey(body: string): Key | undefined {
  const final = body[body.length - 1];
  const [first, modifier] = body.slice(0, -1).split(";");
  const name = final === "~" ? TILDE[first] : FINAL[final];
  if (!name) return undefined;
  const bits = modifier ? Number(modifier) - 1 : 0;
  const prefix = (bits & 4 ? "C-" : "") + (bits & 2 ? "M-" : "") + (bits & 1 ? "S-" : "");
  return { name: prefix + name, text: "" };
}

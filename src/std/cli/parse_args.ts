/**
 * Command line arguments to an object, by the rules of the `@std/cli/parse-args` module of the jsr:
 * registry, which this local module stands in for with the options that are used here.
 *
 * @example
 * ```ts
 * import { parseArgs } from "@std/cli/parse-args";
 * import { assertEquals } from "@std/assert";
 *
 * const args = parseArgs(["-c", "ps", "--json", "demo.cow"], {
 *   boolean: ["json"],
 *   string: ["c"],
 *   collect: ["c"],
 * });
 * assertEquals(args, { c: ["ps"], json: true, _: ["demo.cow"] });
 * ```
 *
 * @module
 */

/** Options of {@linkcode parseArgs}. */
export interface ParseOptions<
  TBooleans extends string = string,
  TStrings extends string = string,
  TCollectable extends string = string,
> {
  /** Put what follows `--` into the result's `"--"` and not into `_`. Default `false`. */
  "--"?: boolean;
  /** Another name of an argument. A value given under one name is set under both. */
  alias?: Readonly<Record<string, string>>;
  /** Arguments that are always booleans. */
  boolean?: readonly TBooleans[];
  /** Values of arguments that are not given. */
  default?: Readonly<Record<string, unknown>>;
  /** Arguments that are always strings, never numbers; `"_"` for the positional ones. */
  string?: readonly TStrings[];
  /** Arguments whose values are gathered in an array. Otherwise the last one counts. */
  collect?: readonly TCollectable[];
  /** Arguments that `--no-NAME` sets to `false`. */
  negatable?: readonly string[];
  /** Called for each argument not named in the options; `false` drops it. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** The result of {@linkcode parseArgs}: every option given, by its name. */
export type Args<
  TBooleans extends string = never,
  TStrings extends string = never,
  TCollectable extends string = never,
> =
  & Record<string, unknown>
  & { [K in Exclude<TBooleans, TCollectable>]: boolean }
  & { [K in Exclude<TStrings, TCollectable | "_">]: string | undefined }
  & { [K in TCollectable]: K extends TStrings ? string[] : unknown[] }
  & {
    /** The arguments that belong to no option. */
    _: (string | number)[];
    /** The arguments after `--`, if the option of that name asks for them. */
    "--"?: string[];
  };

/**
 * Parses arguments such as `Deno.args`.
 *
 * `--name=value`, `--name value`, `--name`, `-n value`, `-n=value`, `-n5`, `-abc` and, for
 * negatable names, `--no-name` are options; everything after `--` is not. Values that look like
 * numbers become numbers unless their name is in `string`.
 */
export function parseArgs<
  const TBooleans extends string = never,
  const TStrings extends string = never,
  const TCollectable extends string = never,
>(
  args: readonly string[],
  options: ParseOptions<TBooleans, TStrings, TCollectable> = {},
): Args<TBooleans, TStrings, TCollectable> {
  return new Parser(options).parse(args) as Args<TBooleans, TStrings, TCollectable>;
}

class Parser {
  readonly #aliases = new Map<string, string>();
  readonly #boolean: Set<string>;
  readonly #string: Set<string>;
  readonly #collect: Set<string>;
  readonly #options: ParseOptions;
  readonly #out: Args = { _: [] };

  constructor(options: ParseOptions) {
    this.#options = options;
    for (const [name, other] of Object.entries(options.alias ?? {})) {
      this.#aliases.set(name, other).set(other, name);
    }
    const names = (list: readonly string[] = []) => new Set(list.flatMap((n) => this.#names(n)));
    this.#boolean = names(options.boolean);
    this.#string = names(options.string);
    this.#collect = names(options.collect);
  }

  /** A name and its alias. */
  #names(name: string): string[] {
    const other = this.#aliases.get(name);
    return other === undefined ? [name] : [name, other];
  }

  parse(all: readonly string[]): Args {
    const cut = all.indexOf("--");
    const args = cut < 0 ? all : all.slice(0, cut);
    const rest = cut < 0 ? [] : all.slice(cut + 1);
    const positionals: (string | number)[] = [];
    for (let at = 0; at < args.length; at++) {
      const arg = args[at], next = args[at + 1];
      if (/^--[^=]/.test(arg)) {
        if (this.#long(arg, next)) at++;
      } else if (/^-[^-]/.test(arg)) {
        if (this.#short(arg, next)) at++;
      } else if (this.#options.unknown?.(arg) !== false) {
        positionals.push(this.#string.has("_") || !isNumber(arg) ? arg : Number(arg));
      }
    }
    this.#fill();
    if (this.#options["--"]) this.#out["--"] = rest;
    else positionals.push(...rest);
    this.#out._ = positionals; // whatever an option named "_" had put there
    return this.#out;
  }

  /** `--name`, `--name=value`, `--no-name`. Answers whether the next argument was its value. */
  #long(arg: string, next: string | undefined): boolean {
    const equals = arg.indexOf("=", 3);
    if (equals > 0) {
      const name = arg.slice(2, equals), text = arg.slice(equals + 1);
      this.#set(name, this.#boolean.has(name) ? text !== "false" : text, arg);
      return false;
    }
    const name = arg.slice(2);
    if (name.startsWith("no-") && this.#options.negatable?.includes(name.slice(3))) {
      this.#set(name.slice(3), false, arg);
      return false;
    }
    return this.#last(name, !next?.startsWith("-"), next, arg);
  }

  /** `-abc`, `-n5`, `-n=value`, `-n value`. Answers whether the next argument was its value. */
  #short(arg: string, next: string | undefined): boolean {
    for (let i = 1; i < arg.length - 1; i++) {
      const letter = arg[i], tail = arg.slice(i + 1);
      if (tail === "-") {
        this.#set(letter, tail, arg);
        return false;
      }
      const value = attached(letter, tail);
      if (value !== undefined) {
        this.#set(letter, value, arg);
        return false;
      }
      this.#set(letter, this.#bare(letter), arg);
    }
    return this.#last(arg[arg.length - 1], !/^--?[^-]/.test(next ?? ""), next, arg);
  }

  /** An option whose value can only be the next argument. Answers whether it was. */
  #last(name: string, wants: boolean, next: string | undefined, arg: string): boolean {
    if (next && wants && !this.#boolean.has(name)) {
      this.#set(name, next, arg);
      return true;
    }
    const taken = next === "true" || next === "false";
    this.#set(name, taken ? next === "true" : this.#bare(name), arg);
    return taken;
  }

  /** What an option without a value stands for. */
  #bare(name: string): string | boolean {
    return this.#string.has(name) ? "" : true;
  }

  #set(name: string, given: string | boolean, arg: string): void {
    const known = [this.#boolean, this.#string, this.#aliases, this.#collect];
    if (
      !known.some((names) => names.has(name)) &&
      this.#options.unknown?.(arg, name, given) === false
    ) return;
    const numeric = typeof given === "string" && !this.#string.has(name) && isNumber(given);
    const value = numeric ? Number(given) : given;
    const out: Record<string, unknown> = this.#out;
    for (const key of this.#names(name)) {
      const old = out[key];
      out[key] = !this.#collect.has(name) ? value : Array.isArray(old) ? [...old, value] : [value];
    }
  }

  /** Gives the options that were not given their defaults, `false` or an empty array. */
  #fill(): void {
    const put = (key: string, value: unknown) => {
      if (!Object.hasOwn(this.#out, key)) this.#out[key] = value;
    };
    for (const [key, value] of Object.entries(this.#options.default ?? {})) {
      for (const name of this.#names(key)) put(name, value);
    }
    for (const key of this.#collect) put(key, []);
    for (const key of this.#boolean) put(key, false);
  }
}

/** The value that follows a letter within its own argument, if one does. */
function attached(letter: string, tail: string): string | undefined {
  if (tail === "=") return "";
  if (/[A-Za-z]/.test(letter)) {
    const equals = tail.indexOf("=");
    if (equals >= 0 && equals < tail.length - 1) return tail.slice(equals + 1);
    if (/-?\d+(\.\d*)?(e-?\d+)?$/.test(tail)) return tail;
  }
  return /\W/.test(tail[0]) && tail.length > 1 ? tail : undefined;
}

function isNumber(text: string): boolean {
  return text.trim() !== "" && Number.isFinite(Number(text));
}

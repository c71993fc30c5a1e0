/**
 * Command line arguments to an object, by the rules of the `@std/cli/parse-args` module of the jsr:
 * registry, which this local module stands in for.
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
import type { Aliases, Args, ArgsOf, ParseOptions } from "./parse_args_types.ts";

export type { Aliases, Args, ArgsOf, ParseOptions } from "./parse_args_types.ts";

/**
 * Parses arguments such as `Deno.args`.
 *
 * `--name=value`, `--name value`, `--name`, `-n value`, `-n=value`, `-nvalue`, `-abc` and, for
 * negatable names, `--no-name` are options; everything after `--` is not. Values that look like
 * numbers become numbers unless their name is in `string`. A dotted name makes nested objects.
 *
 * @throws {TypeError} If an alias is `undefined`.
 */
export function parseArgs<
  const TBooleans extends string = never,
  const TStrings extends string = never,
  const TCollectable extends string = never,
  const TNegatable extends string = never,
  TDefault extends Record<string, unknown> = Record<never, never>,
  const TAliases extends Aliases = Record<never, never>,
  const TDoubleDash extends boolean = false,
>(
  args: readonly string[],
  options?: ParseOptions<
    TBooleans,
    TStrings,
    TCollectable,
    TNegatable,
    TDefault,
    TAliases,
    TDoubleDash
  >,
): ArgsOf<TBooleans, TStrings, TCollectable, TNegatable, TDefault, TAliases, TDoubleDash> {
  const result = new Parser((options ?? {}) as ParseOptions).parse(args);
  return result as ReturnType<
    typeof parseArgs<
      TBooleans,
      TStrings,
      TCollectable,
      TNegatable,
      TDefault,
      TAliases,
      TDoubleDash
    >
  >;
}

type Value = string | number | boolean;

class Parser {
  readonly #aliases = new Map<string, string[]>();
  readonly #boolean: Set<string>;
  readonly #string: Set<string>;
  readonly #collect: Set<string>;
  readonly #negatable: Set<string>;
  readonly #options: ParseOptions;
  readonly #positionals: (string | number)[] = [];
  readonly #out: Args = { _: [] };

  constructor(options: ParseOptions) {
    this.#options = options;
    for (const [name, value] of Object.entries(options.alias ?? {})) {
      if (value === undefined) throw new TypeError("Alias value must be defined");
      const all = [name, ...[value].flat() as string[]];
      for (const one of all) this.#aliases.set(one, all.filter((other) => other !== one));
    }
    const { boolean } = options;
    this.#boolean = this.#names(typeof boolean === "boolean" ? undefined : boolean);
    this.#string = this.#names(options.string);
    this.#collect = this.#names(options.collect);
    this.#negatable = this.#names(options.negatable);
  }

  /** The listed names together with their aliases. */
  #names(list: string | readonly string[] | undefined): Set<string> {
    const names = [list ?? []].flat().filter((name) => name !== "") as string[];
    return new Set(names.flatMap((name) => [name, ...(this.#aliases.get(name) ?? [])]));
  }

  parse(all: readonly string[]): Args {
    const cut = all.indexOf("--");
    const args = cut < 0 ? all : all.slice(0, cut);
    const rest = cut < 0 ? [] : all.slice(cut + 1);
    let at = 0;
    while (at < args.length) {
      const arg = args[at], next = args[at + 1];
      at++;
      if (/^--[^=]/.test(arg)) {
        if (this.#long(arg, next)) at++;
      } else if (/^-[^-]/.test(arg)) {
        if (this.#short(arg, next)) at++;
      } else {
        this.#positional(arg);
        if (!this.#options.stopEarly) continue;
        this.#positionals.push(...args.slice(at));
        break;
      }
    }
    this.#fill();
    if (this.#options["--"]) this.#out["--"] = rest;
    else this.#positionals.push(...rest);
    this.#out._ = this.#positionals; // whatever an option named "_" had put there
    return this.#out;
  }

  #positional(arg: string): void {
    if (this.#options.unknown?.(arg) === false) return;
    this.#positionals.push(this.#string.has("_") || !isNumber(arg) ? arg : Number(arg));
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
    if (name.startsWith("no-") && this.#negatable.has(name.slice(3))) {
      this.#set(name.slice(3), false, arg, false);
      return false;
    }
    const wants = this.#options.boolean !== true && !next?.startsWith("-");
    return this.#last(name, wants, next, arg);
  }

  /** `-abc`, `-n5`, `-n=value`, `-n value`. Answers whether the next argument was its value. */
  #short(arg: string, next: string | undefined): boolean {
    for (let i = 1; i < arg.length - 1; i++) {
      const letter = arg[i], tail = arg.slice(i + 1);
      if (tail === "-") {
        this.#set(letter, tail, arg);
        continue;
      }
      const value = attached(letter, tail);
      if (value !== undefined) {
        this.#set(letter, value, arg);
        return false;
      }
      this.#set(letter, this.#bare(letter), arg);
    }
    const letter = arg[arg.length - 1];
    if (letter === "-") return false;
    return this.#last(letter, !/^--?[^-]/.test(next ?? ""), next, arg);
  }

  /** An option whose value can only be the next argument. Answers whether it was. */
  #last(name: string, wants: boolean, next: string | undefined, arg: string): boolean {
    const isBoolean = this.#boolean.has(name) ||
      (this.#aliases.get(name) ?? []).some((other) => this.#boolean.has(other));
    if (next && wants && !isBoolean) {
      this.#set(name, next, arg);
      return true;
    }
    if (next === "true" || next === "false") {
      this.#set(name, next === "true", arg);
      return true;
    }
    this.#set(name, this.#bare(name), arg);
    return false;
  }

  /** What an option without a value stands for. */
  #bare(name: string): Value {
    return this.#string.has(name) ? "" : true;
  }

  #set(name: string, given: Value, arg: string, collects = true): void {
    const known = this.#boolean.has(name) || this.#string.has(name) || this.#aliases.has(name) ||
      this.#collect.has(name) || (this.#options.boolean === true && /^--[^=]+$/.test(arg));
    if (!known && this.#options.unknown?.(arg, name, given) === false) return;
    const value = typeof given === "string" && !this.#string.has(name) && isNumber(given)
      ? Number(given)
      : given;
    const gather = collects && this.#collect.has(name);
    for (const key of [name, ...(this.#aliases.get(name) ?? [])]) {
      setNested(this.#out, key.split("."), value, gather);
    }
  }

  /** Gives the options that were not given their defaults, `false` or an empty array. */
  #fill(): void {
    const absent = (key: string) => !hasNested(this.#out, key.split("."));
    const put = (key: string, value: unknown) => setNested(this.#out, key.split("."), value, false);
    for (const [key, value] of Object.entries(this.#options.default ?? {})) {
      if (!absent(key)) continue;
      for (const name of [key, ...(this.#aliases.get(key) ?? [])]) put(name, value);
    }
    for (const key of this.#boolean) {
      if (absent(key)) put(key, this.#collect.has(key) ? [] : false);
    }
    for (const key of this.#string) {
      if (absent(key) && this.#collect.has(key)) put(key, []);
    }
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

type Tree = Record<string, unknown>;

/** Names through which a value could reach the prototype of every object. */
function isUnsafe(object: Tree, key: string): boolean {
  return key === "__proto__" || (key === "constructor" && typeof object[key] === "function");
}

function setNested(root: Tree, path: string[], value: unknown, gather: boolean): void {
  let object = root;
  for (const key of path.slice(0, -1)) {
    if (isUnsafe(object, key)) return;
    if (typeof object[key] !== "object" || object[key] === null) object[key] = {};
    object = object[key] as Tree;
  }
  const key = path[path.length - 1];
  if (isUnsafe(object, key)) return;
  const old = object[key];
  if (!gather) object[key] = value;
  else if (Array.isArray(old)) old.push(value);
  else object[key] = old ? [old, value] : [value];
}

function hasNested(root: Tree, path: string[]): boolean {
  let object: unknown = root;
  for (const key of path) {
    if (typeof object !== "object" || object === null || !Object.hasOwn(object, key)) return false;
    object = (object as Tree)[key];
  }
  return true;
}

/** The types of `parseArgs`: from the names in the options to the properties of the result. */

/** One name, several, or none: how options list argument names. */
type Names<T extends string> = T | readonly T[];

/** Options of {@linkcode parseArgs}. */
export interface ParseOptions<
  TBooleans extends string = string,
  TStrings extends string = string,
  TCollectable extends string = string,
  TNegatable extends string = string,
  TDefault extends Record<string, unknown> = Record<string, unknown>,
  TAliases extends Aliases = Aliases,
  TDoubleDash extends boolean = boolean,
> {
  /** Put what follows `--` into the result's `"--"` and not into `_`. Default `false`. */
  "--"?: TDoubleDash;
  /** Other names of an argument. A value given under one name is set under all of them. */
  alias?: TAliases;
  /** Arguments that are always booleans, or `true` for every `--name` without an equals sign. */
  boolean?: boolean | Names<TBooleans>;
  /** Values of arguments that are not given. */
  default?: TDefault;
  /** Take everything after the first positional argument as positional. Default `false`. */
  stopEarly?: boolean;
  /** Arguments that are always strings, never numbers; `"_"` for the positional ones. */
  string?: Names<TStrings>;
  /** Arguments whose values are gathered in an array. Otherwise the last one counts. */
  collect?: Names<TCollectable>;
  /** Arguments that `--no-NAME` sets to `false`. */
  negatable?: Names<TNegatable>;
  /** Called for each argument not named in the options; `false` drops it. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** Other names by name. */
export type Aliases = Record<string, string | readonly string[]>;

/** Turns `"a.b"` into `{ a: { b: … } }`, the shape of dotted names in the result. */
type Dotted<TKey extends string, TValue> = TKey extends `${infer Head}.${infer Rest}`
  ? { [Name in Head]: Dotted<Rest, TValue> }
  : { [Name in TKey]: TValue };

type Intersect<T> = (T extends unknown ? (value: T) => void : never) extends
  (value: infer U) => void ? U : never;

type Nested<T> = [keyof T] extends [never] ? unknown
  : Intersect<{ [K in keyof T & string]: Dotted<K, T[K]> }[keyof T & string]>;

type AliasesOf<K, TAliases> = K extends keyof TAliases
  ? TAliases[K] extends readonly string[] ? TAliases[K][number] : TAliases[K] & string
  : never;

/** An argument's own name and its other ones. */
type WithAliases<K extends string, TAliases> = K | AliasesOf<K, TAliases>;

type Negated<K, TNegatable> = K extends TNegatable ? false : never;
type DefaultOf<K, TDefault> = K extends keyof TDefault ? TDefault[K] : never;

type Single<TBooleans extends string, TStrings extends string, TNegatable, TDefault, TAliases> =
  & Nested<{ [K in TBooleans as WithAliases<K, TAliases>]: boolean | DefaultOf<K, TDefault> }>
  & Nested<
    {
      [K in Extract<TStrings, keyof TDefault> as WithAliases<K, TAliases>]:
        | string
        | Negated<K, TNegatable>
        | DefaultOf<K, TDefault>;
    }
  >
  & Nested<
    {
      [K in Exclude<TStrings, keyof TDefault | "_"> as WithAliases<K, TAliases>]:
        | string
        | Negated<K, TNegatable>
        | undefined;
    }
  >;

type Collected<TBooleans extends string, TStrings extends string, TCollectable extends string, TA> =
  Nested<
    {
      [K in TCollectable as WithAliases<K, TA>]: (K extends TStrings ? string
        : K extends TBooleans ? boolean
        : unknown)[];
    }
  >;

type OtherDefaults<TNamed, TDefault> = Nested<
  { [K in Exclude<keyof TDefault & string, TNamed>]: unknown }
>;

/** The result of {@linkcode parseArgs} for given options. */
export type ArgsOf<
  TBooleans extends string,
  TStrings extends string,
  TCollectable extends string,
  TNegatable extends string,
  TDefault extends Record<string, unknown>,
  TAliases extends Aliases,
  TDoubleDash extends boolean,
> =
  & {
    /** The arguments that belong to no option. */
    _: (string | number)[];
  }
  & (true extends TDoubleDash ? {
      /** The arguments after `--`. */
      "--": string[];
    }
    : unknown)
  & ([TBooleans | TStrings | TCollectable] extends [never] ? Args
    :
      & Record<string, unknown>
      & Single<
        Exclude<TBooleans, TCollectable>,
        Exclude<TStrings, TCollectable>,
        TNegatable,
        TDefault,
        TAliases
      >
      & Collected<TBooleans, TStrings, TCollectable, TAliases>
      & OtherDefaults<TBooleans | TStrings | TCollectable, TDefault>);

/** A result whose properties are not known from the options. */
export type Args = {
  /** The arguments that belong to no option. */
  _: (string | number)[];
  /** Every option given, by its name: the registry package types it so too. */
  // deno-lint-ignore no-explicit-any
  [name: string]: any;
};

/**
 * What may stand behind the name of the case `qemu`.
 *
 * @module
 */

/** An option that is not there, or a value that it does not take: one line for who typed it. */
export class OptionError extends Error {}

/** The options, each undefined unless given. */
export interface Options {
  /** How often each row is run. */
  runs?: number;
  /** The rows wanted. */
  only?: string[];
}

/** Reads `--runs N` and `--only ROW,ROW…`, of these rows. Throws an {@link OptionError}. */
export function parseOptions(args: readonly string[], rows: readonly string[]): Options {
  const options: Options = {};
  for (let i = 0; i < args.length; i += 2) {
    const [option, value = ""] = args.slice(i, i + 2);
    if (option === "--runs") {
      if (!/^[1-9]\d{0,2}$/.test(value)) {
        throw new OptionError(`--runs takes a number from 1 to 999, not "${value}"`);
      }
      options.runs = Number(value);
    } else if (option === "--only") {
      options.only = value.split(",");
      const unknown = options.only.find((name) => !rows.includes(name));
      if (unknown !== undefined) {
        throw new OptionError(`--only: no row "${unknown}": there are ${rows.join(", ")}`);
      }
    } else {
      throw new OptionError(`no option "${option}": there are --runs N and --only ROW,ROW…`);
    }
  }
  return options;
}

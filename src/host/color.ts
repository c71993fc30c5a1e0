/** Whether to write in colour, and whether the terminal understands more than lines of text. */

/**
 * `--color` over NO_COLOR over FORCE_COLOR over "is a terminal". Deno lets anybody read these two
 * variables, as it lets Node's packages; a version that does not has only its own word on NO_COLOR.
 */
export function wantsColor(flag?: boolean): boolean {
  if (flag !== undefined) return flag;
  if (variable("NO_COLOR") ?? (Deno.noColor ? "1" : "")) return false;
  const force = variable("FORCE_COLOR");
  if (force) return force !== "0" && force !== "false";
  return Deno.stdout.isTerminal() && !isDumb();
}

/** A terminal that takes no control sequences: `TERM=dumb`, as an editor's shell window sets it. */
export function isDumb(): boolean {
  // Asks nobody: without --allow-env=TERM it is a terminal as any other.
  const right = { name: "env", variable: "TERM" } as const;
  return Deno.permissions.querySync(right).state === "granted" && Deno.env.get("TERM") === "dumb";
}

/** An environment variable; undefined when it is not set or may not be read. */
function variable(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

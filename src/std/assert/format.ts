/**
 * The text of a value as the failure messages show it: every level, every item, keys sorted,
 * one item a line, so that two texts can be compared line by line.
 */
export function format(value: unknown): string {
  return Deno.inspect(value, {
    depth: Infinity,
    sorted: true,
    trailingComma: true,
    compact: false,
    iterableLimit: Infinity,
    getters: true,
    strAbbreviateSize: Infinity,
  });
}

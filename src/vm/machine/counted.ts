/**
 * A count in words: `1 step`, `2 steps`, `0 entries`. Messages whose number may be one say it by
 * this.
 *
 * @param many the plural, where it is not the word with an s
 */
export function counted(n: number | bigint, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 || n === 1n ? one : many}`;
}

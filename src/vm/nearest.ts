/** "Did you mean": the nearest of some names to what was typed. */

/** Edits (insert, delete, replace, swap neighbours) that turn one word into the other. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      let cost = Math.min(
        last[j] + 1,
        row[j - 1] + 1,
        last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, before[j - 2] + 1);
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return last[b.length];
}

/**
 * The candidate nearest to `word`, or undefined when none is near enough to be meant: a third of
 * the letters may differ, of three or more; two letters may have changed places; a candidate that
 * `word` begins (of two letters or more) is near.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const typed = word.toLowerCase();
  const bound = Math.floor(typed.length / 3);
  const letters = (text: string) => [...text].sort().join("");
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const name = candidate.toLowerCase();
    const prefix = typed.length >= 2 && name.startsWith(typed);
    const distance = prefix ? 0.5 : editDistance(typed, name);
    const turned = typed.length === 2 && letters(typed) === letters(name);
    if (distance < bestDistance && (prefix || turned || distance <= bound)) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean X?`, or nothing when no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const near = nearest(word, candidates);
  return near === undefined ? "" : `; did you mean ${near}?`;
}

// "Did you mean": the known word nearest to a misspelt one. Knows nothing of what the words stand for.

/** The candidates close enough to `word` to be worth proposing, nearest first, at most `limit`. */
export function similar(word: string, candidates: Iterable<string>, limit = 3): string[] {
  const near: { candidate: string; distance: number }[] = [];
  for (const candidate of new Set(candidates)) {
    const distance = editDistance(word, candidate);
    if (candidate !== word && distance <= tolerance(word, candidate)) near.push({ candidate, distance });
  }
  near.sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1));
  return near.slice(0, limit).map((n) => n.candidate);
}

/** A third of the longer word, so `buld` finds `build` and `run` does not find `serve`; a mere prefix always counts. */
function tolerance(word: string, candidate: string): number {
  if (word.length >= 3 && candidate.startsWith(word)) return candidate.length;
  return Math.floor(Math.max(word.length, candidate.length) / 3);
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. Words over 64 letters count as far apart. */
export function editDistance(a: string, b: string): number {
  if (a.length > 64 || b.length > 64) return a === b ? 0 : 64;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(at(previous, j) + 1, at(row, j - 1) + 1, at(previous, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, at(before, j - 2) + 1);
      row.push(best);
    }
    before = previous;
    previous = row;
  }
  return at(previous, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? 0;
}

// Which observations a picture shows: the same number of every class, sorted by class, the first ones drawn.

/** Indices of at most `limit` observations in all, at least two a class, sorted by class. */
export function sampleByClass(labels: Int32Array, classCount: number, limit: number): Int32Array {
  const perClass = Math.max(2, Math.floor(limit / classCount));
  const chosen: number[][] = Array.from({ length: classCount }, () => []);
  labels.forEach((label, index) => {
    if (chosen[label].length < perClass) chosen[label].push(index);
  });
  return Int32Array.from(chosen.flat());
}

/** Four significant digits: more than a picture shows. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

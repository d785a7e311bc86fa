// A sample of labelled latents that takes the classes in turn, so that a rare class keeps all of its observations.
import type { LabelledLatents } from './latents.ts';

/** At most about `most` rows, in their order; two of every class at least. All where there are no more. */
export function sampleRows({ labels, count, classCount }: LabelledLatents, most: number): Int32Array {
  const counts = new Int32Array(classCount);
  for (const label of labels) counts[label]++;
  // The largest quota for which all classes together have no more than `most`.
  let quota = 2;
  const taken = (each: number) => counts.reduce((sum, own) => sum + Math.min(own, each), 0);
  let high = count;
  while (quota < high) {
    const middle = Math.ceil((quota + high) / 2);
    if (taken(middle) <= most) quota = middle;
    else high = middle - 1;
  }
  const seen = new Int32Array(classCount);
  const rows: number[] = [];
  labels.forEach((label, i) => {
    // Evenly spread over the class's observations; all, where they are no more than the quota.
    const own = counts[label];
    const n = seen[label]++;
    if (Math.floor(((n + 1) * quota) / own) > Math.floor((n * quota) / own)) rows.push(i);
  });
  return Int32Array.from(rows);
}

export function takeRows(latents: LabelledLatents, rows: Int32Array): LabelledLatents {
  const { values, size, labels, count } = latents;
  if (rows.length === count) return latents;
  const taken = new Float32Array(rows.length * size);
  rows.forEach((row, index) => {
    taken.set(values.subarray(row * size, (row + 1) * size), index * size);
  });
  return { ...latents, values: taken, count: rows.length, labels: Int32Array.from(rows, (row) => labels[row]) };
}

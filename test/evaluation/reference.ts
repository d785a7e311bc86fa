// The latents of reference.py, number for number, and what NumPy and scikit-learn say of them.
import { type LabelledLatents, labelLatents } from '../../src/measures/latents.ts';
import reference from './reference.json' with { type: 'json' };

export { reference };

const [count, size, classCount] = reference.shape;

export function referenceLatents(offset = 0): LabelledLatents {
  const values = new Float32Array(count * size);
  const labels = Int32Array.from({ length: count }, (_, i) => i % classCount);
  for (let i = 0; i < count; i++)
    for (let k = 0; k < size; k++) {
      const n = i + offset;
      const noise = ((n * 7919 + k * 104729 + n * k * 31 + n * n * 17) % 1021) - 510;
      values[i * size + k] = (noise + (k === i % classCount ? 512 : 0)) / 1024;
    }
  return labelLatents({ values, count, size }, labels, classCount);
}

/** Rows of numbers and their classes. */
export function latentsOf(rows: readonly (readonly number[])[], labels: readonly number[]): LabelledLatents {
  const latents = { values: Float32Array.from(rows.flat()), count: rows.length, size: rows[0].length };
  return labelLatents(latents, Int32Array.from(labels), Math.max(...labels) + 1);
}

// The auxiliary head's outputs in the units of p: a head that is trained by cross-entropy gives logits.
import { type Auxiliary, auxiliarySizeOf, sliceAuxiliaries } from '../auxiliary/auxiliary.ts';
import { FormatError } from '../error.ts';

/** [N, M] outputs of the head -> [N, M]: probabilities where the loss is a cross-entropy, the values themselves elsewhere. */
export function headValues(auxiliaries: readonly Auxiliary[], outputs: Float32Array): Float32Array {
  const width = auxiliarySizeOf(auxiliaries);
  if (width === 0 || outputs.length % width !== 0)
    throw new FormatError(`auxiliary head: expected rows of ${width} outputs, got ${outputs.length} numbers`);
  const values = Float32Array.from(outputs);
  for (const { auxiliary, start } of sliceAuxiliaries(auxiliaries)) {
    if (auxiliary.loss === 'two-hot')
      for (let row = 0; row < values.length; row += width)
        softmaxInPlace(values.subarray(row + start, row + start + auxiliary.size));
    if (auxiliary.loss !== 'cross-entropy') continue;
    for (let row = start; row < values.length; row += width)
      for (let m = 0; m < auxiliary.size; m++) values[row + m] = 1 / (1 + Math.exp(-values[row + m]));
  }
  return values;
}

function softmaxInPlace(row: Float32Array): void {
  const largest = row.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  row.forEach((value, m) => {
    row[m] = Math.exp(value - largest);
  });
  const total = row.reduce((sum, value) => sum + value, 0);
  row.forEach((value, m) => {
    row[m] = value / total;
  });
}

/** Lipschitz constant of `headValues`: 1/4 where all outputs are logits, else 1. */
export function headValueSlope(auxiliaries: readonly Auxiliary[]): number {
  return auxiliaries.every(({ loss }) => loss === 'cross-entropy') ? 1 / 4 : 1;
}

// Samples for quantisation out of an .npz file: one array for each input of the model, by its name.
import type { Port } from '../../export/index.ts';
import { openNpz } from '../../src/data/readers/npz.ts';
import { FormatError, option, UsageError } from '../../src/error.ts';
import type { RuntimeTensor } from '../../src/runtimes/index.ts';

/** Rows that are run together. */
const batchSize = 16;

/**
 * Batches of feeds, in the order of the file.
 * @throws UsageError where an input has no array, FormatError where the shapes do not fit
 */
export async function* readSamples(
  path: string,
  inputs: readonly Port[],
): AsyncGenerator<Record<string, RuntimeTensor>> {
  const recording = await openNpz({ path, options: {} });
  try {
    const rows = inputs.map((input) => {
      const column = recording.columns.get(input.name);
      if (column === undefined)
        throw new UsageError(
          `${path}: expected an array "${input.name}", got ${[...recording.columns.keys()].join(', ')}`,
          {
            remedy: "Name the arrays like the file's inputs (jepa inspect shows them).",
          },
        );
      const wanted = input.shape.slice(1);
      const fits =
        column.shape.length === wanted.length &&
        wanted.every((size, i) => typeof size === 'string' || size === column.shape[i]);
      if (!fits)
        throw new FormatError(
          `${path}: expected "${input.name}" as [samples, ${wanted.join(', ')}], got [samples, ${column.shape.join(', ')}]`,
          isTurned(column.shape, wanted)
            ? {
                remedy: `Transpose the samples to the layout of the file, or convert with ${option('layout', 'nhwc')}.`,
              }
            : {},
        );
      return column.starts[column.starts.length - 1];
    });
    const count = Math.min(...rows);
    const fixed = inputs[0]?.shape[0];
    const step = typeof fixed === 'number' ? fixed : batchSize;
    for (let from = 0; from + (typeof fixed === 'number' ? step : 1) <= count; from += step) {
      const to = Math.min(from + step, count);
      const feeds: Record<string, RuntimeTensor> = {};
      for (const input of inputs) {
        const shape = [to - from, ...(recording.columns.get(input.name)?.shape ?? [])];
        feeds[input.name] = tensorOf(input, shape, await recording.read(input.name, from, to), path);
      }
      yield feeds;
    }
  } finally {
    await recording.dispose();
  }
}

/** Whether the sizes are those of an image with its channels last where the file has them first. */
function isTurned(shape: readonly number[], wanted: readonly (number | string)[]): boolean {
  const [height, width, channels] = shape;
  return (
    shape.length === 3 &&
    [channels, height, width].every((size, i) => typeof wanted[i] === 'string' || wanted[i] === size)
  );
}

function tensorOf(
  input: Port,
  shape: readonly number[],
  values: Iterable<number | bigint>,
  path: string,
): RuntimeTensor {
  const numbers = Array.from<number | bigint, number>(values, Number);
  switch (input.type) {
    case 'float32':
      return { type: 'float32', shape, data: Float32Array.from(numbers) };
    case 'uint8':
      return { type: 'uint8', shape, data: Uint8Array.from(numbers) };
    case 'int32':
      return { type: 'int32', shape, data: Int32Array.from(numbers) };
    default:
      throw new FormatError(`${path}: expected an input of numbers, got "${input.name}" of type ${input.type}`);
  }
}

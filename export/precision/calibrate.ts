// Ranges of values on the user's samples: the model with those values as further outputs, run once a sample.
import { JepaError } from '../../src/error.ts';
import type { RuntimeSession, RuntimeTensor } from '../../src/runtimes/runtime.ts';
import type { OnnxModel } from '../graph/graph.ts';
import { encodeModel } from '../graph/serialize.ts';
import { quantizedValues } from './int8.ts';
import type { Range } from './scheme.ts';

/** Opens a session on the bytes of a model. */
export type OpenSession = (bytes: Uint8Array) => Promise<RuntimeSession>;

/**
 * @param samples feeds by input name, one batch each; at least one
 * @throws JepaError where there are no samples, or a value is not finite on one
 */
export async function calibrate(
  model: OnnxModel,
  open: OpenSession,
  samples: Iterable<Readonly<Record<string, RuntimeTensor>>> | AsyncIterable<Readonly<Record<string, RuntimeTensor>>>,
): Promise<Map<string, Range>> {
  const { graph } = model;
  const values = quantizedValues(model);
  const inputs = new Set(graph.inputs.map((input) => input.name));
  const present = new Set(graph.outputs.map((output) => output.name));
  const watched = values.filter((name) => !inputs.has(name) && !present.has(name));
  const extra = watched.flatMap((name) => {
    const type = graph.types.get(name);
    return type ? [{ name, ...type }] : [];
  });
  const session = await open(encodeModel({ ...model, graph: { ...graph, outputs: [...graph.outputs, ...extra] } }));
  const ranges = new Map<string, Range>();
  let count = 0;
  try {
    for await (const feeds of samples) {
      count += 1;
      const seen = { ...feeds, ...(await session.run(feeds)) };
      for (const name of values) ranges.set(name, widened(name, ranges.get(name), seen[name]));
    }
  } finally {
    await session.dispose();
  }
  if (count === 0) throw new JepaError('calibration: expected at least one sample, got none');
  return ranges;
}

function widened(name: string, range: Range | undefined, tensor: RuntimeTensor): Range {
  let [min, max] = [range?.min ?? Number.POSITIVE_INFINITY, range?.max ?? Number.NEGATIVE_INFINITY];
  for (const value of tensor.data) {
    const number = Number(value);
    if (!Number.isFinite(number))
      throw new JepaError(`calibration of "${name}": expected finite values, got ${number}`);
    if (number < min) min = number;
    if (number > max) max = number;
  }
  return { min, max };
}

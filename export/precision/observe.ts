// What values of a graph are on samples: the model with those values as further outputs, run twice over the samples, once for
// the ranges and once for histograms of fixed bins, so that nothing but them is kept.
import { JepaError } from '../../src/error.ts';
import type { RuntimeSession, RuntimeTensor } from '../../src/runtimes/runtime.ts';
import type { OnnxModel } from '../graph/graph.ts';
import { modelMessage } from '../graph/serialize.ts';
import { encode } from '../schema/encode.ts';
import * as onnx from '../schema/onnx.ts';
import type { OpenSession } from './calibrate.ts';
import { count, emptyHistogram, type Histogram } from './histogram.ts';

type Feeds = Readonly<Record<string, RuntimeTensor>>;

/**
 * Histograms of those of the values that are float32.
 *
 * @param samples feeds by input name, one batch each; asked for twice
 * @throws JepaError where there are no samples, or a value is not finite on one
 */
export async function observeValues(
  model: OnnxModel,
  values: readonly string[],
  open: OpenSession,
  samples: () => Iterable<Feeds>,
): Promise<Map<string, Histogram>> {
  const session = await open(exposed(model, values));
  try {
    const ranges = new Map<string, { min: number; max: number }>();
    for await (const seen of runs(session, samples()))
      for (const name of values) {
        const { data, type } = seen[name] ?? {};
        if (data instanceof Float32Array && type === 'float32') ranges.set(name, widened(name, ranges.get(name), data));
      }
    if (ranges.size === 0 && values.length > 0)
      throw new JepaError('calibration: expected a file that computes in float32, got no such value', {
        remedy: 'Of a file in half precision, give the float32 one that it was made from.',
      });
    const histograms = new Map([...ranges].map(([name, range]) => [name, emptyHistogram(range)] as const));
    for await (const seen of runs(session, samples()))
      for (const [name, histogram] of histograms) {
        const { data } = seen[name];
        if (data instanceof Float32Array) count(histogram, data);
      }
    return histograms;
  } finally {
    await session.dispose();
  }
}

async function* runs(session: RuntimeSession, samples: Iterable<Feeds>): AsyncGenerator<Feeds> {
  for (const feeds of samples) yield { ...feeds, ...(await session.run(feeds)) };
}

/** The types of further outputs are left to the runtime, which infers them: a file from anywhere does not always say them. */
function exposed(model: OnnxModel, values: readonly string[]): Uint8Array {
  const { inputs, outputs } = model.graph;
  const present = new Set([...inputs, ...outputs].map(({ name }) => name));
  const message = modelMessage(model);
  const added = values.filter((name) => !present.has(name)).map((name): onnx.ValueInfo => ({ name }));
  const graph = message.graph && { ...message.graph, output: [...message.graph.output, ...added] };
  return encode(onnx.model, { ...message, graph });
}

function widened(name: string, range: { min: number; max: number } | undefined, data: Float32Array) {
  let [min, max] = [range?.min ?? Number.POSITIVE_INFINITY, range?.max ?? Number.NEGATIVE_INFINITY];
  for (const number of data) {
    if (!Number.isFinite(number))
      throw new JepaError(`calibration of "${name}": expected finite values, got ${number}`);
    if (number < min) min = number;
    if (number > max) max = number;
  }
  return { min, max };
}

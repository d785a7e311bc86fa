// Labelled observations and their latents by any encoder on one runtime, as an evaluation draws and encodes them.
import { basename } from 'node:path';
import type { LabelledObservations } from '../../src/data/transition.ts';
import type { StateClasses } from '../../src/evaluation/class/state.ts';
import { parseForeignVariant } from '../../src/evaluation/foreign-encoder.ts';
import type { Latents } from '../../src/measures/latents.ts';
import { batchDependenceNote } from '../../src/run/batch-dependence.ts';
import { encodeObservations, type ObservationInput, type Observations } from '../../src/run/encode.ts';
import { openRuntimeVariant } from '../../src/run/runtime-variant.ts';
import type { RuntimeDescription } from '../../src/runtimes/index.ts';
import { elementCount } from '../../src/shape.ts';
import { resolveEvaluateOptions } from '../evaluate/option.ts';
import { observeForEncoder } from './observe.ts';
import type { EvaluateEncoderOptions } from './option.ts';
import { pixelScaleNote } from './pixel-scale.ts';

/** What an evaluation judges, before it is judged. */
export interface EvaluationDraw {
  readonly source: string;
  readonly input: ObservationInput;
  readonly observationShape: readonly number[];
  readonly classes: StateClasses;
  readonly judged: LabelledObservations;
  readonly centroids: LabelledObservations;
  readonly judgedLatents: Latents;
  readonly centroidLatents: Latents;
  readonly runtime: RuntimeDescription;
}

/** @throws UsageError where the observations are not what the encoder takes */
export async function evaluationDraw(
  path: string,
  {
    runtime: name = 'cpu',
    ...given
  }: Omit<EvaluateEncoderOptions, 'runtimes'> & { readonly runtime?: string | undefined },
): Promise<EvaluationDraw> {
  const options = { ...given, ...resolveEvaluateOptions(given) };
  const variant = parseForeignVariant(path, name, 'serve');
  const { found, observed } = await observeForEncoder(path, options);
  const { source, classes } = observed;
  const { judged, centroids } = await source.draw(options.observations, options.seed);
  const odd = pixelScaleNote(path, basename(path), found.input, judged.observations, source.observationShape);
  if (odd !== undefined) options.onNote(odd);
  const runtime = await openRuntimeVariant(variant, options.threads);
  try {
    const session = await runtime.load(path);
    try {
      options.onProgress(`encoding ${judged.states.length + centroids.states.length} observations on ${name}`);
      const encoded = (observations: Observations) =>
        encodeObservations(session, observations, source.observationShape, found.input);
      const rowSize = elementCount(source.observationShape);
      const dependence = await batchDependenceNote(basename(path), encoded, judged.observations, rowSize);
      if (dependence !== undefined) options.onNote(dependence);
      const encode = (set: LabelledObservations) => encoded(set.observations);
      return {
        ...{ source: source.name, input: found.input, observationShape: source.observationShape, classes },
        ...{ judged, centroids, runtime: runtime.describe() },
        judgedLatents: await encode(judged),
        centroidLatents: await encode(centroids),
      };
    } finally {
      await session.dispose();
    }
  } finally {
    await runtime.dispose();
  }
}

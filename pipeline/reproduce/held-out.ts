// The held-out observations of a training that is told or judged on the way: those that are judged, and others for the centroids.
import type { LabelledObservations } from '../../src/data/transition.ts';
import { pixelInput } from '../../src/evaluation/evaluate.ts';
import type { Latents } from '../../src/measures/latents.ts';
import { encodeObservations, type ObservationInput } from '../../src/run/encode.ts';
import type { Runtime } from '../../src/runtimes/index.ts';

/** The latents of both, by an encoder as ONNX bytes. @param shape of one observation */
export async function encodeHeldOut(
  runtime: Runtime,
  encoder: { readonly model: Uint8Array; readonly input?: ObservationInput | undefined },
  { judged, others }: { readonly judged: LabelledObservations; readonly others: LabelledObservations },
  shape: readonly number[],
): Promise<{ readonly judged: Latents; readonly others: Latents }> {
  const session = await runtime.load(encoder.model);
  try {
    const encode = ({ observations }: LabelledObservations) =>
      encodeObservations(session, observations, shape, encoder.input ?? pixelInput);
    return { judged: await encode(judged), others: await encode(others) };
  } finally {
    await session.dispose();
  }
}

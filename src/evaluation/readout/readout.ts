// What probes and decoders read: latents of held-out observations, by the trained encoder and by the same encoder before training.
// The untrained one stands beside every claim, since a random network keeps most of an image too.
import type { LabelledObservations } from '../../data/transition.ts';
import type { Latents } from '../../measures/latents.ts';
import { encodeObservations, joinObservations, type ObservationInput, type Observations } from '../../run/encode.ts';
import { filesFor } from '../../run/world-session.ts';
import { openRuntime, type RuntimeSession } from '../../runtimes/index.ts';
import { elementCount } from '../../shape.ts';
import { type Evaluation, pixelInput } from '../evaluate.ts';
import type { ReadoutEncoder } from '../schema/readout.ts';

/** Judged observations that probes and decoders are scored on, at most: a standard error of 0.016 for an accuracy. */
const MAXIMAL_TEST = 1024;

/** [N, ...observationShape] with the states, and the latents that each encoder gives. */
export interface ReadoutPart {
  readonly observations: Observations;
  /** [N]; empty where a recording names none. */
  readonly states: Int32Array;
  readonly latents: Readonly<Record<ReadoutEncoder, Latents>>;
}

export interface ReadoutSample {
  readonly observationShape: readonly number[];
  /** The observations of the centroids, and the judged ones that are not in `test`. */
  readonly train: ReadoutPart;
  /** The first judged observations. */
  readonly test: ReadoutPart;
}

/** @param runtime the name of a runtime that runs ONNX files */
export async function sampleReadout(
  { input, heldOut }: Pick<Evaluation, 'input' | 'heldOut'>,
  runtime: string,
  threads?: number,
): Promise<ReadoutSample> {
  const { subject, source, untrainedEncoder } = input;
  const { observationShape } = source;
  const opened = await openRuntime(runtime, { threads });
  const sessions: RuntimeSession[] = [];
  const encoderOf = async (model: Uint8Array | string, port: ObservationInput) => {
    const session = await opened.load(model);
    sessions.push(session);
    return (observations: Observations) => encodeObservations(session, observations, observationShape, port);
  };
  try {
    const files = filesFor(opened, subject);
    const trained = await encoderOf(files.encoder.path, files.encoder.input);
    const untrained = await encoderOf(untrainedEncoder.model, untrainedEncoder.input ?? pixelInput);
    const partOf = async ({ observations, states }: LabelledObservations): Promise<ReadoutPart> => ({
      observations,
      states,
      latents: { trained: await trained(observations), untrained: await untrained(observations) },
    });
    const size = elementCount(observationShape);
    const { judged, centroids } = heldOut;
    return {
      observationShape,
      train: await partOf(joined(centroids, rowsOf(judged, size, MAXIMAL_TEST))),
      test: await partOf(rowsOf(judged, size, 0, MAXIMAL_TEST)),
    };
  } finally {
    for (const session of sessions) await session.dispose();
    await opened.dispose();
  }
}

function rowsOf({ observations, states }: LabelledObservations, size: number, from: number, to?: number) {
  return {
    observations: observations.subarray(from * size, to === undefined ? undefined : to * size),
    states: states.subarray(from, to),
  };
}

function joined(first: LabelledObservations, second: LabelledObservations): LabelledObservations {
  const observations = joinObservations([first.observations, second.observations]);
  return { observations, states: Int32Array.of(...first.states, ...second.states) };
}

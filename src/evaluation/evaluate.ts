// The evaluation of a trained world model on one or several runtimes: draws held-out observations, encodes them on each,
// measures, decides, and certifies the verdict against the reference.
import type { Auxiliary } from '../auxiliary/index.ts';
import type { Environment } from '../environments/environment.ts';
import { JepaError } from '../error.ts';
import { type Latents, type Metric, underMetric } from '../measures/latents.ts';
import { meanPairDistance } from '../measures/pair-distance.ts';
import { meanSquaredError, relativeDynamicsResidual } from '../measures/residual.ts';
import { encodeObservations, type ObservationInput, type Observations } from '../run/encode.ts';
import { openRuntimeVariant, parseRuntimeVariant, subjectOfVariant } from '../run/runtime-variant.ts';
import type { EvaluationSubject } from '../run/subject.ts';
import { filesFor, openWorldSession, type WorldSession } from '../run/world-session.ts';
import { openRuntime, type Runtime, type RuntimeDescription } from '../runtimes/index.ts';
import { type AuxiliaryResidual, auxiliaryResiduals, recordedTargets, tableTargets } from './auxiliary-residual.ts';
import type { StateClasses } from './class/state.ts';
import { type EncoderRank, measureEncoderRank } from './encoder-jacobian.ts';
import type { EvaluationSource, HeldOut } from './held-out/held-out.ts';
import {
  compareWithReference,
  type EncoderEvaluation,
  type MeasuredEncoder,
  type MeasuringOptions,
  measureEncoder,
  untrainedSample,
} from './runtime-measurement.ts';
import { evaluateWitnesses, type WitnessEvaluation } from './witness/evaluate.ts';

/** A network as an ONNX file that takes observations as they are. */
export interface ObservationNetwork {
  readonly model: Uint8Array;
  /** Default: NHWC bytes under the name `observation`. */
  readonly input?: ObservationInput;
}

/** How networks made for an evaluation take images. */
export const pixelInput: ObservationInput = { name: 'observation', layout: 'nhwc', type: 'uint8' };

export interface EvaluationInput {
  readonly subject: EvaluationSubject;
  /** Where the observations come from. */
  readonly source: EvaluationSource;
  /** Absent where they are of a recording. */
  readonly environment?: Environment;
  readonly auxiliaries: readonly Auxiliary[];
  readonly classes: StateClasses;
  /** The encoder as it was before training, with the batch-norm statistics of observations. */
  readonly untrainedEncoder: ObservationNetwork;
  /** The networks of the pixel auxiliaries. */
  readonly auxiliaryNetworks: ReadonlyMap<Auxiliary, ObservationNetwork>;
}

export interface EvaluationOptions extends MeasuringOptions {
  /** The encoder in half precision, where one of the runtimes is a variant that runs it. */
  readonly halfEncoder?: string | undefined;
}

export interface RuntimeEvaluation extends EncoderEvaluation {
  readonly dynamicsResidual: number;
  readonly relativeDynamicsResidual: number;
  readonly auxiliaryResiduals: readonly AuxiliaryResidual[];
}

export interface Evaluation {
  readonly input: EvaluationInput;
  readonly options: EvaluationOptions;
  readonly heldOut: HeldOut;
  readonly untrainedMeanDistance: number;
  readonly reference: RuntimeDescription;
  readonly runtimes: readonly RuntimeEvaluation[];
  readonly inspection: Inspection;
}

/** What is looked at on one runtime only, since it is of the networks and not of their rounding. */
export interface Inspection {
  /** The first of the runtimes that reads ONNX files, else the first. */
  readonly runtime: string;
  readonly witnesses: WitnessEvaluation;
  /** Undefined where the encoder takes bytes. */
  readonly encoderRank: EncoderRank | undefined;
}

/**
 * All runtimes are opened before anything is computed, so that a missing one, or missing files, cost nothing.
 * @throws UnavailableError where this machine lacks one of the runtimes, UsageError for an unknown one.
 */
export async function evaluate(input: EvaluationInput, options: EvaluationOptions): Promise<Evaluation> {
  const { source, subject } = input;
  const progress = options.onProgress ?? (() => {});
  const names = [...new Set([options.reference, ...options.runtimes])];
  const runtimes = new Map<string, Runtime>();
  /** Opened for networks that only this evaluation needs. */
  const additional: Runtime[] = [];
  const subjectOf = (name: string) =>
    subjectOfVariant(parseRuntimeVariant('evaluate', name), subject, options.halfEncoder);
  try {
    for (const name of names) {
      const runtime = await openRuntimeVariant(parseRuntimeVariant('evaluate', name), options.threads);
      runtimes.set(name, runtime);
      filesFor(runtime, subjectOf(name));
    }
    progress('drawing held-out observations');
    const heldOut = await source.draw(options.observations, options.seed);
    let onnxRuntime = [...runtimes.values()].find((each) => each.format === 'onnx');
    if (onnxRuntime === undefined) {
      onnxRuntime = await openRuntime('cpu');
      additional.push(onnxRuntime);
    }
    const encodeBy = encodeOn(onnxRuntime, source.observationShape);
    const targets = await prepareTargets({ ...input, metric: options.metric }, heldOut, encodeBy);
    const measured = new Map<string, MeasuredRuntime>();
    const inspected = options.runtimes.find((name) => runtimes.get(name)?.format === 'onnx') ?? options.runtimes[0];
    let inspection: Inspection | undefined;
    for (const [name, runtime] of runtimes) {
      progress(`${measured.size + 1}/${runtimes.size} encoding on ${name}`);
      const session = await openWorldSession(runtime, subjectOf(name), source.observationShape);
      try {
        const measurement = { input, heldOut, targets, runtime, session, metric: options.metric, progress };
        const evaluated = await measureRuntime(measurement);
        measured.set(name, evaluated);
        if (name !== inspected) continue;
        progress(`looking for witnesses on ${name}`);
        inspection = await inspectWorld(measurement, evaluated.latents.size, { name, encodeBy, seed: options.seed });
      } finally {
        await session.dispose();
      }
    }
    if (inspection === undefined) throw new JepaError(`evaluate: expected ${inspected} among the runtimes`);
    return {
      input,
      options,
      heldOut,
      untrainedMeanDistance: targets.untrainedMeanDistance,
      ...compareWithReference(measured, options),
      inspection,
    };
  } finally {
    for (const runtime of [...runtimes.values(), ...additional]) await runtime.dispose();
  }
}

/** Encodes by a network that was made for this evaluation. */
type EncodeBy = (network: ObservationNetwork, observations: Observations) => Promise<Latents>;

function encodeOn(runtime: Runtime, shape: readonly number[]): EncodeBy {
  return async ({ model, input = pixelInput }, observations) => {
    const session = await runtime.load(model);
    try {
      return await encodeObservations(session, observations, shape, input);
    } finally {
      await session.dispose();
    }
  };
}

interface Targets {
  readonly untrainedMeanDistance: number;
  /** p of the transitions' observations. */
  readonly of: (auxiliary: Auxiliary) => Float32Array | undefined;
}

/** What the other networks say of the held-out observations: the untrained encoder, and the pixel auxiliaries. */
async function prepareTargets(
  {
    source,
    auxiliaries,
    untrainedEncoder,
    auxiliaryNetworks,
    metric,
  }: EvaluationInput & { readonly metric: Metric | undefined },
  heldOut: HeldOut,
  encode: EncodeBy,
): Promise<Targets> {
  const { transitions } = heldOut;
  const pixelTargets = new Map<Auxiliary, Float32Array>();
  for (const [auxiliary, network] of auxiliaryNetworks)
    pixelTargets.set(auxiliary, (await encode(network, transitions.observations)).values);
  const tables = new Map<Auxiliary, Float32Array>();
  for (const auxiliary of auxiliaries)
    if (auxiliary.of === 'state')
      tables.set(auxiliary, tableTargets(auxiliary.table, auxiliary.size, transitions.states));
  for (const [auxiliary, values] of recordedTargets(auxiliaries, transitions.recorded)) tables.set(auxiliary, values);
  const untrained = await encode(untrainedEncoder, untrainedSample(heldOut, source.observationShape));
  return {
    untrainedMeanDistance: meanPairDistance(underMetric(untrained, metric)),
    of: (auxiliary) => tables.get(auxiliary) ?? pixelTargets.get(auxiliary),
  };
}

type MeasuredRuntime = Omit<RuntimeEvaluation, 'error' | 'certificate'> & MeasuredEncoder;

interface Measurement {
  readonly input: EvaluationInput;
  readonly heldOut: HeldOut;
  readonly targets: Targets;
  readonly runtime: Runtime;
  readonly session: WorldSession;
  readonly metric: Metric | undefined;
  readonly progress: (message: string) => void;
}

async function measureRuntime(measurement: Measurement): Promise<MeasuredRuntime> {
  const { input, heldOut, targets, session } = measurement;
  const { source, classes, auxiliaries } = input;
  const { untrainedMeanDistance } = targets;
  const { transitions } = heldOut;
  const now = await session.encode(transitions.observations);
  const next = await session.encode(transitions.nextObservations);
  const predicted = await session.predict(now, transitions.actions);
  const auxiliary = session.auxiliary && auxiliaries.length > 0 ? await session.auxiliary(now) : undefined;
  return {
    ...(await measureEncoder({ ...measurement, source, classes, untrainedMeanDistance })),
    dynamicsResidual: meanSquaredError(predicted, next.values),
    relativeDynamicsResidual: relativeDynamicsResidual(predicted, next.values, next.size),
    auxiliaryResiduals: auxiliary ? auxiliaryResiduals(auxiliaries, auxiliary, now.count, targets.of) : [],
  };
}

async function inspectWorld(
  { input, heldOut, session }: Measurement,
  latentSize: number,
  { name, encodeBy, seed }: { readonly name: string; readonly encodeBy: EncodeBy; readonly seed: number },
): Promise<Inspection> {
  const encoderRank = await measureEncoderRank({
    encoder: session.encoder,
    observations: heldOut.judged.observations,
    observationShape: input.source.observationShape,
    input: session.files.encoder.input,
    latentSize,
    seed,
  });
  const pixelAuxiliary = async (auxiliary: Auxiliary, observations: Observations) => {
    const network = input.auxiliaryNetworks.get(auxiliary);
    if (network !== undefined) return (await encodeBy(network, observations)).values;
    throw new JepaError(`evaluate: expected a network of the auxiliary ${auxiliary.name}, got none`);
  };
  const witnesses = await evaluateWitnesses(
    { ...input, words: heldOut.words },
    { session, runtime: name, pixelAuxiliary, seed },
  );
  return { runtime: name, witnesses, encoderRank };
}

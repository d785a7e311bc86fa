// What is written of each network of a run, and what an export says of them. Knows nothing of Node: a page plans as `jepa export`
// does, so that the same weights give the same bytes in both.
import * as tf from '@tensorflow/tfjs';
import { defaultOpset, type ExportOptions, exportTarget } from '../../export/index.ts';
import type { RecordingRecord } from '../../src/data/recording-description.ts';
import { randomFor } from '../../src/random.ts';
import type { RuntimeTensor } from '../../src/runtimes/runtime.ts';
import type { ExportDescription } from '../../src/storage/export-format.ts';
import type { LoadedRun } from '../load.ts';

export interface NetworkPlanOptions {
  /** Default: the target's, else `defaultOpset`. */
  readonly opset?: number;
  /** Name of the runtime to export for. */
  readonly for?: string;
  /** Layout of images. Default: nchw. */
  readonly layout?: 'nchw' | 'nhwc' | undefined;
  /** float32: pixels in 0..1; uint8: raw pixels, scaled in the graph. Default: float32. */
  readonly pixels?: 'float32' | 'uint8' | undefined;
}

export interface ResolvedNetworkOptions extends NetworkPlanOptions {
  readonly layout: 'nchw' | 'nhwc';
  readonly pixels: 'float32' | 'uint8';
}

/** The options with what stands where nothing was said. */
export function resolveNetworkOptions<Options extends NetworkPlanOptions>(options: Options) {
  return { ...options, layout: options.layout ?? ('nchw' as const), pixels: options.pixels ?? ('float32' as const) };
}

export interface NetworkPlan {
  readonly name: 'encoder' | 'predictor' | 'auxiliary';
  readonly model: tf.LayersModel;
  readonly exportOptions: ExportOptions;
  /** What the file is checked on, where standard normal numbers are far from what it was trained on. */
  readonly inputs?: (batch: number) => readonly RuntimeTensor[];
}

/** What is planned by: the parts of a run, and what it was trained with. */
export type PlannedRun = Pick<
  LoadedRun,
  | 'environment'
  | 'recording'
  | 'observationShape'
  | 'actionSize'
  | 'auxiliaries'
  | 'model'
  | 'configuration'
  | 'step'
  | 'stateFile'
>;

/** What the files say of where they come from. */
export interface PlannedOrigin {
  readonly producer: NonNullable<ExportOptions['producer']>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * What every file says of where it comes from. Nothing here depends on the clock or the machine: the same weights give the same bytes.
 * @param metrics the row of metrics.jsonl at that step, where there is one
 */
export function originOf(
  name: string,
  { configuration, step, stateFile }: Pick<PlannedRun, 'configuration' | 'step' | 'stateFile'>,
  version: string,
  metrics?: unknown,
): PlannedOrigin {
  return {
    producer: { name: 'jepa-onnx', version },
    metadata: {
      'jepa_onnx.run': name,
      'jepa_onnx.config': JSON.stringify(configuration),
      'jepa_onnx.seed': String(configuration.seed),
      'jepa_onnx.step': String(step),
      ...(stateFile === undefined ? {} : { 'jepa_onnx.state': stateFile }),
      ...(metrics === undefined ? {} : { 'jepa_onnx.metrics': JSON.stringify(metrics) }),
      'jepa_onnx.versions': JSON.stringify({ 'jepa-onnx': version, tfjs: tf.version.tfjs }),
    },
  };
}

/** What is written of each network: a function of the run and its origin, in Node and in a page. */
export function planNetworksOf(run: PlannedRun, options: ResolvedNetworkOptions, origin: PlannedOrigin): NetworkPlan[] {
  const { predictor, auxiliary } = run.model;
  const target = options.for === undefined ? undefined : exportTarget(options.for);
  const shared: ExportOptions = {
    opset: options.opset ?? target?.opset ?? defaultOpset,
    avoid: target?.avoid ?? [],
    layout: options.layout,
    ...origin,
  };
  const { stateFile, environment, recording } = run;
  const trainedOn =
    stateFile === undefined
      ? `of a JEPA world model trained on ${environment?.name ?? recording?.name}`
      : `of a JEPA world model trained elsewhere (${stateFile})`;
  const action = describeActions(run);
  const plans: NetworkPlan[] = [
    planEncoder(run, options, shared, trainedOn),
    {
      name: 'predictor',
      model: predictor,
      exportOptions: {
        ...shared,
        scope: 'predictor',
        inputNames: ['latent', 'action'],
        outputNames: ['next_latent'],
        doc: `Latent transition model ${trainedOn}: latent and action to the next latent.`,
        portDocs: {
          latent: 'latents, as the encoder gives them',
          action: `encoded actions; ${action}`,
          next_latent: 'the predicted latents after the actions',
        },
      },
      ...(run.recording ? { inputs: (batch: number) => sampleTransitions(run, run.recording, batch) } : {}),
    },
  ];
  if (auxiliary)
    plans.push({
      name: 'auxiliary',
      model: auxiliary,
      exportOptions: {
        ...shared,
        scope: 'auxiliary',
        inputNames: ['latent'],
        outputNames: ['auxiliary'],
        doc: `Auxiliary head ${trainedOn}: latent to ${describeAuxiliaries(run)}.`,
        portDocs: {
          latent: 'latents, as the encoder gives them',
          auxiliary: describeAuxiliaries(run),
        },
      },
    });
  return plans;
}

function planEncoder(
  run: PlannedRun,
  { layout, pixels }: ResolvedNetworkOptions,
  shared: ExportOptions,
  trainedOn: string,
): NetworkPlan {
  const parts = run.recording?.observation ?? [{ kind: 'image' as const, shape: run.observationShape, columns: [] }];
  const names = parts.length === 1 ? ['observation'] : parts.map(({ kind }) => kind);
  const isRgb = parts.some(({ kind, shape }) => kind === 'image' && shape[2] === 3);
  const docs = parts.map(({ kind, shape, columns }) => {
    const source = columns.length > 0 ? ` (${columns.join(', ')})` : '';
    if (kind === 'vector') return `numbers as they were recorded${source}`;
    const range = pixels === 'uint8' ? '0..255' : '0..1';
    return `${shape[2] === 3 ? 'RGB images' : `images of ${shape[2]} channels`}, ${layout.toUpperCase()}, pixels in ${range}${source}`;
  });
  return {
    name: 'encoder',
    model: run.model.encoder,
    exportOptions: {
      ...shared,
      pixels,
      scope: 'encoder',
      inputNames: names,
      outputNames: ['latent'],
      doc: `Encoder ${trainedOn}: an observation to its latent.`,
      portDocs: {
        ...Object.fromEntries(names.map((name, i) => [name, docs[i]])),
        latent: 'the latent of each observation',
      },
      metadata: {
        ...shared.metadata,
        ...(isRgb
          ? {
              'Image.BitmapPixelFormat': 'Rgb8',
              'Image.NominalPixelRange': pixels === 'uint8' ? 'NominalRange_0_255' : 'Normalized_0_1',
            }
          : {}),
      },
    },
    ...(run.recording
      ? { inputs: (batch: number) => sampleObservations(run.recording, { layout, pixels }, batch) }
      : {}),
  };
}

/** Numbers with the recording's means and deviations; pixels evenly from all. */
function sampleObservations(
  record: RecordingRecord | undefined,
  { layout, pixels }: Pick<ResolvedNetworkOptions, 'layout' | 'pixels'>,
  batch: number,
): RuntimeTensor[] {
  return (record?.observation ?? []).map(({ kind, shape, mean, deviation }): RuntimeTensor => {
    const random = randomFor('export observation', kind, batch);
    if (kind === 'vector')
      return { type: 'float32', shape: [batch, ...shape], data: normals(mean, deviation, batch, random) };
    const [height, width, channels] = shape;
    const sides = layout === 'nchw' ? [channels, height, width] : [height, width, channels];
    const length = batch * height * width * channels;
    return pixels === 'uint8'
      ? { type: 'uint8', shape: [batch, ...sides], data: Uint8Array.from({ length }, () => random.integer(256)) }
      : { type: 'float32', shape: [batch, ...sides], data: Float32Array.from({ length }, () => random.uniform()) };
  });
}

function sampleTransitions(run: PlannedRun, record: RecordingRecord | undefined, batch: number): RuntimeTensor[] {
  const random = randomFor('export transition', batch);
  const { latentSize } = run.configuration.model;
  const latents = Float32Array.from({ length: batch * latentSize }, () => random.normal());
  const actions = record?.action ?? [];
  const mean = actions.flatMap((part) => part.mean);
  const deviation = actions.flatMap((part) => part.deviation);
  return [
    { type: 'float32', shape: [batch, latentSize], data: latents },
    { type: 'float32', shape: [batch, run.actionSize], data: normals(mean, deviation, batch, random) },
  ];
}

function normals(
  mean: readonly number[],
  deviation: readonly number[],
  batch: number,
  random: ReturnType<typeof randomFor>,
): Float32Array {
  const { length } = mean;
  return Float32Array.from(
    { length: batch * length },
    (_, i) => mean[i % length] + deviation[i % length] * random.normal(),
  );
}

function describeActions({ environment, recording }: PlannedRun): string {
  if (environment) return `the environment's are: ${environment.actionNames.join(', ')}`;
  const parts = recording?.action.map(({ column, actionCount, size }) =>
    actionCount === undefined
      ? `${column}, ${size} numbers as they were recorded`
      : `${column}, one-hot of ${actionCount}`,
  );
  return `the recording's are: ${parts?.join('; ')}`;
}

function describeAuxiliaries({ auxiliaries }: PlannedRun): string {
  return auxiliaries
    .map(({ name, size, loss }) => `${name} (${size} ${loss === 'squared' ? 'values' : 'logits'})`)
    .join(', ');
}

/** What model.json says of the networks of a run that is called `name`. */
export function describeNetworks(
  name: string,
  run: PlannedRun,
  options: ResolvedNetworkOptions,
): Omit<ExportDescription, 'format'> {
  const { auxiliaries, configuration, step, actionSize, stateFile } = run;
  const size = auxiliaries.reduce((sum, auxiliary) => sum + auxiliary.size, 0);
  return {
    run: name,
    step,
    ...(stateFile === undefined ? {} : { state: stateFile }),
    configuration,
    encoder: {
      file: 'encoder.onnx',
      ...describeObservation(run, options),
      output: { name: 'latent', size: configuration.model.latentSize },
    },
    predictor: {
      file: 'predictor.onnx',
      inputs: { latent: 'latent', action: 'action' },
      actionSize,
      output: { name: 'next_latent' },
    },
    ...(size > 0
      ? { auxiliary: { file: 'auxiliary.onnx', input: { name: 'latent' }, output: { name: 'auxiliary', size } } }
      : {}),
  };
}

function describeObservation(
  { recording, observationShape }: PlannedRun,
  { layout, pixels }: ResolvedNetworkOptions,
): Pick<ExportDescription['encoder'], 'input' | 'vector'> {
  const [first, second] = recording?.observation ?? [{ kind: 'image', shape: observationShape }];
  if (first.kind === 'vector')
    return { input: { name: 'observation', layout: 'flat', type: 'float32', size: first.shape[0] } };
  const [height, width, channels] = first.shape;
  const input = { name: second ? 'image' : 'observation', layout, type: pixels, height, width, channels };
  return second ? { input, vector: { name: 'vector', size: second.shape[0] } } : { input };
}

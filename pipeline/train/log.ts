// What a run writes down while it trains: metrics.jsonl, measures.jsonl and TensorBoard's files.
import { distanceMatrix } from '../../src/measures/pair-distance.ts';
import { contactSheet, heatMap } from '../../src/report/picture.ts';
import { runPath } from '../../src/run/folder.ts';
import { elementCount } from '../../src/shape.ts';
import { type LogDigest, openMetricsLog } from '../../src/storage/jsonl.ts';
import { type EventWriter, openEventWriter } from '../../src/storage/tensorboard/events.ts';
import type { Hyperparameters, Outcome } from '../../src/storage/tensorboard/hyperparameters.ts';
import { writeProjections } from '../../src/storage/tensorboard/projector.ts';
import type { Configuration } from '../../src/training/configuration.ts';
import type { MeasuresRow, MetricsRow } from '../../src/training/trainer.ts';
import type { LabelledBaseline } from '../evaluate/baseline.ts';

/** Observations that TensorBoard shows. */
const SHOWN_OBSERVATIONS = 16;
const SHOWN_COLUMNS = 8;
/** The projector's limit of a sprite's side, in pixels. */
const MAXIMAL_SPRITE_PX = 8192;

export interface RunRecord {
  metrics(row: MetricsRow): void;
  measures(row: MeasuresRow): void;
  /** Makes the rows durable. @returns what the logs hold by then */
  sync(): Readonly<Record<'metrics' | 'measures', LogDigest>>;
  /** How the training ended, where it did; a run that is interrupted goes on later. */
  ended(outcome: Outcome): void;
  dispose(): void;
}

export interface RunRecordOptions {
  readonly configuration: Configuration;
  readonly baseline: LabelledBaseline | undefined;
  /** The step of the checkpoint that the run goes on from. */
  readonly resumeStep?: number | undefined;
  /** Rows of each log that belong to it, where the checkpoint says so. */
  readonly resumeRows?: Readonly<Record<string, { readonly rows: number }>> | undefined;
}

/** Opens the files for appending; what was written of later steps than `resumeStep` is dropped. */
export function openRunRecord(runFolder: string, options: RunRecordOptions): RunRecord {
  const { configuration, baseline, resumeStep } = options;
  const open = (name: 'metrics' | 'measures') =>
    openMetricsLog(runPath(runFolder, name), {
      resumeStep: resumeStep ?? 0,
      resumeRows: options.resumeRows?.[name]?.rows,
    });
  const metrics = open('metrics');
  const measures = open('measures');
  const folder = runPath(runFolder, 'tensorboard');
  const events = openEventWriter(folder, resumeStep === undefined ? {} : { resumeStep });
  if (resumeStep === undefined) {
    events.hyperparameters(hyperparametersOf(configuration));
    if (baseline) showObservations(events, baseline);
  }
  return {
    metrics({ step, loss, terms, latentDeviation, learningRate }) {
      metrics.append({ step, loss, ...terms, latentDeviation, learningRate });
      events.scalars(step, tagged('train', { loss, ...terms, latentDeviation, learningRate }));
    },
    measures({ step, measures: values, latents }) {
      measures.append({ step, ...values });
      events.scalars(step, tagged('measure', values));
      if (step === configuration.optimization.steps && baseline)
        showLatents(events, folder, baseline, { step, latents });
    },
    sync: () => ({ metrics: metrics.sync(), measures: measures.sync() }),
    ended: (outcome) => events.outcome(outcome),
    dispose() {
      metrics.dispose();
      measures.dispose();
      events.dispose();
    },
  };
}

/** `train/latent_deviation` of latentDeviation. */
function tagged(group: string, values: Readonly<Record<string, number>>): Record<string, number> {
  const tagOf = (name: string) => `${group}/${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [tagOf(name), value]));
}

/** Every key of the configuration by its path (`optimization.learningRate`); lists as JSON. */
function hyperparametersOf(configuration: Configuration): Hyperparameters {
  const flat: Record<string, number | string | boolean> = {};
  const visit = (value: unknown, path: string): void => {
    if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') flat[path] = value;
    else if (Array.isArray(value)) flat[path] = JSON.stringify(value);
    else if (typeof value === 'object' && value !== null)
      for (const [name, inner] of Object.entries(value)) visit(inner, path === '' ? name : `${path}.${name}`);
  };
  visit(configuration, '');
  return flat;
}

function showObservations(events: EventWriter, { observations, observationShape }: LabelledBaseline): void {
  if (!(observations instanceof Uint8Array) || observationShape.length !== 3) return;
  const size = elementCount(observationShape);
  const shown = observations.subarray(0, SHOWN_OBSERVATIONS * size);
  events.image(0, 'baseline/observations', contactSheet(shown, observationShape, SHOWN_COLUMNS));
}

/** At the end of the training: the distances of all pairs sorted by class, and the embedding projector's files. */
function showLatents(
  events: EventWriter,
  folder: string,
  baseline: LabelledBaseline,
  { step, latents }: { readonly step: number; readonly latents: Float32Array },
): void {
  const { observations, observationShape, names, classes } = baseline;
  const [first] = Object.values(names);
  const count = first.length;
  const dimension = latents.length / count;
  const labels = classes?.labels;
  const order = Array.from({ length: count }, (_, n) => n);
  if (labels) order.sort((a, b) => labels[a] - labels[b] || a - b);
  const matrix = distanceMatrix({ values: latents, count, size: dimension }, order);
  events.image(step, 'measure/distances', heatMap(matrix, count));
  const [height, width] = observationShape;
  // The projector takes its pictures from a square of ceil(sqrt(N)) columns.
  const columns = Math.ceil(Math.sqrt(count));
  const hasSprite =
    observations instanceof Uint8Array &&
    observationShape.length === 3 &&
    columns * Math.max(height, width) <= MAXIMAL_SPRITE_PX;
  const sprite = hasSprite
    ? { png: contactSheet(observations, observationShape, columns).bytes, width, height }
    : undefined;
  writeProjections(folder, [{ name: 'latents', vectors: latents, dimension, labels: names, sprite }]);
}

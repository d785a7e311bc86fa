// Observations with classes for an encoder from anywhere: which columns of a recording its inputs take, in which form, and which
// rows are judged; or those of an environment of ours.
import { basename, resolve } from 'node:path';
import type { Recording } from '../../src/data/recording.ts';
import { createEnvironment } from '../../src/environments/index.ts';
import { option, UsageError } from '../../src/error.ts';
import type { RecordingClassSource } from '../../src/evaluation/class/recording.ts';
import { classesOf } from '../../src/evaluation/class/state.ts';
import {
  chooseLatent,
  type FoundInput,
  findObservationInput,
  type InputPort,
} from '../../src/evaluation/encoder-input.ts';
import type { ForeignEvaluationInput } from '../../src/evaluation/foreign-encoder.ts';
import { type EvaluationSource, environmentEvaluationSource } from '../../src/evaluation/held-out/held-out.ts';
import {
  drawLabelledRows,
  observationsThatFit,
  readLabelledRows,
} from '../../src/evaluation/held-out/labelled-rows.ts';
import { requireFile } from '../../src/storage/file-system.ts';
import { recordingClasses } from '../evaluate/class-choice.ts';
import { type ResolvedEvaluateOptions, resolveEvaluateOptions } from '../evaluate/option.ts';
import {
  answersOf,
  configurationOf,
  openForEncoder,
  type RecordingQuestion,
  requireImageSize,
  requirePort,
} from './columns.ts';
import { lookAtEncoder } from './file.ts';
import { actionColumns, apartColumn, wordsFor } from './follow.ts';
import type { EncoderOptions, EvaluateEncoderOptions } from './option.ts';
import { claimOf, classesFor, rowClassesOf } from './row-classes.ts';

type ResolvedOptions = EvaluateEncoderOptions & ResolvedEvaluateOptions & { readonly follow: boolean };
type Observed = Pick<ForeignEvaluationInput, 'source' | 'classes' | 'words'>;

/** What an encoder takes, and observations with classes for it. */
export interface ObservedEncoder {
  readonly found: FoundInput;
  readonly observed: Observed;
  readonly sha256: string;
  /** What the file computes in. */
  readonly precision: 'float32' | 'float16' | 'int8';
}

/**
 * What an encoder takes, and observations with classes for it.
 * @param follow whether recorded words are drawn too, which witnesses follow
 * @throws UsageError where they do not fit, or both or neither of `data` and `environment` are given
 */
export async function observeForEncoder(
  path: string,
  given: EvaluateEncoderOptions,
  { follow = false }: { readonly follow?: boolean } = {},
): Promise<ObservedEncoder> {
  const options: ResolvedOptions = { ...given, ...resolveEvaluateOptions(given), follow };
  const { data, environment, onNote } = options;
  requireOneSource(path, options);
  requireFile(path, 'an ONNX file');
  const { where, inputs, outputs, precision, sha256 } = await lookAtEncoder(path);
  const latent = chooseLatent(where, outputs, options, onNote);
  const { input, observed } =
    environment === undefined
      ? await observedInRecording({ where, inputs, path: data ?? '' }, options)
      : await observedInEnvironment({ where, inputs, name: environment }, options);
  return { found: { ...input, input: { ...input.input, latent } }, observed, sha256, precision };
}

/** @throws UsageError where both or neither of a recording and an environment are given */
export function requireOneSource(path: string, { data, environment }: EncoderOptions): void {
  if ((data === undefined) === (environment === undefined))
    throw new UsageError(
      `${path}: expected observations for it, either ${option('data', 'RECORDING')} or ${option('environment', 'NAME')}, got ${data === undefined ? 'neither' : 'both'}`,
    );
}

interface Found {
  readonly input: FoundInput;
  readonly observed: Observed;
}

async function observedInEnvironment(
  { where, inputs, name }: { readonly where: string; readonly inputs: readonly InputPort[]; readonly name: string },
  options: ResolvedOptions,
): Promise<Found> {
  if (options.predictor !== undefined)
    throw new UsageError(
      `${option('predictor')}: expected a recording whose actions it can follow, got the environment ${name}`,
      {
        remedy: `Name one: ${option('data', 'RECORDING')}. Words of an environment are drawn where a run of ours is evaluated.`,
      },
    );
  const { classes = 'reward' } = options;
  if (classes !== 'reward' && classes !== 'state')
    throw new UsageError(
      `${option('classes')}: expected reward or state for an encoder by itself, got ${typeof classes === 'string' ? classes : classes.of}`,
    );
  const { input, source } = environmentInput(where, inputs, name, options);
  const environment = createEnvironment(name);
  const words = {
    none: `words of actions are followed where they were recorded, and the images of ${name} are drawn one by one`,
  };
  return { input, observed: { source, words, classes: await classesOf(environment, classes, []) } };
}

/** What an encoder takes of an environment's images. @throws UsageError where it takes others, or something else */
export function environmentInput(
  where: string,
  inputs: readonly InputPort[],
  name: string,
  options: EncoderOptions,
): { readonly input: FoundInput; readonly source: EvaluationSource } {
  if (options.input !== undefined && options.input.length > 0)
    throw new UsageError(`${option('input')}: expected columns of a recording, got the environment ${name}`, {
      remedy: 'An environment has images alone: the one input takes them.',
    });
  const input = findObservationInput(where, inputs, answersOf(options));
  const source = environmentEvaluationSource(createEnvironment(name));
  const { imageSize, input: own } = input;
  const shape = source.observationShape;
  requirePort(where, { ...own, imageSize }, 'image', shape);
  requireImageSize(where, imageSize, shape);
  return { input, source };
}

async function observedInRecording(question: RecordingQuestion, options: ResolvedOptions): Promise<Found> {
  const { seed, onNote } = options;
  const { recording, roles, input, rows, dispose } = await openForEncoder(question, options);
  try {
    const asked = classesFor(recording, roles, recordingClasses(options.classes, 'for a recording'));
    const rowClasses = rowClassesOf(recording, roles, asked);
    const words = options.follow
      ? await wordsFor(
          { recording, rows },
          {
            ...{ seed, predictor: options.predictor, actions: actionColumns(recording, roles) },
            apart: apartColumn(recording, roles, asked),
          },
        )
      : undefined;
    if (rowClasses === undefined) {
      const observed = await observedTransitions(recording, asked, question.path, options, input);
      return { input, observed: { ...observed, words } };
    }
    const most = observationsThatFit(rows);
    const observations = Math.min(options.observations, most);
    if (observations < options.observations && rows.count > 2 * most)
      onNote(
        `judged are ${most} observations, as by ${option('observations', String(most))}: more do not fit into memory`,
      );
    const drawn = await drawLabelledRows(recording, rows, rowClasses, { observations, seed, onNote });
    const heldOut = await readLabelledRows(rows, drawn);
    const none = new Float32Array(0);
    const transitions = { observations: none, nextObservations: none, actions: none, states: new Int32Array(0) };
    const source: EvaluationSource = {
      name: basename(resolve(recording.path)),
      description: { recording: recording.format, episodes: recording.episodeCount },
      observationShape: rows.shape,
      draw: () => ({ ...heldOut, transitions }),
    };
    return { input, observed: { source, words, classes: { ...drawn.classes, claim: claimOf(drawn.classes) } } };
  } finally {
    await dispose();
  }
}

/** Observations that transitions lead to, with what the transitions tell apart as classes. */
async function observedTransitions(
  recording: Recording,
  asked: RecordingClassSource | undefined,
  path: string,
  { map, stack, observations, seed, onNote, imageSize }: ResolvedOptions,
  { input, imageSize: fileSize }: FoundInput,
): Promise<Observed> {
  const { openRecordingEvaluation } = await import('../../src/evaluation/held-out/recording.ts');
  const { openRunRecording } = await import('../../src/run/recording.ts');
  if (input.parts !== undefined)
    throw new UsageError(`${option('classes')}: expected classes of a column for several inputs, got observed`, {
      remedy: `Take ${option('classes', 'column:NAME')} or quantiles:4.`,
    });
  const configuration = await configurationOf(path, { map, stack: input.frames ?? stack }, imageSize ?? fileSize);
  const opened = await openRunRecording({ configuration, seed, auxiliary: [], recording });
  const { source, classes } = await openRecordingEvaluation({
    opened,
    auxiliaries: [],
    split: 'all',
    classes: asked,
    observations,
    seed,
    valuesOf: () => {
      throw new UsageError(`${option('classes')}: expected a column of the recording, got none`);
    },
    onNote,
  });
  return { source, classes: { ...classes, claim: claimOf(classes) } };
}

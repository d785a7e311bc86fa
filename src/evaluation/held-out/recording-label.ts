// The classes of a recording's observations: of a column, of ranges of a number, or of what its transitions tell apart.
import type { Auxiliary } from '../../auxiliary/index.ts';
import { FLOAT32_WHOLE, fitsFloat32 } from '../../data/element.ts';
import type { RecordingSource } from '../../data/recording-source.ts';
import { JepaError, option, UsageError } from '../../error.ts';
import type { Observations } from '../../run/encode.ts';
import type { OpenRunRecording } from '../../run/recording.ts';
import { elementCount } from '../../shape.ts';
import {
  classesOfColumn,
  classesOfObserved,
  classesOfQuantiles,
  type LabelledClasses,
  ObservedClassesError,
  type RecordingClassSource,
} from '../class/recording.ts';
import { type DrawnTransitions, drawTransitions } from './recording-draw.ts';

/** Training transitions that classes of what was observed are made of. */
const MAXIMAL_OBSERVED = 20_000;

export interface RecordingEvaluationOptions {
  readonly opened: OpenRunRecording;
  readonly auxiliaries: readonly Auxiliary[];
  /** The episodes that are judged. Default: those that were held out; `all` where nothing was trained on the recording. */
  readonly split?: 'held-out' | 'all' | undefined;
  /** What the classes are made of. Default: what can be claimed best, see `chooseClasses`. */
  readonly classes?: RecordingClassSource | undefined;
  /** Judged observations; as many more give the centroids. */
  readonly observations: number;
  readonly seed: number;
  /** p of an auxiliary that is a function of the observation, [N, M]. */
  readonly valuesOf: (auxiliary: Auxiliary, observations: Observations) => Promise<Float32Array>;
  /** Told in one line what was left out, or chosen. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/** The drawn observations, and the columns that were read with them. */
interface LabelInput extends RecordingEvaluationOptions {
  readonly source: RecordingSource;
  readonly drawn: DrawnTransitions;
  readonly extra: readonly Auxiliary[];
}

/** Of the asked kind, or of what can be claimed best. */
export async function labelsOf(asked: RecordingClassSource | undefined, input: LabelInput): Promise<LabelledClasses> {
  if (asked === undefined) return chooseClasses(input);
  if (asked.of === 'column') return labelsByColumn(input, asked.column);
  return asked.of === 'quantiles' ? labelsByQuantiles(input, asked.count) : labelsByTransitions(input);
}

/**
 * What can be claimed best: what the training transitions tell apart, where they do so for every pair of classes; the states
 * of the recording, where it names them; ranges of the auxiliary.
 */
async function chooseClasses(input: LabelInput): Promise<LabelledClasses> {
  const { record } = input.opened;
  try {
    const observed = await labelsByTransitions(input);
    if (observed.guaranteedShare === 1 && observed.names.length > 1) return observed;
    input.onNote?.(
      observed.contradictions > 0
        ? `classes: not of the observed transitions, ${observed.contradictions} of which contradict others`
        : observed.names.length < 2
          ? 'classes: not of the observed transitions, which tell nothing apart'
          : `classes: not of the observed transitions, which tell apart ${Math.floor(100 * observed.guaranteedShare)}% of the pairs`,
    );
  } catch (error) {
    if (!(error instanceof JepaError)) throw error;
    const reason = error instanceof ObservedClassesError ? error.reason : error.message;
    input.onNote?.(`classes: not of the observed transitions (${reason})`);
  }
  if (record.state !== null) return labelsByColumn(input, record.state);
  return labelsByQuantiles(input, 4);
}

function labelsByColumn(input: LabelInput, column: string): LabelledClasses {
  const { values, size } = drawnColumn(input, column, input.drawn.auxiliaryTo);
  requireTold(input, column, values);
  return classesOfColumn(column, values, size, input.opened.recording.columns.get(column)?.labels);
}

/** Of the first number of the first auxiliary; of the reward where there is no auxiliary. */
async function labelsByQuantiles(input: LabelInput, count: number): Promise<LabelledClasses> {
  const { opened, drawn, auxiliaries, valuesOf } = input;
  const [first] = auxiliaries;
  const column = first?.of === 'column' ? first.column : first === undefined ? opened.record.reward : null;
  if (column !== null) {
    const { values, size } = drawnColumn(input, column, drawn.auxiliaryTo);
    return classesOfQuantiles(column, firstOfRows(values, size), count);
  }
  if (first === undefined)
    throw new UsageError(`${option('classes', 'quantiles')}: expected an auxiliary or a reward, got neither`, {
      remedy: `Take the values of a column: ${option('classes', 'column:NAME')}.`,
    });
  return classesOfQuantiles(first.name, firstOfRows(await valuesOf(first, drawn.to), first.size), count);
}

async function labelsByTransitions(input: LabelInput) {
  const { opened, auxiliaries, drawn, source } = input;
  const { record } = opened;
  const own = auxiliaries.flatMap((each) => (each.of === 'column' ? [each.column] : []));
  const names = own.length > 0 ? own : record.reward === null ? [] : [record.reward];
  if (names.length === 0)
    throw new ObservedClassesError(
      'expected an auxiliary that was recorded, got none',
      `Take ranges of the auxiliary instead: ${option('classes', 'quantiles:4')}.`,
    );
  const all = [...auxiliaries.filter(({ of }) => of === 'column'), ...input.extra];
  const training = await opened.source(input.split === 'all' ? 'all' : 'train', all);
  try {
    const whole = await drawTransitions(training, MAXIMAL_OBSERVED, 0);
    const pick = (values: Float32Array) => joinColumns(names.map((name) => columnOf(all, name, values)));
    const trained = { ...whole, auxiliaryFrom: pick(whole.auxiliaryFrom), auxiliaryTo: pick(whole.auxiliaryTo) };
    const { state } = record;
    const stateRows = (values: Float32Array) => columnOf(all, state ?? '', values);
    if (state !== null)
      for (const values of [whole.auxiliaryFrom, whole.auxiliaryTo, drawn.auxiliaryTo])
        requireTold(input, state, stateRows(values).values);
    return classesOfObserved({
      trained,
      observations: drawn.to,
      observationSize: elementCount(source.observationShape),
      actionSize: source.actionSize,
      auxiliary: names.join(', '),
      ...(state === null
        ? {}
        : {
            states: {
              column: state,
              size: stateRows(whole.auxiliaryFrom).size,
              from: stateRows(whole.auxiliaryFrom).values,
              to: stateRows(whole.auxiliaryTo).values,
              observations: stateRows(drawn.auxiliaryTo).values,
            },
          }),
    });
  } finally {
    await training.dispose();
  }
}

/** Columns beside transitions are read as a training reads them, in float32. @throws UsageError where that may have made two classes one */
function requireTold({ opened }: LabelInput, column: string, values: Float32Array): void {
  const { path, columns } = opened.recording;
  const type = columns.get(column)?.type;
  const beyond = type === undefined || fitsFloat32(type) ? undefined : values.find((value) => isBeyond(value));
  if (beyond === undefined) return;
  throw new UsageError(
    `${path} ${column}: expected classes below 2^24 beside transitions, which are read as float32, got about ${beyond}`,
    {
      remedy: `Number the values from 0 on, or evaluate the ONNX file of the encoder with ${option('classes', `column:${column}`)}, which reads them exactly.`,
    },
  );
}

/** 2^24 itself may have been 2^24 + 1. */
function isBeyond(value: number): boolean {
  return Math.abs(value) >= FLOAT32_WHOLE;
}

interface ColumnRows {
  /** [N, size] */
  readonly values: Float32Array;
  readonly size: number;
}

function drawnColumn(input: LabelInput, column: string, values: Float32Array): ColumnRows {
  return columnOf([...input.auxiliaries.filter(({ of }) => of === 'column'), ...input.extra], column, values);
}

/** A column's numbers out of those of all that a source was asked for. */
function columnOf(all: readonly Auxiliary[], column: string, values: Float32Array): ColumnRows {
  const width = all.reduce((sum, { size }) => sum + size, 0);
  let start = 0;
  for (const auxiliary of all) {
    const { size } = auxiliary;
    if (auxiliary.of === 'column' && auxiliary.column === column) {
      const count = values.length / width;
      const own = new Float32Array(count * size);
      for (let n = 0; n < count; n++) own.set(values.subarray(n * width + start, n * width + start + size), n * size);
      return { values: own, size };
    }
    start += size;
  }
  throw new JepaError(`evaluation: expected the column "${column}" among those that were read`);
}

function joinColumns(columns: readonly ColumnRows[]): Float32Array {
  const width = columns.reduce((sum, { size }) => sum + size, 0);
  const count = columns.length === 0 ? 0 : columns[0].values.length / columns[0].size;
  const joined = new Float32Array(count * width);
  let start = 0;
  for (const { values, size } of columns) {
    for (let n = 0; n < count; n++) joined.set(values.subarray(n * size, (n + 1) * size), n * width + start);
    start += size;
  }
  return joined;
}

function firstOfRows(values: Float32Array, size: number): Float32Array {
  return Float32Array.from({ length: values.length / size }, (_, n) => values[n * size]);
}

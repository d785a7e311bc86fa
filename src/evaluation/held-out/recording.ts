// The evaluation of a run on its recording: what the held-out episodes yield, and into which classes it falls.
import type { Auxiliary } from '../../auxiliary/index.ts';
import type { RecordingSource } from '../../data/recording-source.ts';
import { option, unknownName } from '../../error.ts';
import type { Observations } from '../../run/encode.ts';
import type { StateClasses } from '../class/bisimulation.ts';
import type { LabelledClasses } from '../class/recording.ts';
import { divideObservations } from './division.ts';
import type { EvaluationSource, HeldOut } from './held-out.ts';
import { type DrawnTransitions, drawTransitions, drawWords } from './recording-draw.ts';
import { labelsOf, type RecordingEvaluationOptions } from './recording-label.ts';

/** Of the residuals; more would not change their first two digits. */
const MAXIMAL_TRANSITIONS = 1024;
/** Words that witnesses are looked for among, and their actions. */
const WORDS = 540;
const WORD_LENGTH = 8;

/** @throws UsageError where the held-out episodes have fewer than two classes. */
export async function openRecordingEvaluation(
  options: RecordingEvaluationOptions,
): Promise<{ readonly source: EvaluationSource; readonly classes: StateClasses }> {
  const { opened, auxiliaries, classes: asked, split = 'held-out' } = options;
  const columns = auxiliaries.filter(({ of }) => of === 'column');
  const extra = extraColumns(options);
  const source = await opened.source(split, [...columns, ...extra]);
  try {
    const drawn = await drawTransitions(source, 2 * options.observations, options.seed);
    const labelled = await labelsOf(asked, { ...options, source, drawn, extra });
    const { heldOut, classes } = divide(drawn, labelled, source, columns, options);
    const auxiliarySize = columns.reduce((sum, { size }) => sum + size, 0);
    const { seed } = options;
    const words =
      auxiliaries.length === 0
        ? undefined
        : await drawWords(source, { most: WORDS, length: WORD_LENGTH, auxiliarySize, seed });
    const { record } = opened;
    const { format, episodes } = record.outline;
    return {
      classes,
      source: {
        name: record.name,
        description: { recording: format, episodes },
        observationShape: source.observationShape,
        draw: () => ({ ...heldOut, words }),
      },
    };
  } finally {
    await source.dispose();
  }
}

/** Columns that are read beside those of the run's auxiliaries: the classes', the state's, the reward's. */
function extraColumns({ opened, classes, auxiliaries }: RecordingEvaluationOptions): Auxiliary[] {
  const { record, recording } = opened;
  const names: string[] = [];
  if (classes?.of === 'column') {
    if (!recording.columns.has(classes.column) || !Object.hasOwn(record.columns, classes.column))
      throw unknownName(
        option('classes', 'column'),
        'a column of numbers',
        classes.column,
        Object.keys(record.columns),
      );
    names.push(classes.column);
  }
  for (const name of [record.state, record.reward])
    if (name !== null && Object.hasOwn(record.columns, name)) names.push(name);
  const own = auxiliaries.map((each) => (each.of === 'column' ? each.column : ''));
  return [...new Set(names)]
    .filter((name) => !own.includes(name))
    .map((column) => ({
      name: column,
      of: 'column',
      column,
      size: record.columns[column].size,
      loss: 'squared',
      coefficient: 1,
    }));
}

/** The observations of each side, and the transitions of the residuals. */
function divide(
  drawn: DrawnTransitions,
  labelled: LabelledClasses,
  source: RecordingSource,
  columns: readonly Auxiliary[],
  { split = 'held-out', onNote }: RecordingEvaluationOptions,
): { readonly heldOut: HeldOut; readonly classes: StateClasses } {
  const division = divideObservations(labelled, { episodes: drawn.episodes, split, onNote });
  const { labels, classes, areEpisodesApart } = division;
  const select = (rows: readonly number[]) => ({
    observations: gather(drawn.to, rows, drawn.count),
    states: Int32Array.from(rows, (n) => labels[n]),
    ...(areEpisodesApart ? { episodes: Int32Array.from(rows, (n) => drawn.episodes[n]) } : {}),
  });
  const transitionCount = Math.min(drawn.count, MAXIMAL_TRANSITIONS);
  const first = <Values extends Observations>(values: Values) =>
    values.subarray(0, (values.length / drawn.count) * transitionCount) as Values;
  const width = columns.reduce((sum, { size }) => sum + size, 0);
  const all = source.auxiliarySize;
  const recorded = new Float32Array(transitionCount * width);
  // The run's own columns come first among those that were read.
  for (let n = 0; n < transitionCount; n++)
    recorded.set(drawn.auxiliaryFrom.subarray(n * all, n * all + width), n * width);
  return {
    heldOut: {
      judged: select(division.judged),
      centroids: select(division.centroids),
      transitions: {
        observations: first(drawn.from),
        nextObservations: first(drawn.to),
        actions: first(drawn.actions),
        states: new Int32Array(0),
        recorded,
      },
    },
    classes,
  };
}

function gather(observations: Observations, rows: readonly number[], count: number): Observations {
  const size = observations.length / count;
  const gathered =
    observations instanceof Uint8Array ? new Uint8Array(rows.length * size) : new Float32Array(rows.length * size);
  rows.forEach((row, n) => {
    gathered.set(observations.subarray(row * size, (row + 1) * size), n * size);
  });
  return gathered;
}

// How columns become one observation, one action and one auxiliary vector. Letters: H W C image, D numbers of the vector, A
// action size, M auxiliary size, n frames of a stack.
import { FormatError, option, UsageError } from '../error.ts';
import type { EpisodePlan } from './episode-plan.ts';
import { isImageColumn } from './image/recording.ts';
import { type Column, type Recording, rowSizeOf } from './recording.ts';
import type { ColumnSurvey } from './survey.ts';

/** One-hot above this would rather be a number. */
const MAXIMAL_ACTION_COUNT = 1024;

/** Networks divide by the root of a variance in float32; the square of a larger deviation is no number there. */
const LARGEST_DEVIATION = Math.sqrt(2 ** 128 - 2 ** 103);

/** A part of an observation that stands for itself: all images side by side, or all numbers. */
export interface ObservationPart {
  readonly kind: 'image' | 'vector';
  /** [H, W, C n] or [D n]; the newest frame last. */
  readonly shape: readonly number[];
  /** Where it begins in a packed observation, which has all parts one after the other; 0 where there is only one. */
  readonly offset: number;
  readonly columns: readonly string[];
  /** Raw values minus `mean`, over `deviation`, are normal: of each channel, or of each number; for every frame of a stack. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

export interface ActionPart {
  readonly column: string;
  /** One-hot of so many actions, or undefined for numbers as they are. */
  readonly actionCount?: number | undefined;
  /** Numbers in the encoded action. */
  readonly size: number;
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Puts the observation columns together: one image, one vector, or both. Throws where images do not fit side by side. */
export function observationParts(
  recording: Recording,
  names: readonly string[],
  surveys: ReadonlyMap<string, ColumnSurvey>,
  stack: number,
): readonly ObservationPart[] {
  const columns = names.map((name) => columnOf(recording, name));
  for (const column of columns) expectNumbers(recording, column);
  const images = columns.filter(isImageColumn);
  const vectors = columns.filter((column) => !isImageColumn(column));
  for (const column of columns) requireLearnable(recording, column, surveyOf(surveys, column.name), 'observation');
  const parts: ObservationPart[] = [];
  const [first] = images;
  if (first !== undefined) {
    const [height, width] = first.shape;
    for (const { name, shape } of images)
      if (shape[0] !== height || shape[1] !== width)
        throw new FormatError(
          `${recording.path} ${name}: expected images of ${height} x ${width} as in ${first.name}, got ${shape[0]} x ${shape[1]}`,
          { remedy: `Bring all images to one size: ${option('imageSize', 'HEIGHTxWIDTH')}.` },
        );
    const channels = images.reduce((sum, { shape }) => sum + shape[2], 0);
    parts.push(part('image', [height, width, channels * stack], 0, images, surveys, stack));
  }
  if (vectors.length > 0) {
    const size = vectors.reduce((sum, column) => sum + rowSizeOf(column), 0);
    const offset = parts[0]?.shape.reduce((product, side) => product * side, 1) ?? 0;
    parts.push(part('vector', [size * stack], offset, vectors, surveys, stack));
  }
  return parts;
}

/** Why nothing can be learned from a column as an observation or an action, though its rows fit; undefined where it can. */
export function columnFault(
  { name, labels }: Column,
  { deviation, minimum, maximum }: ColumnSurvey,
  role: 'observation' | 'action',
): string | undefined {
  if (role === 'observation' && labels !== undefined)
    return `${name}: expected images or numbers to observe, got text ("${labels[0]}")`;
  const place = deviation.findIndex((value) => value > LARGEST_DEVIATION);
  return place < 0
    ? undefined
    : `${name}: expected a deviation below ${LARGEST_DEVIATION.toPrecision(2)}, got ${deviation[place].toPrecision(2)} (numbers from ${minimum[place].toPrecision(3)} to ${maximum[place].toPrecision(3)}: a value that stands for none?)`;
}

/** Integers from 0 on are names of actions and become one-hot; everything else stays as it is. */
export function actionParts(
  recording: Recording,
  names: readonly string[],
  surveys: ReadonlyMap<string, ColumnSurvey>,
): readonly ActionPart[] {
  return names.map((name) => {
    const column = columnOf(recording, name);
    expectNumbers(recording, column);
    const survey = surveyOf(surveys, name);
    requireLearnable(recording, column, survey, 'action');
    const maximum = survey.maximum[0];
    const count = choiceCountOf(column, survey);
    if (count === undefined) {
      const { mean, deviation } = survey;
      return { column: name, actionCount: undefined, size: rowSizeOf(column), mean, deviation };
    }
    if (maximum >= count)
      throw new FormatError(`${recording.path} ${name}: expected actions in 0..${count - 1}, got ${maximum}`);
    const none = Array.from({ length: count }, () => 0);
    return { column: name, actionCount: count, size: count, mean: none, deviation: none.map(() => 1) };
  });
}

/** How many actions a column of integers from 0 on names; undefined where its numbers stay numbers. */
export function choiceCountOf(column: Column, survey: ColumnSurvey): number | undefined {
  const isWhole = rowSizeOf(column) === 1 && survey.isWhole && !column.type.startsWith('float');
  const count = column.actionCount ?? survey.maximum[0] + 1;
  return isWhole && survey.minimum[0] >= 0 && count <= MAXIMAL_ACTION_COUNT ? count : undefined;
}

function expectNumbers(recording: Recording, column: Column): void {
  if (rowSizeOf(column) > 0) return;
  throw new FormatError(
    `${recording.path} ${column.name}: expected numbers in each row, got rows of shape [${column.shape.join(', ')}]`,
    {
      remedy: `Name another column: ${option('map')}.`,
    },
  );
}

/** M: numbers of all auxiliary columns. */
export function auxiliarySizeOf(recording: Recording, plan: EpisodePlan): number {
  return plan.auxiliary.reduce((sum, { name }) => {
    const column = columnOf(recording, name);
    if (isImageColumn(column))
      throw new UsageError(`${recording.path} ${name}: expected numbers for an auxiliary, got images`);
    return sum + rowSizeOf(column);
  }, 0);
}

function part(
  kind: ObservationPart['kind'],
  shape: readonly number[],
  offset: number,
  columns: readonly Column[],
  surveys: ReadonlyMap<string, ColumnSurvey>,
  stack: number,
): ObservationPart {
  const found = columns.map(({ name }) => surveyOf(surveys, name));
  const repeat = (values: readonly number[]) => Array.from({ length: stack }, () => values).flat();
  return {
    kind,
    shape,
    offset,
    columns: columns.map(({ name }) => name),
    mean: repeat(found.flatMap(({ mean }) => mean)),
    // What never changes has no deviation; 1 leaves it at 0 after the mean is taken away.
    deviation: repeat(found.flatMap(({ deviation }) => deviation.map((value) => (value > 0 ? value : 1)))),
  };
}

function requireLearnable(
  recording: Recording,
  column: Column,
  survey: ColumnSurvey,
  role: 'observation' | 'action',
): void {
  const fault = columnFault(column, survey, role);
  if (fault !== undefined)
    throw new FormatError(`${recording.path} ${fault}`, {
      remedy: `Correct the column, or name another: ${option('map', `${role}=NAME`)}.`,
    });
}

function columnOf(recording: Recording, name: string): Column {
  const column = recording.columns.get(name);
  if (column === undefined) throw new FormatError(`${recording.path}: expected a column, got "${name}"`);
  return column;
}

function surveyOf(surveys: ReadonlyMap<string, ColumnSurvey>, name: string): ColumnSurvey {
  const survey = surveys.get(name);
  if (survey === undefined) throw new FormatError(`survey: expected the column "${name}", got none`);
  return survey;
}

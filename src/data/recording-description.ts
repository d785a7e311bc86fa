// What a run keeps of its recording: what it was, which numbers normalise it, how its columns were put together. With it a
// run is exported without the recording, and a resumed run has the numbers that it was started with.
import * as z from 'zod';
import { FormatError } from '../error.ts';
import { formatJson } from '../json.ts';
import { elementCount } from '../shape.ts';
import { writeFileAtomic } from '../storage/atomic-file.ts';
import { readTextIfPresent } from '../storage/file-system.ts';
import { recordingOutline } from './configured-recording.ts';
import { SURVEY_FORMAT } from './recording-survey.ts';

/** Raised when a field changes its meaning; another one is refused. */
export const RECORDING_RECORD_FORMAT = 1;

const count = z.int().min(0);
const numbers = z.array(z.number()).readonly();

const columnSurvey = z.strictObject({
  rowCount: count,
  mean: numbers,
  deviation: numbers,
  minimum: numbers,
  maximum: numbers,
  isWhole: z.boolean(),
  isBinary: z.boolean(),
  oddityCount: count,
  oddities: z.array(z.strictObject({ episode: count, row: count, value: z.string() })).readonly(),
  oddEpisodes: z.array(count).readonly(),
});

export const recordingRecord = z.strictObject({
  format: z.literal(RECORDING_RECORD_FORMAT),
  name: z.string().describe('of the file or folder, without the folders above it'),
  outline: recordingOutline,
  reward: z.string().nullable().describe('the column of rewards'),
  state: z.string().nullable().describe('the column that names the abstract state'),
  observation: z
    .array(
      z.strictObject({
        kind: z.enum(['image', 'vector']),
        shape: z.array(z.int().min(1)).readonly().describe('[H, W, C n] or [D n] for n frames, the newest last'),
        offset: count.describe('where it begins in a packed observation'),
        columns: z.array(z.string()).readonly(),
        mean: numbers.describe('raw values minus mean, over deviation, are what the encoder works with'),
        deviation: numbers,
      }),
    )
    .min(1)
    .readonly(),
  action: z
    .array(
      z.strictObject({
        column: z.string(),
        actionCount: z.int().min(1).optional().describe('one-hot of so many actions; absent: numbers as they are'),
        size: z.int().min(1).describe('numbers in the encoded action'),
        mean: numbers,
        deviation: numbers,
      }),
    )
    .min(1)
    .readonly(),
  columns: z
    .record(
      z.string(),
      z.strictObject({ size: z.int().min(1), isBinary: z.boolean(), mean: numbers, deviation: numbers }),
    )
    .describe('columns of numbers, which may be auxiliaries'),
  survey: z.strictObject({
    format: z.literal(SURVEY_FORMAT),
    columns: z.record(z.string(), columnSurvey),
    oddEpisodes: z.array(count).readonly(),
  }),
});
export type RecordingRecord = z.output<typeof recordingRecord>;

export function writeRecordingRecord(path: string, record: RecordingRecord): void {
  writeFileAtomic(path, formatJson(recordingRecord.parse(record)));
}

/** Undefined where there is none; throws a FormatError where it is of another format. */
export function readRecordingRecord(path: string): RecordingRecord | undefined {
  const text = readTextIfPresent(path);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${path}: expected JSON, got ${text.length} characters that are not`, { cause });
  }
  return parseRecordingRecord(path, value);
}

/** @throws FormatError where it is something else, or of another format. */
export function parseRecordingRecord(where: string, value: unknown): RecordingRecord {
  const parsed = recordingRecord.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new FormatError(
    `${where}: expected what a run keeps of its recording, got ${issue.path.join('.')}: ${issue.message}`,
    {
      remedy: 'The run was made by another version of jepa-onnx: use that one.',
    },
  );
}

/** [H, W, C], [D], or [H W C + D] where an image and a vector are packed. */
export function observationShapeOf({ observation }: RecordingRecord): readonly number[] {
  if (observation.length === 1) return observation[0].shape;
  return [observation.reduce((sum, { shape }) => sum + elementCount(shape), 0)];
}

/** Images alone are pixels; a vector, and an image packed with one, are numbers. */
export function observationTypeOf({ observation }: RecordingRecord): 'uint8' | 'float32' {
  return observation.length === 1 && observation[0].kind === 'image' ? 'uint8' : 'float32';
}

export function actionSizeOf({ action }: RecordingRecord): number {
  return action.reduce((sum, { size }) => sum + size, 0);
}

// What witnesses of an encoder from anywhere need: recorded words to follow, and a predictor's file.
import { basename } from 'node:path';
import type { ObservationRows } from '../../src/data/observation-rows.ts';
import type { Recording, Roles } from '../../src/data/recording.ts';
import { option, UsageError } from '../../src/error.ts';
import type { RecordingClassSource } from '../../src/evaluation/class/recording.ts';
import type { ForeignPredictor } from '../../src/evaluation/foreign-encoder.ts';
import {
  type ApartColumn,
  drawRowWords,
  type NoWords,
  type RowWords,
} from '../../src/evaluation/held-out/row-words.ts';
import { requireFile } from '../../src/storage/file-system.ts';
import { expanded } from './columns.ts';
import { lookAtEncoder } from './file.ts';
import type { PredictorOptions } from './option.ts';

/** A predictor's file, and its hash. */
export type LookedPredictor = ForeignPredictor & { readonly sha256: string };

/** What the file of a predictor says. @throws UsageError for what is said of a predictor without one, FormatError where it is no ONNX file */
export async function lookAtPredictor(given: PredictorOptions): Promise<LookedPredictor | undefined> {
  const { predictor: path, predictorInput = [], predictorGives } = given;
  if (path === undefined) {
    const said = predictorInput.length > 0 ? 'predictorInput' : predictorGives && 'predictorGives';
    if (said) throw new UsageError(`${option(said)}: expected ${option('predictor', 'FILE')} beside it, got none`);
    return undefined;
  }
  requireFile(path, 'an ONNX file');
  const { where, inputs, outputs, sha256 } = await lookAtEncoder(path);
  const named = (what: 'latent' | 'action') => predictorInput.find(({ takes }) => takes === what)?.name;
  const constants = predictorInput.flatMap(({ name, takes }) =>
    typeof takes === 'string' ? [] : [{ name, values: takes }],
  );
  const answers = { latent: named('latent'), action: named('action'), constants, gives: predictorGives };
  return { path, where, inputs, outputs, sha256, answers };
}

/** The columns of a recording's actions, in their order; undefined where it names none. */
export function actionColumns({ columns, roles: own }: Recording, roles: Roles): readonly string[] | undefined {
  return expanded('action', roles.action, [...columns.keys()]) ?? own.action;
}

/** What says that two observations must be apart: the classes of a column, where they were asked for, else the reward. */
export function apartColumn(
  { roles: own }: Pick<Recording, 'roles'>,
  roles: Roles,
  asked: RecordingClassSource | undefined,
): ApartColumn | undefined {
  if (asked?.of === 'column') return { column: asked.column, of: 'classes' };
  const reward = roles.reward ?? own.reward;
  return reward === undefined ? undefined : { column: reward, of: 'numbers' };
}

/** @throws UsageError where a predictor was given and nothing can be fed to it */
export async function wordsFor(
  { recording, rows }: { readonly recording: Recording; readonly rows: ObservationRows },
  {
    actions,
    apart,
    seed,
    predictor,
  }: {
    readonly actions: readonly string[] | undefined;
    readonly apart: ApartColumn | undefined;
    readonly seed: number;
    readonly predictor: string | undefined;
  },
): Promise<RowWords | NoWords> {
  if (predictor !== undefined && actions === undefined)
    throw new UsageError(
      `${basename(predictor)}: expected recorded actions to feed it with, got ${[...recording.columns.keys()].join(', ')}`,
      { remedy: `Say which column they are: ${option('map', 'action=NAME')}.` },
    );
  return drawRowWords(recording, rows, { actions, apart, seed, isPredicted: predictor !== undefined });
}

// What one pass over a recording finds in every column that training uses: the numbers that normalise it, and the episodes
// that are odd. Statistics are of the training split alone; oddities of all episodes.
import type { EpisodePlan } from './episode-plan.ts';
import type { Recording } from './recording.ts';
import { splitEpisodes } from './split.ts';
import { type ColumnSurvey, type RowRange, surveyColumn } from './survey.ts';

/** Raised when its meaning changes; part of what a run keeps. */
export const SURVEY_FORMAT = 1;

/** Plain JSON. */
export interface RecordingSurvey {
  readonly format: typeof SURVEY_FORMAT;
  readonly columns: Readonly<Record<string, ColumnSurvey>>;
  /** Episodes with a number that is not finite, in order. */
  readonly oddEpisodes: readonly number[];
}

export interface SurveyOptions {
  readonly seed: number;
  readonly heldOutShare?: number | undefined;
}

/** Surveys the columns of observations, actions and auxiliaries, over the rows that training would use. */
export async function surveyRecording(
  recording: Recording,
  plan: EpisodePlan,
  options: SurveyOptions,
): Promise<RecordingSurvey> {
  const pieces = [
    ...splitEpisodes(recording.path, plan.episodes, 'train', options).map((piece) => ({ ...piece, isAveraged: true })),
    ...splitEpisodes(recording.path, plan.episodes, 'held-out', options).map((piece) => ({
      ...piece,
      isAveraged: false,
    })),
  ].sort((a, b) => a.episode - b.episode || a.from - b.from);
  // A null prototype, since a column may be called __proto__.
  const columns: Record<string, ColumnSurvey> = Object.create(null);
  const odd = new Set<number>();
  const survey = async (name: string, rangeOf: (piece: (typeof pieces)[number]) => RowRange) => {
    const column = recording.columns.get(name);
    if (column === undefined) return;
    const found = await surveyColumn(recording, column, pieces.map(rangeOf));
    for (const episode of found.oddEpisodes) odd.add(episode);
    columns[name] = found;
  };
  for (const name of plan.observation) await survey(name, (piece) => piece);
  const ends = new Map(plan.episodes.map(({ episode, to }) => [episode, to]));
  // The last observation of an episode is followed by no action; that of a cut is.
  for (const name of plan.action)
    await survey(name, ({ episode, from, to, isAveraged }) => {
      return { episode, from, to: ends.get(episode) === to ? to - 1 : to, isAveraged };
    });
  for (const { name, shift } of plan.auxiliary)
    await survey(name, ({ episode, from, to, isAveraged }) => ({
      episode,
      from: from + shift,
      to: to + shift,
      isAveraged,
    }));
  return { format: SURVEY_FORMAT, columns, oddEpisodes: [...odd].sort((a, b) => a - b) };
}

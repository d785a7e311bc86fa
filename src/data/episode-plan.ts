// Which observations, actions and auxiliary values of each episode belong together: how many rows each column has beside the
// others, and from where to where sequences can be drawn. Letters: T actions of an episode, t a step.
import { FormatError, UsageError, unknownName } from '../error.ts';
import { type Column, type Recording, rowCountOf, totalRowsOf } from './recording.ts';
import type { ResolvedRoles } from './role-name.ts';

/** Which observation a value that was recorded once a step belongs to: the one that the step led to, or the one it left. */
export type ValueAt = 'arrival' | 'departure';

/** How a column's rows stand beside the observations of an episode: value of observation t is row t + shift. */
export interface AlignedColumn {
  readonly name: string;
  readonly shift: 0 | -1;
}

export interface UsableEpisode {
  readonly episode: number;
  /** The first observation for which every value is known. */
  readonly from: number;
  /** The observation after the last such. */
  readonly to: number;
}

export interface EpisodePlan {
  readonly observation: readonly string[];
  readonly action: readonly string[];
  readonly auxiliary: readonly AlignedColumn[];
  readonly state: AlignedColumn | undefined;
  /** In order; without those that have no observation. */
  readonly episodes: readonly UsableEpisode[];
}

export interface EpisodePlanOptions {
  readonly roles: ResolvedRoles;
  /** Columns whose values are predicted from the latent. */
  readonly auxiliary: readonly string[];
  /** For columns with a row a step. Default `arrival`: a reward belongs to the observation that it was given with. */
  readonly valueAt?: ValueAt | undefined;
  /** Episodes that are left out. */
  readonly skipped?: ReadonlySet<number> | undefined;
}

/** Throws a FormatError that names the episode and the column where rows do not fit together. */
export function planEpisodes(recording: Recording, options: EpisodePlanOptions): EpisodePlan {
  const { roles, valueAt = 'arrival', skipped = new Set() } = options;
  const columns = columnsOf(recording, options);
  const [observation] = columns.observation;
  const [action] = columns.action;
  const align = (name: string): AlignedColumn => {
    const column = columnAt(recording, name);
    const isStepwise = totalRowsOf(column) === totalRowsOf(action) && totalRowsOf(column) !== totalRowsOf(observation);
    return { name, shift: isStepwise && valueAt === 'arrival' ? -1 : 0 };
  };
  const auxiliary = options.auxiliary.map(align);
  const state = roles.state === undefined ? undefined : align(roles.state);

  const episodes: UsableEpisode[] = [];
  for (let episode = 0; episode < recording.episodeCount; episode++) {
    if (skipped.has(episode)) continue;
    const misfit = misfitOf(recording, columns, episode);
    if (misfit !== undefined) throw new FormatError(misfit);
    let from = 0;
    let to = rowCountOf(observation, episode);
    for (const { name, shift } of [...auxiliary, ...(state === undefined ? [] : [state])]) {
      from = Math.max(from, -shift);
      to = Math.min(to, rowCountOf(columnAt(recording, name), episode) - shift);
    }
    if (to > from) episodes.push({ episode, from, to });
  }
  return { observation: roles.observation, action: roles.action, auxiliary, state, episodes };
}

/** What does not fit together, an entry an episode. */
export function findMisfits(
  recording: Recording,
  options: EpisodePlanOptions,
): { readonly episode: number; readonly message: string }[] {
  const columns = columnsOf(recording, options);
  return Array.from({ length: recording.episodeCount }, (_, episode) => ({
    episode,
    message: misfitOf(recording, columns, episode),
  })).flatMap(({ episode, message }) => (message === undefined ? [] : [{ episode, message }]));
}

interface PlannedColumns {
  readonly observation: readonly [Column, ...Column[]];
  readonly action: readonly [Column, ...Column[]];
  /** Auxiliaries and states. */
  readonly other: readonly Column[];
}

function columnsOf(recording: Recording, { roles, auxiliary }: EpisodePlanOptions): PlannedColumns {
  const [observation, ...observations] = roles.observation.map((name) => columnAt(recording, name));
  const [action, ...actions] = roles.action.map((name) => columnAt(recording, name));
  if (observation === undefined || action === undefined)
    throw new UsageError(`${recording.path}: expected a column of observations and one of actions, got none`);
  const state = roles.state === undefined ? [] : [roles.state];
  return {
    observation: [observation, ...observations],
    action: [action, ...actions],
    other: [...auxiliary, ...state].map((name) => columnAt(recording, name)),
  };
}

/** The first column of an episode that has another number of rows than the others let it have. */
function misfitOf(recording: Recording, columns: PlannedColumns, episode: number): string | undefined {
  const where = (column: Column) => `${recording.path} ${column.name} episode ${episode}`;
  const count = (column: Column) => rowCountOf(column, episode);
  const [observation, ...observations] = columns.observation;
  const [action, ...actions] = columns.action;
  const [stepCount, observationCount] = [count(action), count(observation)];
  if (observationCount !== stepCount && observationCount !== stepCount + 1)
    return `${where(observation)}: expected ${stepCount} or ${stepCount + 1} observations for ${stepCount} actions, got ${observationCount}`;
  for (const column of observations)
    if (count(column) !== observationCount)
      return `${where(column)}: expected ${observationCount} observations as in ${observation.name}, got ${count(column)}`;
  for (const column of actions)
    if (count(column) !== stepCount)
      return `${where(column)}: expected ${stepCount} actions as in ${action.name}, got ${count(column)}`;
  for (const column of columns.other)
    if (count(column) !== stepCount && count(column) !== observationCount)
      return `${where(column)}: expected ${stepCount} rows as there are steps, or ${observationCount} as there are observations, got ${count(column)}`;
  return undefined;
}

function columnAt(recording: Recording, name: string): Column {
  const column = recording.columns.get(name);
  if (column === undefined) throw unknownName(recording.path, 'a column', name, [...recording.columns.keys()]);
  return column;
}

// Which observations, actions and auxiliary values of each episode belong together: how many rows each column has beside the
// others, and from where to where sequences can be drawn. Letters: T actions of an episode, t a step.
import { FormatError, UsageError, unknownName } from '../error.ts';
import { type Column, type Recording, rowCountOf } from './recording.ts';
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
  const columnAt = (name: string): Column => {
    const column = recording.columns.get(name);
    if (column === undefined) throw unknownName(recording.path, 'a column', name, [...recording.columns.keys()]);
    return column;
  };
  const observation = roles.observation.map(columnAt);
  const action = roles.action.map(columnAt);
  const [firstObservation] = observation;
  const [firstAction] = action;
  if (firstObservation === undefined || firstAction === undefined)
    throw new UsageError(`${recording.path}: expected a column of observations and one of actions, got none`);
  const align = (name: string): AlignedColumn & { readonly column: Column } => {
    const column = columnAt(name);
    const isStepwise = totalOf(column) === totalOf(firstAction) && totalOf(column) !== totalOf(firstObservation);
    return { name, shift: isStepwise && valueAt === 'arrival' ? -1 : 0, column };
  };
  const auxiliary = options.auxiliary.map(align);
  const state = roles.state === undefined ? undefined : align(roles.state);

  const episodes: UsableEpisode[] = [];
  for (let episode = 0; episode < recording.episodeCount; episode++) {
    if (skipped.has(episode)) continue;
    const where = (column: Column) => `${recording.path} ${column.name} episode ${episode}`;
    const stepCount = rowCountOf(firstAction, episode);
    const observationCount = rowCountOf(firstObservation, episode);
    if (observationCount !== stepCount && observationCount !== stepCount + 1)
      throw new FormatError(
        `${where(firstObservation)}: expected ${stepCount} or ${stepCount + 1} observations for ${stepCount} actions, got ${observationCount}`,
      );
    for (const column of observation)
      if (rowCountOf(column, episode) !== observationCount)
        throw new FormatError(
          `${where(column)}: expected ${observationCount} observations as in ${firstObservation.name}, got ${rowCountOf(column, episode)}`,
        );
    for (const column of action)
      if (rowCountOf(column, episode) !== stepCount)
        throw new FormatError(
          `${where(column)}: expected ${stepCount} actions as in ${firstAction.name}, got ${rowCountOf(column, episode)}`,
        );
    let from = 0;
    let to = observationCount;
    for (const { column, shift } of [...auxiliary, ...(state === undefined ? [] : [state])]) {
      const count = rowCountOf(column, episode);
      if (count !== stepCount && count !== observationCount)
        throw new FormatError(
          `${where(column)}: expected ${stepCount} rows as there are steps, or ${observationCount} as there are observations, got ${count}`,
        );
      from = Math.max(from, -shift);
      to = Math.min(to, count - shift);
    }
    if (to > from) episodes.push({ episode, from, to });
  }
  return {
    observation: roles.observation,
    action: roles.action,
    auxiliary: auxiliary.map(({ name, shift }) => ({ name, shift })),
    state: state === undefined ? undefined : { name: state.name, shift: state.shift },
    episodes,
  };
}

function totalOf(column: Column): number {
  return column.starts[column.starts.length - 1];
}

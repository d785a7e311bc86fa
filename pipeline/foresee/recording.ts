// What the transitions of a recording and columns of it as auxiliary will keep, foreseen before training.
import {
  type ForeseenFactor,
  type ForeseenPairs,
  foresee,
  systemFromTransitions,
} from '../../src/bisimulation/index.ts';
import { type RecordedEpisodes, readRecordedEpisodes } from '../../src/bisimulation/recorded-episodes.ts';
import type { Recording, Roles } from '../../src/data/recording.ts';
import { resolveRoles } from '../../src/data/role-name.ts';

export interface RecordingForesightOptions {
  readonly roles?: Roles;
  /** Columns; the reward's may be called `reward`. */
  readonly auxiliary: readonly string[];
  /** The column that is wanted in the end. Default: the reward's, where there is one. */
  readonly task?: string | undefined;
  /** Columns that say what an observation is made of. */
  readonly factors?: readonly string[];
  readonly tolerance?: number | undefined;
  readonly seed?: number;
}

export interface RecordingForesight extends ForeseenPairs {
  readonly observations: number;
  /** Observations that the dynamics force to one latent, beyond one of each: one action led to several. */
  readonly forcedTogether: number;
  /** Of the latents that several observations are forced to, those over which the task differs: it is lost there, whatever is done. */
  readonly taskMixed: number;
  readonly broken: readonly string[];
  /** By state of the system: its first observation. */
  readonly names: readonly string[];
}

export async function foreseeRecording(
  recording: Recording,
  { roles = {}, auxiliary, factors = [], tolerance, seed = 0, ...options }: RecordingForesightOptions,
): Promise<RecordingForesight> {
  const read = (columns: readonly string[]) =>
    readRecordedEpisodes(recording, { roles, auxiliary: columns, tolerance });
  const episodes = await read(auxiliary);
  const resolved = resolveRoles(recording.path, [...recording.columns.keys()], recording.roles, roles);
  const taskName = options.task ?? (resolved.reward === undefined ? undefined : 'reward');
  const task = taskName === undefined || taskName === 'none' ? undefined : await read([taskName]);
  const recorded = systemFromTransitions(episodes, { tolerance, omitContradictions: true });
  const { system, stateOf, omittedCount } = recorded;
  const first: number[] = [];
  stateOf.forEach((state, observation) => {
    first[state] ??= observation;
  });
  const foreseenFactors: ForeseenFactor[] = [];
  for (const name of factors) {
    const column = await read([name]);
    const keys = new Map<string, number>();
    const values = first.map((observation) => {
      const key = rowOf(column, observation).join(' ');
      const known = keys.get(key) ?? keys.size;
      keys.set(key, known);
      return known;
    });
    foreseenFactors.push({ name, of: (state) => values[state] });
  }
  const values = task && Float64Array.from(first.flatMap((observation) => [...rowOf(task, observation)]));
  const pairs = foresee({
    system,
    task: values && taskName ? { name: taskName, values } : undefined,
    factors: foreseenFactors,
    tolerance,
    seed,
  });
  const mixed = new Set<number>();
  if (task)
    stateOf.forEach((state, observation) => {
      const own = rowOf(task, observation);
      const known = rowOf(task, first[state]);
      if (own.some((value, m) => Math.abs(value - known[m]) > (tolerance ?? 0))) mixed.add(state);
    });
  return {
    ...pairs,
    observations: episodes.observationCount,
    forcedTogether: episodes.observationCount - system.stateCount,
    taskMixed: mixed.size,
    broken:
      omittedCount > 0
        ? [
            `${omittedCount} transitions contradict more frequent ones: no encoder has zero loss on these, and nothing of this is guaranteed.`,
          ]
        : [],
    names: first.map((observation) => episodes.names[observation]),
  };
}

function rowOf({ auxiliary, auxiliarySize }: RecordedEpisodes, observation: number) {
  return auxiliary.subarray(observation * auxiliarySize, (observation + 1) * auxiliarySize);
}

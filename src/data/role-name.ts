// What recordings call things: the usual names of observations, actions, rewards and ends of episodes, and the user's map
// from parts to columns (`observation=pixels+proprio,action=action,reward=reward`).
import { option, UsageError, unknownName } from '../error.ts';
import type { Roles, StructureRoles } from './recording.ts';

/** Earlier names go before later ones. A name stands for a column or for all columns below it (`observations/...`). */
const OBSERVATION_NAMES = [
  'observations',
  'observation',
  'obs',
  'pixels',
  'image',
  'images',
  'frames',
  'rgb',
  'states',
  'state',
];
const ACTION_NAMES = ['actions', 'action', 'act', 'acts', 'controls', 'control'];
const REWARD_NAMES = ['rewards', 'reward', 'next.reward', 'next_reward'];
const STRUCTURE_NAMES: Readonly<Record<keyof StructureRoles, readonly string[]>> = {
  episode: ['episode_index', 'episode', 'episode_id', 'traj_id', 'trajectory', 'trajectory_id'],
  first: ['is_first', 'episode_starts', 'episode_start'],
  last: ['is_last'],
  terminal: ['terminals', 'terminal', 'terminations', 'terminated', 'is_terminal', 'dones', 'done', 'next.done'],
  timeout: ['timeouts', 'timeout', 'truncations', 'truncation', 'truncated'],
  length: ['ep_len', 'episode_lengths', 'episode_length', 'lengths'],
  offset: ['ep_offset', 'episode_offsets'],
  end: ['episode_ends', 'meta/episode_ends'],
  nextObservation: ['next_observations', 'next_observation', 'next_obs'],
};

/** What the names of `columns` say about their parts. */
export function guessRoles(columns: readonly string[]): Roles {
  return {
    observation: findColumns(columns, OBSERVATION_NAMES),
    action: findColumns(columns, ACTION_NAMES),
    reward: findColumns(columns, REWARD_NAMES)?.[0],
  };
}

/** The user's structure, then what the names of `columns` say. Throws a UsageError for a column that is not there. */
export function resolveStructure(
  where: string,
  columns: readonly string[],
  given: StructureRoles = {},
): StructureRoles {
  const find = (role: keyof StructureRoles): string | undefined => {
    const name = given[role];
    if (name !== undefined && !columns.includes(name)) throw unknownName(where, `a column for ${role}`, name, columns);
    return name ?? findColumns(columns, STRUCTURE_NAMES[role])?.[0];
  };
  return {
    episode: find('episode'),
    first: find('first'),
    last: find('last'),
    terminal: find('terminal'),
    timeout: find('timeout'),
    length: find('length'),
    offset: find('offset'),
    end: find('end'),
    nextObservation: find('nextObservation'),
  };
}

/** Throws a UsageError for a column of the user's that is not there. */
export function checkRoles(where: string, columns: readonly string[], given: Roles): void {
  for (const [role, names] of Object.entries(given))
    for (const name of [names ?? []].flat())
      if (findColumns(columns, [name]) === undefined) throw unknownName(where, `a column for ${role}`, name, columns);
}

/** The user's roles, then those of the recording. Throws a UsageError for a missing part or column. */
export function resolveRoles(
  where: string,
  columns: readonly string[],
  guessed: Roles,
  given: Roles = {},
): ResolvedRoles {
  const expand = (role: string, names: readonly string[] | undefined): readonly string[] | undefined =>
    names?.flatMap((name) => {
      const found = findColumns(columns, [name]);
      if (found === undefined) throw unknownName(where, `a column for ${role}`, name, columns);
      return found;
    });
  const one = (role: string, name: string | undefined): string | undefined =>
    expand(role, name === undefined ? undefined : [name])?.[0];
  const observation = expand('observation', given.observation) ?? guessed.observation;
  const action = expand('action', given.action) ?? guessed.action;
  for (const [role, found] of Object.entries({ observation, action }))
    if (found === undefined)
      throw new UsageError(`${where}: expected a column of ${role}s, got ${columns.join(', ')}`, {
        remedy: `Say which one it is: ${option('map', `${role}=NAME`)}.`,
      });
  return {
    observation: observation ?? [],
    action: action ?? [],
    reward: one('reward', given.reward) ?? guessed.reward,
    state: one('state', given.state) ?? guessed.state,
  };
}

export interface ResolvedRoles {
  readonly observation: readonly string[];
  readonly action: readonly string[];
  readonly reward: string | undefined;
  readonly state: string | undefined;
}

/** Parts that take several columns, and those that take one. */
const LIST_ROLES = ['observation', 'action'] as const;
const SINGLE_ROLES = ['reward', 'state'] as const;

/** Parses `--map`: parts separated by commas, columns of a part by `+`. */
export function parseMap(text: string): { readonly roles: Roles; readonly structure: StructureRoles } {
  const structureRoles = Object.keys(STRUCTURE_NAMES);
  const known = [...LIST_ROLES, ...SINGLE_ROLES, ...structureRoles.map(kebabCase)];
  const found = new Map<string, readonly string[]>();
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    const role = part.slice(0, Math.max(0, equals)).trim();
    const names = part
      .slice(equals + 1)
      .split('+')
      .map((name) => name.trim());
    if (equals < 1 || names.some((name) => name === ''))
      throw new UsageError(`${option('map')}: expected part=column, got "${part}"`, {
        remedy: `For example: ${option('map', 'observation=pixels+proprio,action=action,reward=reward')}.`,
      });
    if (!known.includes(role)) throw unknownName(option('map'), 'a part', role, known);
    if (found.has(role)) throw new UsageError(`${option('map')}: expected each part once, got "${role}" twice`);
    if (names.length > 1 && !LIST_ROLES.some((list) => list === role))
      throw new UsageError(`${option('map')}: expected one column for ${role}, got ${names.length}`);
    found.set(role, names);
  }
  const single = (role: string) => found.get(role)?.[0];
  return {
    roles: {
      observation: found.get('observation'),
      action: found.get('action'),
      reward: single('reward'),
      state: single('state'),
    },
    structure: Object.fromEntries(structureRoles.map((role) => [role, single(kebabCase(role))])),
  };
}

/** The columns that the first of `names` with any stands for. */
export function findColumns(columns: readonly string[], names: readonly string[]): readonly string[] | undefined {
  for (const name of names) {
    const found = columns.filter(
      (column) => column === name || column.startsWith(`${name}/`) || column.startsWith(`${name}.`),
    );
    if (found.length > 0) return found;
  }
  return undefined;
}

function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

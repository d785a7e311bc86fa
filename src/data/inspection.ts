// What a recording holds, what is odd about it, and which command would train on it.
import { describeError, JepaError } from '../error.ts';
import { classColumnOf } from './class-column.ts';
import { findMisfits } from './episode-plan.ts';
import { imageDoubt } from './image/layout.ts';
import { choiceCountOf, columnFault } from './part.ts';
import { type Column, type Recording, type Roles, rowCountOf, rowSizeOf, totalRowsOf } from './recording.ts';
import { checkRoles, type ResolvedRoles, resolveRoles } from './role-name.ts';
import { type ColumnSurvey, surveyColumn } from './survey.ts';

/** Raised when a field changes its meaning. */
export const INSPECTION_FORMAT = 1;
/** Kinds of findings list so many places each. */
const LISTED_PLACES = 3;

export interface ColumnInspection {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly rows: number;
  /** What training would take it for. */
  readonly role: string | undefined;
  /** Over all numbers of the column; of images over a sample. Null where the column could not be read. */
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly mean: number | null;
  readonly isDiscrete: boolean;
}

/** Plain JSON. */
export interface Inspection {
  readonly format: typeof INSPECTION_FORMAT;
  readonly path: string;
  readonly recordingFormat: string;
  readonly episodes: number;
  readonly steps: number;
  /** Steps of the shortest, the middle and the longest episode. */
  readonly episodeSteps: { readonly least: number; readonly median: number; readonly most: number };
  /** Sum of rewards an episode. */
  readonly returns: { readonly least: number; readonly mean: number; readonly most: number } | undefined;
  readonly columns: readonly ColumnInspection[];
  /** What is missing or odd, a sentence each. */
  readonly findings: readonly string[];
  /** The command that would train on it; undefined where something is in the way. */
  readonly command: string | undefined;
  /** Where there are labelled observations and no actions: the command that would evaluate an encoder on them. */
  readonly evaluateCommand: string | undefined;
}

export interface InspectionOptions {
  readonly roles?: Roles | undefined;
  /** The flags that it was opened with, for the command. */
  readonly flags?: readonly string[];
}

export async function inspectRecording(recording: Recording, options: InspectionOptions = {}): Promise<Inspection> {
  const names = [...recording.columns.keys()];
  const findings: string[] = [...recording.notes];
  checkRoles(recording.path, names, options.roles ?? {});
  let roles: ResolvedRoles | undefined;
  try {
    roles = resolveRoles(recording.path, names, recording.roles, options.roles);
  } catch (error) {
    if (!(error instanceof JepaError)) throw error;
    findings.push(withoutPath(describeError(error), recording.path));
  }
  const surveys = new Map<string, ColumnSurvey>();
  const columns: ColumnInspection[] = [];
  for (const column of recording.columns.values()) {
    const survey = await surveyOrFinding(recording, column, findings);
    if (survey !== undefined) surveys.set(column.name, survey);
    columns.push(describeColumn(column, survey, roleOf(column.name, roles)));
  }
  const steps = stepsOf(recording, roles);
  const evaluateCommand = roles === undefined ? evaluateCommandOf(recording, options) : undefined;
  const odd = roles === undefined ? { isBlocked: true, flags: [] } : findOddities(recording, roles, surveys, findings);
  const unread = columns.some(({ role, mean }) => role !== undefined && mean === null);
  const reward = roles?.reward === undefined ? undefined : recording.columns.get(roles.reward);
  return {
    format: INSPECTION_FORMAT,
    path: recording.path,
    recordingFormat: recording.format,
    episodes: recording.episodeCount,
    steps: steps.reduce((sum, count) => sum + count, 0),
    episodeSteps: spread(steps),
    returns: reward === undefined || !surveys.has(reward.name) ? undefined : await returnsOf(recording, reward),
    columns,
    findings,
    command:
      odd.isBlocked || unread
        ? undefined
        : [
            'jepa train --data',
            quote(recording.handle.path),
            ...(options.flags ?? []),
            ...odd.flags,
            '--out runs/a',
          ].join(' '),
    evaluateCommand,
  };
}

/** Fills `findings`; says whether training would refuse the recording, and which flags it needs. */
function findOddities(
  recording: Recording,
  roles: ResolvedRoles,
  surveys: ReadonlyMap<string, ColumnSurvey>,
  findings: string[],
): { readonly isBlocked: boolean; readonly flags: readonly string[] } {
  const auxiliary = roles.reward === undefined ? [] : [roles.reward];
  const misfits = findMisfits(recording, { roles, auxiliary });
  for (const { message } of misfits.slice(0, LISTED_PLACES)) findings.push(withoutPath(message, recording.path));
  if (misfits.length > LISTED_PLACES)
    findings.push(`${misfits.length - LISTED_PLACES} more episodes whose rows do not fit together`);

  const [observation] = roles.observation.map((name) => recording.columns.get(name));
  const [action] = roles.action.map((name) => recording.columns.get(name));
  let missingLast = 0;
  let short = 0;
  if (observation !== undefined && action !== undefined)
    for (let episode = 0; episode < recording.episodeCount; episode++) {
      const [observations, actions] = [rowCountOf(observation, episode), rowCountOf(action, episode)];
      if (observations === actions) missingLast++;
      if (observations < 2) short++;
    }
  if (missingLast > 0)
    findings.push(
      `the observation after the last action is missing in ${missingLast} of ${recording.episodeCount} episodes: their last action is not trained on`,
    );
  const isEmpty = short === recording.episodeCount;
  if (isEmpty) findings.push('no transitions: there is nothing to train on');
  else if (short > 0) findings.push(`${short} episodes have no transition and are not trained on`);
  if (roles.reward === undefined)
    findings.push('no rewards: the default auxiliary is a random projection of the observation');

  let isHollow = false;
  const faults: string[] = [];
  for (const role of ['observation', 'action'] as const)
    for (const name of roles[role]) {
      const [column, survey] = [recording.columns.get(name), surveys.get(name)];
      if (column === undefined) continue;
      const isEmptyRow = rowSizeOf(column) === 0;
      isHollow ||= isEmptyRow;
      if (isEmptyRow) findings.push(`${name}: its rows hold no numbers`);
      const doubt = role === 'observation' ? imageDoubt(name, column.shape, column.type) : undefined;
      if (doubt !== undefined) findings.push(doubt);
      const fault = survey && columnFault(column, survey, role);
      if (fault !== undefined) faults.push(fault);
    }
  findings.push(...faults);

  let hasNotNumbers = false;
  const used = new Set([...roles.observation, ...roles.action, ...auxiliary]);
  for (const [name, { oddityCount, oddities, oddEpisodes }] of surveys) {
    if (oddityCount === 0) continue;
    if (used.has(name) && oddEpisodes.length > 0) hasNotNumbers = true;
    const places = oddities
      .slice(0, LISTED_PLACES)
      .map(({ episode, row, value }) => `${value} in episode ${episode} row ${row}`);
    const more = oddityCount > places.length ? `, ${oddityCount - places.length} more` : '';
    const kind = oddEpisodes.length > 0 ? 'not finite or out of its bounds' : 'out of its bounds';
    findings.push(`${name}: ${oddityCount} numbers ${kind} (${places.join(', ')}${more})`);
  }
  return {
    isBlocked: misfits.length > 0 || isEmpty || isHollow || faults.length > 0,
    flags: hasNotNumbers ? ['--skip-odd-episodes'] : [],
  };
}

/** Observations and their classes are all that an evaluation of an encoder takes. */
function evaluateCommandOf(recording: Recording, { roles = {}, flags = [] }: InspectionOptions): string | undefined {
  const observation = roles.observation ?? recording.roles.observation;
  const label = classColumnOf(recording, observation);
  if (observation === undefined || label === undefined || recording.episodeCount === 0) return undefined;
  return [
    'jepa evaluate encoder.onnx --data',
    quote(recording.handle.path),
    ...flags,
    '--classes',
    `column:${quote(label)}`,
  ].join(' ');
}

/** A column that cannot be read (no ffmpeg, a corrupt chunk) is a finding; the others are looked at all the same. */
async function surveyOrFinding(
  recording: Recording,
  column: Column,
  findings: string[],
): Promise<ColumnSurvey | undefined> {
  try {
    return await surveyColumn(recording, column, wholeEpisodes(recording, column));
  } catch (error) {
    if (!(error instanceof JepaError)) throw error;
    findings.push(`${column.name} cannot be read: ${describeError(error)}`);
    return undefined;
  }
}

function describeColumn(column: Column, survey: ColumnSurvey | undefined, role: string | undefined): ColumnInspection {
  const { name, type, shape } = column;
  const isDiscrete = survey !== undefined && choiceCountOf(column, survey) !== undefined;
  return {
    name,
    type,
    shape,
    rows: totalRowsOf(column),
    role,
    minimum: survey === undefined ? null : Math.min(...survey.minimum),
    maximum: survey === undefined ? null : Math.max(...survey.maximum),
    mean:
      survey === undefined
        ? null
        : survey.mean.reduce((sum, value) => sum + value, 0) / Math.max(1, survey.mean.length),
    isDiscrete,
  };
}

function roleOf(name: string, roles: ResolvedRoles | undefined): string | undefined {
  if (roles === undefined) return undefined;
  if (roles.observation.includes(name)) return 'observation';
  if (roles.action.includes(name)) return 'action';
  if (roles.reward === name) return 'reward';
  return roles.state === name ? 'state' : undefined;
}

function wholeEpisodes(recording: Recording, column: Column) {
  return Array.from({ length: recording.episodeCount }, (_, episode) => ({
    episode,
    from: 0,
    to: rowCountOf(column, episode),
    isAveraged: true,
  }));
}

function stepsOf(recording: Recording, roles: ResolvedRoles | undefined): number[] {
  const action = recording.columns.get(roles?.action[0] ?? '') ?? [...recording.columns.values()][0];
  if (action === undefined) return [];
  return Array.from({ length: recording.episodeCount }, (_, episode) => rowCountOf(action, episode));
}

function spread(counts: readonly number[]): Inspection['episodeSteps'] {
  const sorted = [...counts].sort((a, b) => a - b);
  return {
    least: sorted[0] ?? 0,
    median: sorted[Math.floor(sorted.length / 2)] ?? 0,
    most: sorted[sorted.length - 1] ?? 0,
  };
}

async function returnsOf(recording: Recording, reward: Column): Promise<Inspection['returns']> {
  const sums: number[] = [];
  for (let episode = 0; episode < recording.episodeCount; episode++) {
    const values = await recording.read(reward.name, reward.starts[episode], reward.starts[episode + 1]);
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += Number(values[i]);
    if (Number.isFinite(sum)) sums.push(sum);
  }
  if (sums.length === 0) return undefined;
  const mean = sums.reduce((total, sum) => total + sum, 0) / sums.length;
  return { least: Math.min(...sums), mean, most: Math.max(...sums) };
}

function withoutPath(message: string, path: string): string {
  return message.startsWith(`${path} `) ? message.slice(path.length + 1) : message.replace(`${path}: `, '');
}

/** For a shell, where the path needs it. */
export function quote(path: string): string {
  return /^[\w./+:,=-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

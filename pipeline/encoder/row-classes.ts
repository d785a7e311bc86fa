// Which classes the rows of a recording fall into, where nothing was trained on it: as asked for, else by its labels or its reward.
import { classColumnOf } from '../../src/data/class-column.ts';
import type { Recording, Roles } from '../../src/data/recording.ts';
import { option, UsageError, unknownName } from '../../src/error.ts';
import type { RecordingClassSource } from '../../src/evaluation/class/recording.ts';
import type { StateClasses } from '../../src/evaluation/class/state.ts';
import type { RowClasses } from '../../src/evaluation/held-out/labelled-rows.ts';

/** The classes that are asked for; else, where there is no reward, those that the recording is labelled with. */
export function classesFor(
  recording: Recording,
  roles: Roles,
  classes: RecordingClassSource | undefined,
): RecordingClassSource | undefined {
  const columns = [...recording.columns.keys()];
  if (classes?.of === 'column' && !columns.includes(classes.column))
    throw unknownName(option('classes', 'column'), 'a column', classes.column, columns);
  if (classes !== undefined) return classes;
  if ((roles.reward ?? recording.roles.reward) !== undefined) return undefined;
  const column = classColumnOf(recording, roles.observation ?? recording.roles.observation ?? []);
  if (column !== undefined) return { of: 'column', column };
  if (hasActions(recording, roles)) return undefined;
  throw new UsageError(`${recording.path}: expected a column of classes or of rewards, got ${columns.join(', ')}`, {
    remedy: `Say which one tells them: ${option('classes', 'column:NAME')}.`,
  });
}

/** Classes of rows by themselves; undefined where they are made of transitions. */
export function rowClassesOf(
  recording: Recording,
  roles: Roles,
  asked: RecordingClassSource | undefined,
): RowClasses | undefined {
  if (asked?.of === 'column') return { column: asked.column };
  if (asked?.of === 'observed' || (asked === undefined && hasActions(recording, roles))) return undefined;
  const reward = roles.reward ?? recording.roles.reward;
  if (reward === undefined)
    throw new UsageError(
      `${option('classes', 'quantiles')}: expected a reward, got ${[...recording.columns.keys()].join(', ')}`,
      {
        remedy: `Name it: ${option('map', 'reward=NAME')}, or take the values of a column: ${option('classes', 'column:NAME')}.`,
      },
    );
  return { column: reward, quantiles: asked?.count ?? 4 };
}

function hasActions(recording: Recording, roles: Roles): boolean {
  return (roles.action ?? recording.roles.action) !== undefined;
}

/** What a training promised is not known of an encoder from anywhere. */
export function claimOf({ of, claim }: StateClasses): string | undefined {
  if (of === 'column')
    return 'the values of a recorded column; whether the encoder was trained to tell them apart is not known here';
  if (of === 'quantiles') return 'ranges of a recorded column: values beside a border may be as near as they like';
  return claim;
}

// What counts as a success in a simulator, made from a rule.
import type { RecordingRecord } from '../../src/data/recording-description.ts';
import { option, UsageError } from '../../src/error.ts';
import type { Success } from '../../src/planning/arena.ts';
import type { SimulatorPool } from '../../src/simulation/pool.ts';
import type { Goal, SuccessRule } from './option.ts';

export interface SimulatorSuccess {
  /** For people and for the record. */
  readonly text: string;
  readonly isSuccess: Success;
  /** Whether it ends the episode on the way, or is said at its end. */
  readonly endsEpisode: boolean;
}

export interface SuccessContext {
  readonly pool: SimulatorPool;
  readonly record: RecordingRecord;
  /** The largest return of as many episodes of random actions. */
  readonly bestRandomReturn: () => Promise<number>;
}

/** @throws UsageError where the simulator or its recording does not say what it takes */
export async function openSuccess(
  given: SuccessRule | undefined,
  goal: Goal,
  { pool, record, bestRandomReturn }: SuccessContext,
): Promise<SimulatorSuccess> {
  const reward = recordedRewards(record);
  const success = given ?? defaultSuccess(goal, reward);
  switch (success.kind) {
    case 'reward': {
      if (success.threshold === undefined && reward === undefined)
        throw new UsageError(
          `${option('success', 'reward')}: expected a recording with a column of rewards, got none`,
          {
            remedy: `Say how much is enough: ${option('success', 'reward:NUMBER')} or return:NUMBER.`,
          },
        );
      const threshold = success.threshold ?? reward?.maximum ?? 0;
      return {
        text: `a reward of at least ${threshold}`,
        isSuccess: (progress) => progress.reward >= threshold,
        endsEpisode: true,
      };
    }
    case 'return': {
      if (success.threshold !== undefined) {
        const threshold = success.threshold;
        return {
          text: `a return of at least ${threshold}`,
          isSuccess: (progress) => progress.isOver && progress.return >= threshold,
          endsEpisode: false,
        };
      }
      const best = await bestRandomReturn();
      return {
        text: `a return above ${Number(best.toPrecision(6))}, the best of as many random episodes`,
        isSuccess: (progress) => progress.isOver && progress.return > best,
        endsEpisode: false,
      };
    }
    case 'terminal':
      return { text: 'the end of the episode', isSuccess: ({ isTerminal }) => isTerminal, endsEpisode: true };
    case 'no-terminal':
      return {
        text: 'no end of the episode by itself',
        isSuccess: ({ isOver, isTerminal }) => isOver && !isTerminal,
        endsEpisode: false,
      };
    case 'state': {
      const wanted = stateNumber(given === undefined ? 'goal' : 'success', success.name, pool);
      return { text: `state ${wanted}`, isSuccess: ({ state }) => state === wanted, endsEpisode: true };
    }
  }
}

/** @throws UsageError where the simulator knows no states, or the name is no number */
export function stateNumber(
  where: 'goal' | 'success',
  name: string,
  { hasState, name: simulator }: SimulatorPool,
): number {
  if (!hasState)
    throw new UsageError(
      `${option(where, `state:${name}`)}: expected a simulator with stateId, got ${simulator}, which has none`,
    );
  const state = Number(name);
  if (Number.isSafeInteger(state) && state >= 0) return state;
  throw new UsageError(`${option(where)}: expected the number of a state, as stateId gives it, got "${name}"`);
}

interface RecordedRewards {
  readonly maximum: number;
  /** Whether they are 0 and 1, and both of them. */
  readonly isSparse: boolean;
}

function recordedRewards({ reward, survey }: RecordingRecord): RecordedRewards | undefined {
  const column = reward !== null && Object.hasOwn(survey.columns, reward) ? survey.columns[reward] : undefined;
  if (column === undefined) return undefined;
  const [minimum] = column.minimum;
  const [maximum] = column.maximum;
  return { maximum, isSparse: column.isBinary && minimum < maximum };
}

/** Rewards of 0 and 1 say themselves what a success is; any others only add up. */
function defaultSuccess(goal: Goal, reward: RecordedRewards | undefined): SuccessRule {
  if (goal.kind === 'state') return goal;
  if (goal.kind === 'avoid') return { kind: 'no-terminal' };
  return { kind: reward?.isSparse ? 'reward' : 'return', threshold: undefined };
}

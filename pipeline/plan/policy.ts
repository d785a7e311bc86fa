// A run's own planner as what acts while a simulator is recorded: it plans in the run's latents, as `jepa plan` does.

import { observationShapeOf } from '../../src/data/recording-description.ts';
import { option, UsageError } from '../../src/error.ts';
import { planningPolicy } from '../../src/planning/acting.ts';
import { createPlanner } from '../../src/planning/index.ts';
import { latentWorld } from '../../src/planning/latent-world.ts';
import { randomFor } from '../../src/random.ts';
import { recordedRunRecording } from '../../src/run/recording.ts';
import { openSubject } from '../../src/run/subject.ts';
import { openWorldSession } from '../../src/run/world-session.ts';
import { openRuntime } from '../../src/runtimes/index.ts';
import type { PolicyOpener } from '../../src/simulation/policy.ts';
import type { Situation } from '../../src/simulation/pool.ts';
import { asRecorded } from '../../src/simulation/recorded-space.ts';
import { decodeAction, simulatorActions, stackFrames } from '../../src/simulation/simulator-arena.ts';
import { openGoal } from './goal.ts';
import { type Goal, goalText } from './option.ts';

/** As of `jepa plan`. */
const DEFAULT_PLANNER = 'cem';
const DEFAULT_DISCOUNT = 0.95;

/**
 * @param folder of an exported run of a recording, or of its export
 * @param goal what the plans aim at
 * @throws UsageError where the simulator is not what the run was recorded from
 */
export function plannerPolicy(folder: string, goal: Goal): PolicyOpener {
  return async (pool) => {
    const subject = openSubject(folder);
    const { configuration, recording } = subject;
    if (recording === undefined)
      throw new UsageError(`policy planner:${folder}: expected a run of a recording, got one of an environment`);
    const stack = configuration.recording?.stack ?? 1;
    if (asRecorded(pool, recording, { stack }) !== pool)
      throw new UsageError(`policy planner:${folder}: expected images of the run's size, got others`, {
        remedy: `Record with the size of the run: ${option('imageSize', 'HxW')}.`,
      });
    const runtime = await openRuntime('cpu');
    try {
      const session = await openWorldSession(runtime, subject, observationShapeOf(recording));
      const { context: auxiliaryContext } = recordedRunRecording(recording, configuration.seed);
      const context = { configuration, session, auxiliaryContext, endsWithSuccess: false };
      const planned = await openGoal({ goal, discount: DEFAULT_DISCOUNT }, context, () => {
        throw new UsageError(`policy planner:${folder}: expected a goal that recordings know, got ${goalText(goal)}`, {
          remedy: 'For example: planner:RUN@reward or planner:RUN@avoid:terminations.',
        });
      });
      const actions = simulatorActions(pool);
      const policy = planningPolicy({
        planner: createPlanner(DEFAULT_PLANNER, {}),
        world: latentWorld(session, actions),
        objectiveOf: planned.objectiveOf,
        locate: async ({ observation }) => (await session.encode(observation)).values,
        actionsTaken: 1,
      });
      return {
        name: `planner:${folder}@${goalText(goal)}`,
        async startEpisode(episode, seed) {
          const decide = await policy.startEpisode(episode);
          const random = randomFor(seed, 'planning decisions');
          const frames: Situation['observation'][] = [];
          const locate = () => Promise.reject(new Error('a plan in latents asks for no true state'));
          let taken = 0;
          return async (situation) => {
            frames.push(situation.observation);
            if (frames.length > stack) frames.shift();
            const observation = stackFrames(pool, frames, stack);
            const decided = await decide({ observation, locate, taken, random });
            taken = 1;
            return decodeAction(pool, decided.subarray(0, actions.size));
          };
        },
        async dispose() {
          await session.dispose();
          await runtime.dispose();
        },
      };
    } catch (error) {
      await runtime.dispose();
      throw error;
    }
  };
}

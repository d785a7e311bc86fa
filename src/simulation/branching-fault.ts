// Whether situations that a simulator kept come back as they were: the true dynamics are planned in only where they do.
import { JepaError } from '../error.ts';
import { randomFor } from '../random.ts';
import { randomPolicy } from './policy.ts';
import type { SimulatorPool } from './pool.ts';
import { findTransitionDifference } from './roll-out.ts';

/** Actions before the situation that is kept, and after it. */
const LEAD = 3;
const FOLLOWED = 8;

/**
 * Plays on from a kept situation, then from the lane itself, with the same actions.
 * @returns why the true dynamics cannot be planned in, in a few words; undefined where they can
 */
export async function findBranchingFault(pool: SimulatorPool, seed: number): Promise<string | undefined> {
  const { branching } = pool;
  if (branching === undefined) return 'it has no save and restore';
  const draw = randomPolicy(pool.action, randomFor(seed, 'branching'), { actionPersistence: 0 });
  await pool.reset([0], [seed]);
  for (let step = 0; step < LEAD; step++) {
    const [{ isTerminal, isTruncated }] = await pool.step([0], [draw()]);
    if (isTerminal || isTruncated) await pool.reset([0], [seed]);
  }
  try {
    const handles = [await branching.save(0)];
    const actions = Array.from({ length: FOLLOWED }, draw);
    const expected = [];
    for (const [step, action] of actions.entries()) {
      const [branch] = await branching.branch(0, [handles[step]], [action]);
      expected.push(branch);
      if (branch.isTerminal) break;
      handles.push(branch.handle);
    }
    for (const [step, before] of expected.entries()) {
      const [found] = await pool.step([0], [actions[step]]);
      const difference = findTransitionDifference(found, before);
      if (difference !== undefined) return `what was kept went on with another ${difference}`;
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof JepaError)) throw error;
    return `it cannot be kept: ${error.message}`;
  } finally {
    await branching.release();
  }
}

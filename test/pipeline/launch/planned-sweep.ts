// A sweep of two rungs, planned and not run.
import { join } from 'node:path';
import { planSweep } from '../../../pipeline/sweep/plan.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

/** @returns its folder: six units, and four of the second rung */
export async function sweep(name = 'sweep'): Promise<string> {
  const folder = join(temporaryFolder(), name);
  await planSweep(
    'sweep.yaml',
    {
      environment: 'counting',
      seeds: 2,
      grid: { 'objective.dynamics': [0, 1, 2] },
      rungs: { steps: [10, 20], keep: 0.5 },
    },
    folder,
  );
  return folder;
}

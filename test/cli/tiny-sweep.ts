// A sweep of one unit that trains in a moment, as the file that a person writes.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../storage/temporary-folder.ts';

/** The file, and where its sweep may go. */
export function fileOf(text: string): { readonly root: string; readonly file: string; readonly out: string } {
  const root = temporaryFolder();
  const file = join(root, 'sweep.yaml');
  writeFileSync(file, text);
  return { root, file, out: join(root, 'sweep') };
}

export const tiny = `
environment: counting
seeds: 1
set:
  optimization.steps: 4
  optimization.batchSize: 4
  model.latentSize: 4
  model.predictor: { width: 8, depth: 1 }
  measureEvery: 0
grid: { objective.dynamics: [1] }
evaluate: { observations: 64 }
`;

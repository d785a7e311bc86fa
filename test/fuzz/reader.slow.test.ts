// Damaged and hostile files: every reader accepts or refuses them, in one line, in time, with bounded memory.
// JEPA_FUZZ_SECONDS=3600 looks longer, JEPA_RANDOM_SEED=$RANDOM at others, JEPA_FUZZ_TARGET=hdf5 at one; mutants that show
// a fault are kept in JEPA_FUZZ_KEPT (default: a folder beside the temporary ones).
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../storage/temporary-folder.ts';
import { fuzz } from './campaign.ts';
import { targets } from './target.ts';

const seconds = Number(process.env.JEPA_FUZZ_SECONDS ?? 60);
const seed = Number(process.env.JEPA_RANDOM_SEED ?? 20_261_128);
const only = process.env.JEPA_FUZZ_TARGET;
const chosen = targets.filter(({ name }) => only === undefined || name === only);

test.each(chosen)('$name: every mutant is accepted or refused in one line', async (target) => {
  const report = await fuzz(target, {
    seed,
    milliseconds: (1000 * seconds) / chosen.length,
    folder: temporaryFolder(),
    kept: process.env.JEPA_FUZZ_KEPT ?? join(tmpdir(), 'jepa-onnx-fuzz-kept'),
  });
  console.log(`${target.name}: ${report.accepted} accepted, ${report.refused} refused, seed ${seed}`);
  expect(report.findings).toEqual([]);
  // Otherwise the mutants test nothing.
  expect(report.refused).toBeGreaterThan(0);
});

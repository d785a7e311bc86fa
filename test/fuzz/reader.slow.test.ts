// Damaged and hostile files: every reader accepts or refuses them, in one line, in time, with bounded memory.
// JEPA_FUZZ_SECONDS=3600 looks longer, JEPA_RANDOM_SEED=$RANDOM at others, JEPA_FUZZ_TARGET=hdf5 at one; mutants that show
// a fault are kept in JEPA_FUZZ_KEPT (default: a folder beside the temporary ones).
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { temporaryFolder } from '../storage/temporary-folder.ts';
import { fuzz } from './campaign.ts';
import { createReaderProcess } from './reader-process.ts';
import { targets } from './target.ts';

const seconds = Number(process.env.JEPA_FUZZ_SECONDS ?? 60);
const seed = Number(process.env.JEPA_RANDOM_SEED ?? 20_261_128);
const only = process.env.JEPA_FUZZ_TARGET;
const chosen = targets.filter(({ name }) => only === undefined || name === only);

const reader = createReaderProcess();
afterAll(() => reader.end());

// The time of all is shared anew before each: what one takes too long, the next ones have less.
const end = performance.now() + 1000 * seconds;

test.each(chosen.map((target, i) => ({ target, name: target.name, left: chosen.length - i })))(
  '$name: every mutant is accepted or refused in one line',
  async ({ target, left }) => {
    const now = performance.now();
    const report = await fuzz(target, reader, {
      seed,
      deadline: now + Math.max(0, end - now) / left,
      folder: temporaryFolder(),
      kept: process.env.JEPA_FUZZ_KEPT ?? join(tmpdir(), 'jepa-onnx-fuzz-kept'),
    });
    console.log(`${target.name}: ${report.accepted} accepted, ${report.refused} refused, seed ${seed}`);
    expect(report.findings).toEqual([]);
    // Otherwise the mutants test nothing.
    expect(report.refused).toBeGreaterThan(0);
    expect(report.accepted).toBeGreaterThan(0);
  },
);

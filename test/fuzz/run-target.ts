// What is fuzzed of a run's own folder: its checkpoints and its log, which may come from another machine.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newestCheckpoint, readCheckpoint, saveCheckpoint } from '../../src/storage/checkpoint.ts';
import { logDigest, openMetricsLog, readMetrics } from '../../src/storage/jsonl.ts';
import { mutateBytes, mutateText } from './mutate.ts';
import type { FuzzTarget } from './target.ts';

const STEP = 'checkpoints/step-000003';
const NAMES = ['state.json', 'weights.safetensors', 'optimizer.safetensors'];
const SEAL = /,\n {2}"sha256": "[0-9a-f]{64}"\n\}\n$/;
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

const whole = await (async () => {
  const folder = mkdtempSync(join(tmpdir(), 'jepa-fuzz-'));
  try {
    const array = { shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) };
    await saveCheckpoint(folder, 3, {
      weights: new Map([['encoder/kernel', array]]),
      optimizer: new Map([['adam/encoder/kernel', array]]),
      state: { seed: 7, best: { step: 2, loss: 0.25 }, log: [1, null, 'x'] },
    });
    return new Map(NAMES.map((name) => [name, readFileSync(join(folder, STEP, name))]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
})();

const fileOf = (name: string): Buffer => whole.get(name) ?? Buffer.alloc(0);

/** Mostly with checksums that are right, so that what is behind them gets to see the mutant. */
export const checkpoint: FuzzTarget = {
  name: 'checkpoint',
  write(path, generator) {
    mkdirSync(join(path, STEP), { recursive: true });
    const files = new Map(whole);
    let state = fileOf('state.json').toString();
    const name = NAMES[generator.below(NAMES.length)];
    const isSealed = generator.below(4) > 0;
    if (name === 'state.json')
      state = isSealed ? mutateText(state.replace(SEAL, ''), generator) : mutateText(state, generator);
    else {
      const bytes = Buffer.from(mutateBytes(fileOf(name), generator));
      files.set(name, bytes);
      if (isSealed) state = state.replace(sha256(fileOf(name)), sha256(bytes));
      state = state.replace(SEAL, '');
    }
    if (isSealed || name !== 'state.json') state = `${state},\n  "sha256": "${sha256(state)}"\n}\n`;
    files.set('state.json', Buffer.from(state));
    for (const [each, bytes] of files) writeFileSync(join(path, STEP, each), bytes);
  },
  async read(path) {
    // Passes over what is harmed.
    newestCheckpoint(path);
    readCheckpoint(join(path, STEP));
  },
};

export const metrics: FuzzTarget = {
  name: 'metrics',
  write(path, generator) {
    const lines = Array.from({ length: 5 }, (_, step) => JSON.stringify({ step, loss: 0.5 / (step + 1), note: 'NaN' }));
    const text = `${lines.join('\n')}\n`;
    if (generator.below(4) === 0) writeFileSync(path, mutateBytes(Buffer.from(text), generator));
    else writeFileSync(path, mutateText(text, generator));
  },
  async read(path) {
    logDigest(path, 3);
    readMetrics(path);
    openMetricsLog(path, { resumeStep: 2 }).dispose();
    // What a resumed run goes on with is whole, and of the steps before.
    const { records, isTorn } = readMetrics(path);
    if (isTorn || records.some(({ step }) => step > 2)) throw new Error('a log that was cut back is not whole');
  },
};

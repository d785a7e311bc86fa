import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { isNativeInPackage, jepaWithoutTensorFlow } from './without-tensorflow.ts';

describe.skipIf(isNativeInPackage)('without native TensorFlow', () => {
  test('a run that was trained elsewhere is exported and evaluated all the same', async () => {
    const home = temporaryFolder();
    const run = join(home, 'run');
    const training = ['bin/jepa.js', 'train', 'counting', '--out', run, '--set', 'optimization.steps=2'];
    execFileSync(process.execPath, training, { stdio: 'pipe' });

    const exported = await jepaWithoutTensorFlow(home, 'export', run);
    expect(exported.code, exported.stderr).toBe(0);
    expect(exported.stdout).toMatch(/encoder\.onnx: .* of tfjs [\d.]+ cpu$/m);

    const evaluated = await jepaWithoutTensorFlow(
      home,
      ...['evaluate', run, '--runtime', 'cpu,wasm', '--observations', '128', '--json'],
    );
    expect(evaluated.code, evaluated.stderr).toBe(0);
    const { runtimes } = JSON.parse(evaluated.stdout);
    expect(runtimes.map(({ runtime }: { runtime: string }) => runtime)).toEqual(['cpu', 'wasm']);
    // Nothing of that tried to set anything up.
    expect(existsSync(join(home, 'cache'))).toBe(false);
  });
});

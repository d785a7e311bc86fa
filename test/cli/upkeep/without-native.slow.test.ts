// A run on a machine where no native library loads (as with musl), and an export that is not whole.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startJepa } from '../start-jepa.ts';

const root = mkdtempSync(join(tmpdir(), 'jepa-without-native-'));
const run = join(root, 'run');
const preload = join(import.meta.dirname, '..', '..', 'fixtures', 'runtimes', 'no-native.cjs');

beforeAll(async () => {
  const short = ['--set', 'optimization.steps=2', '--set', 'optimization.batchSize=4', '--set', 'measureEvery=0'];
  expect(await startJepa(['train', 'counting', '--out', run, '--threads', '1', ...short])).toMatchObject({ code: 0 });
  expect(await startJepa(['export', run])).toMatchObject({ code: 0 });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('where no native library loads', () => {
  const noNative = { NODE_OPTIONS: `--require ${preload}` };
  test.each([
    ['with none in the cache', { ...noNative, JEPA_ONNX_CACHE: join(root, 'cache') }],
    ['with a TensorFlow in the cache', noNative],
  ])('wasm is its own reference, and what did not load is told: %s', async (_where, environment) => {
    const argv = ['evaluate', run, '--runtime', 'wasm', '--observations', '64', '--no-report', '--json'];
    const { code, stdout, stderr } = await startJepa(argv, { env: environment });
    expect(stderr).toContain('not the reference: cpu: expected onnxruntime-node, got: Error relocating');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ reference: { runtime: 'wasm' }, runtimes: [{ runtime: 'wasm' }] });
  });
});

test('an export with a truncated encoder is not published', async () => {
  const broken = join(root, 'broken');
  const site = join(root, 'site');
  cpSync(join(run, 'export'), broken, { recursive: true });
  expect(readFileSync(join(broken, 'encoder.onnx')).byteLength).toBeGreaterThan(3000);
  truncateSync(join(broken, 'encoder.onnx'), 3000);
  const { code, stderr } = await startJepa(['serve', broken, '--build', site]);
  expect(stderr).toMatch(/^jepa: .*encoder\.onnx: expected /);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect([code, existsSync(site)]).toEqual([1, false]);
  expect(await startJepa(['serve', join(run, 'export'), '--build', site])).toMatchObject({ code: 0 });
});

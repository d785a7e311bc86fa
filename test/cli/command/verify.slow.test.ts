// `jepa verify` in a real browser: WebAssembly with one thread and two, and WebGPU in software.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium } from '../../../src/verification/chromium.ts';
import { verificationSchema } from '../../../src/verification/schema.ts';
import { writeRunFixture } from '../../evaluation/run-fixture.ts';
import { determinantModel } from '../../runtimes/onnx-fixture.ts';
import { startJepa } from '../start-jepa.ts';

const root = mkdtempSync(join(tmpdir(), 'jepa-verify-slow-'));
const run = join(root, 'run');
beforeAll(() => writeRunFixture(run));
afterAll(() => rmSync(root, { recursive: true }));

// Without a browser there is nothing to verify: apt-get install chromium, or name one in JEPA_CHROMIUM.
describe.skipIf(findChromium() === undefined)('jepa verify in Chromium', () => {
  test('gives the same answer as onnxruntime-node, and says what ran', async () => {
    const names = ['chromium:wasm', 'chromium:wasm:2', 'chromium:webgpu'];
    const flags = ['--require', names.join(','), '--reference', 'cpu', '--observations', '45', '--batch-sizes', '1,32'];
    const { code, stdout, stderr } = await startJepa([
      'verify',
      run,
      '--runtimes',
      'cpu',
      '--bisect',
      'cpu,chromium:wasm',
      ...flags,
      '--json',
      '--no-report',
    ]);
    expect(stderr).not.toContain('jepa:');
    const { runtimes, holds, bisection } = verificationSchema.parse(JSON.parse(stdout));
    expect(holds).toBe(true);
    expect(code).toBe(0);
    const [, ...browsers] = runtimes;
    for (const row of browsers) {
      if (row.status !== 'ran') throw new Error(`${row.runtime}: ${row.reason}`);
      expect(row.version).toMatch(/^onnxruntime-web \d+\.\d+\.\d+ in Chromium \d+/);
      expect(row.verdictHolds).toBe(true);
      expect(row.relativeLatentError).toBeGreaterThan(0);
      // Three layers of float32, whose unit is 6e-8.
      expect(row.relativeLatentError).toBeLessThan(4e-6);
    }
    expect(browsers.map((row) => row.status === 'ran' && row.threads)).toEqual([1, 2, 1]);
    expect(browsers[2]).toMatchObject({
      provider: 'WebGpuExecutionProvider (WebGPU)',
      device: expect.stringContaining('swiftshader'),
    });
    expect(bisection).toMatchObject({ between: ['cpu', 'chromium:wasm'], first: null });
    expect(bisection?.compared).toBeGreaterThan(3);
  });

  test('WebGPU does not silently leave a node to WebAssembly', async () => {
    const [model, rows] = ['determinant.onnx', 'rows.bin'].map((name) => join(root, name));
    // No GPU provider has a Det.
    writeFileSync(model, determinantModel());
    writeFileSync(rows, new Uint8Array(2 * 9 * 4));
    const { code, stderr } = await startJepa([
      'runner',
      'chromium:webgpu',
      model,
      model,
      rows,
      rows,
      '2',
      '2',
      join(root, 'out'),
    ]);
    expect(stderr).toMatch(/expected every node to run on the GPU, got nodes that only WebAssembly can run\t/);
    expect(code).toBe(3);
  });
});

describe('jepa verify --bisect', () => {
  test('half precision as a variant, and the first node that it changes', async () => {
    const flags = [
      '--runtimes',
      'cpu:fp16',
      '--reference',
      'cpu',
      '--bisect',
      'cpu,cpu:fp16',
      '--json',
      '--no-report',
      ...['--observations', '90', '--batch-sizes', '32'],
    ];
    const { stdout } = await startJepa(['verify', run, ...flags]);
    const { runtimes, bisection } = verificationSchema.parse(JSON.parse(stdout));
    expect(runtimes[0]).toMatchObject({ runtime: 'cpu:fp16', model: 'float16', status: 'ran' });
    expect(bisection?.between).toEqual(['cpu', 'cpu:fp16']);
    expect(bisection?.compared).toBeGreaterThan(3);
    // The observations themselves are no halves, nor are the weights of the first convolution: 2^-11 of them at most.
    expect(bisection?.first?.operator).toBe('Cast');
    expect(Number(bisection?.first?.error) / Number(bisection?.first?.scale)).toBeLessThanOrEqual(2 ** -11);
    expect(bisection?.introducing.map(({ operator }) => operator)).toContain('Conv');
    for (const { introduced } of bisection?.values ?? []) expect(introduced).toBeLessThan(0.01);
  });
});

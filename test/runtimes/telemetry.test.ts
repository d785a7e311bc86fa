// onnxruntime's own builds report what they run unless they are told not to before they are loaded: nothing of that may be left behind,
// neither its log and session in the folder for temporary files nor the number of the device in the cache.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { runCommand } from '../../src/machine/command.ts';
import { runProgram } from '../../src/verification/protocol.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

test('a model is run without telemetry', async () => {
  const folder = temporaryFolder();
  const script = `
    import { openRuntime } from './src/runtimes/index.ts';
    import { pixelSumModel } from './test/runtimes/onnx-fixture.ts';
    const runtime = await openRuntime('cpu', { threads: 1 });
    const session = await runtime.load(pixelSumModel('uint8', 'nchw'));
    const data = new Uint8Array(12);
    await session.run({ observation: { type: 'uint8', data, shape: [1, 3, 2, 2] } });
    console.log('ran', process.env.ORT_DISABLE_TELEMETRY);`;
  // Under CI it is silent by itself, which would show nothing.
  const { CI: _, ORT_DISABLE_TELEMETRY: __, ...rest } = process.env;
  const environment = { ...rest, HOME: folder, TMPDIR: folder, XDG_CACHE_HOME: join(folder, 'cache') };
  const { stdout, stderr, exitCode } = await runCommand(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script],
    { environment },
  );
  expect(exitCode, stderr).toBe(0);
  expect(stdout.trim()).toBe('ran 1');
  const left = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  expect(left.filter((name) => /mat-debug|\.ses$|Microsoft/.test(name))).toEqual([]);
});

test.each([
  [undefined, '1'],
  ['0', '0'],
])('a runtime of another language is told so too, unless its user says something else (%s)', async (own, told) => {
  vi.stubEnv('ORT_DISABLE_TELEMETRY', own);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const program = {
    program: process.execPath,
    arguments: ['-e', 'console.error("told " + process.env.ORT_DISABLE_TELEMETRY); process.exit(3)', '--'],
  };
  const input = {
    encoder: 'e',
    predictor: 'p',
    observations: 'o',
    actions: 'a',
    count: 1,
    batch: 1,
    threads: 1,
    latentSize: 1,
  };
  const limits = { timeMs: 30_000, memoryByteLength: 2 ** 32 };
  await expect(runProgram(program, input, join(temporaryFolder(), 'out'), limits)).rejects.toThrow(`told ${told}`);
});

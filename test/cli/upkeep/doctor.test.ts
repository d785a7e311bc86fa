// `jepa doctor` in a process of its own, as a user runs it.
import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { jepa } from '../jepa.ts';
import { startJepa } from '../start-jepa.ts';

describe('jepa doctor', () => {
  test('describes what is there, names a reason and a remedy for what is not, and fails where that is required', {
    timeout: 120_000,
  }, async () => {
    const flags = ['--json', '--require', 'wasm', '--require', 'ffmpeg'];
    const { code, stdout, stderr } = await startJepa(['doctor', ...flags], { env: { PATH: '/nowhere' } });
    expect(code).toBe(1);
    expect(stderr).toBe('jepa: doctor: expected ffmpeg, got none: none of these answers: ffmpeg. Install ffmpeg.\n');
    const report = JSON.parse(stdout);
    expect(report.machine).toMatchObject({ node: { version: process.versions.node }, threads: availableParallelism() });
    expect(report.runtimes.map(({ runtime }: { runtime: string }) => runtime)).toEqual(
      expect.arrayContaining(['cpu', 'cuda', 'webgpu', 'wasm', 'tfjs']),
    );
    const parts = [report.tensorflow, ...report.runtimes, ...report.programs];
    for (const part of parts)
      if (part.isAvailable) expect(part.reason).toBeUndefined();
      else expect(part, JSON.stringify(part)).toMatchObject({ reason: expect.any(String), remedy: expect.any(String) });
    expect(report.runtimes).toContainEqual(
      expect.objectContaining({
        runtime: 'wasm',
        isAvailable: true,
        version: expect.stringContaining('onnxruntime-web'),
      }),
    );
    expect(report.python).toMatchObject({ program: 'python3', isAvailable: false, packages: {} });
    // No program is on that path.
    expect(report.programs.map(({ isAvailable }: { isAvailable: boolean }) => isAvailable)).not.toContain(true);
  });

  test('refuses to require what it does not know', async () => {
    const { code, stdout, stderr } = await jepa(['doctor', '--require', 'tensorflw']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Did you mean "tensorflow"?');
  });
});

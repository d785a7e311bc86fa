// `jepa doctor` in a process of its own, as a user runs it.
import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { formatReport } from '../../../cli/upkeep/doctor.ts';
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

describe('the report for a person', () => {
  test('has a line for each part, and the remedy under each that is missing', () => {
    const text = formatReport({
      format: 1,
      version: '1.2.3',
      machine: {
        node: { version: '22.0.0', path: '/bin/node' },
        system: 'linux',
        release: '6.1',
        architecture: 'x64',
        libc: 'glibc 2.36',
        processor: 'Some CPU',
        threads: 1,
        instructions: ['avx2', 'fma'],
        memoryByteLength: 8e9,
        freeMemoryByteLength: 4e9,
      },
      tensorflow: { isAvailable: false, reason: 'no native library is set up', remedy: 'Run jepa setup.' },
      runtimes: [
        { runtime: 'wasm', isAvailable: true, version: 'onnxruntime-web 1.0', provider: 'WebAssembly', threads: 2 },
        { runtime: 'cuda', isAvailable: false, reason: 'no GPU' },
      ],
      programs: [
        { name: 'ffmpeg', neededFor: 'videos', isAvailable: false, reason: 'not there', remedy: 'Install it.' },
      ],
      python: { program: 'python3', isAvailable: true, version: '3.11.2', packages: { gymnasium: '1.2.0' } },
      cache: { folder: '/cache', byteLength: 0, freeByteLength: undefined },
    });
    expect(text.split('\n')).toEqual([
      'jepa-onnx   1.2.3',
      'Node        22.0.0 (/bin/node)',
      'system      linux 6.1 x64 glibc 2.36',
      'processor   Some CPU, 1 thread, avx2 fma',
      'memory      8.0 GB, 4.0 GB free',
      'cache       /cache, 0.0 GB',
      '',
      'tensorflow  no   no native library is set up',
      '                 -> Run jepa setup.',
      'wasm        yes  onnxruntime-web 1.0, WebAssembly, 2 threads',
      'cuda        no   no GPU',
      'ffmpeg      no   not there (needed for videos)',
      '                 -> Install it.',
      'python      yes  3.11.2 (python3) with gymnasium 1.2.0; without minari, h5py',
      '',
    ]);
  });
});

// The report of `jepa doctor` for a person.
import { describe, expect, test } from 'vitest';
import { describeMachineReport } from '../../../cli/text/machine.ts';

describe('the report for a person', () => {
  test('has a line for each part, and the remedy under each that is missing', () => {
    const text = describeMachineReport({
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

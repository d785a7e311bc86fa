// What a process on CUDA is started with, what onnxruntime is asked for, and what is taken out of the wheels.
import { describe, expect, test } from 'vitest';
import { cudaEnvironment } from '../../../src/runtimes/cuda/library.ts';
import { cudaRecipe, downloadByteLength, placeLibrary } from '../../../src/runtimes/cuda/recipe.ts';
import { sessionOptionsOf } from '../../../src/runtimes/onnxruntime-node.ts';

describe('the environment of a process on CUDA', () => {
  const library = { libraryFolder: '/cache/libraries' };

  test('finds the libraries before those of the system, and has TF32 off unless it is asked for', () => {
    expect(cudaEnvironment({}, library, { LD_LIBRARY_PATH: '/opt/cuda', HOME: '/home' })).toEqual({
      LD_LIBRARY_PATH: '/cache/libraries:/opt/cuda',
      NVIDIA_TF32_OVERRIDE: '0',
      HOME: '/home',
    });
    // An override of the shell would make the record of tf32 a lie.
    expect(cudaEnvironment({ reducedPrecision: true }, undefined, { NVIDIA_TF32_OVERRIDE: '0' })).toEqual({});
  });
});

describe('the options given to onnxruntime', () => {
  test.each(['cuda', 'webgpu'] as const)('%s: that provider alone, and no node for the CPU', (name) => {
    expect(sessionOptionsOf(name, 3)).toMatchObject({
      executionProviders: [name],
      intraOpNumThreads: 3,
      extra: { session: { disable_cpu_ep_fallback: '1' } },
    });
  });

  test('cpu: nothing that refuses the CPU', () => {
    expect(sessionOptionsOf('cpu', 1)).not.toHaveProperty('extra');
  });
});

describe('the recipe', () => {
  test('is of one hash a wheel, and 1.4 GB', () => {
    expect(new Set(cudaRecipe.wheels.map(({ sha256 }) => sha256)).size).toBe(cudaRecipe.wheels.length);
    expect(downloadByteLength(cudaRecipe)).toBe(1_427_882_060);
  });

  test.each([
    ['onnxruntime/capi/libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_cuda.so'],
    ['nvidia/cu13/lib/libcublas.so.13', 'libcublas.so.13'],
    ['nvidia/cudnn/lib/libcudnn_graph.so.9', 'libcudnn_graph.so.9'],
    ['onnxruntime/capi/libonnxruntime.so.1.30.0', undefined],
    ['onnxruntime/capi/libonnxruntime_providers_tensorrt.so', undefined],
    ['nvidia/cu13/lib/libcufft_static.a', undefined],
    ['nvidia/../../lib/libx.so/y', undefined],
  ])('takes of %s: %s', (entry, place) => {
    expect(placeLibrary(entry)).toBe(place);
  });
});

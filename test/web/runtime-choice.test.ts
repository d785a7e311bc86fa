// What a page chooses to run on, from what it finds.
import { describe, expect, test } from 'vitest';
import { UnavailableError, UsageError } from '../../src/error.ts';
import { chooseRuntime, type Surroundings } from '../../web/runtime-choice.ts';

const isolated: Surroundings = { isIsolated: true, cores: 8, isSecure: true };
const gpuOf = (adapter: Awaited<ReturnType<NonNullable<Surroundings['gpu']>['requestAdapter']>>): Surroundings => ({
  ...isolated,
  gpu: { requestAdapter: async () => adapter },
});
const hardware = gpuOf({ info: { vendor: 'nvidia', architecture: 'hopper' } });
const software = gpuOf({ info: { vendor: 'google', architecture: 'swiftshader' } });

describe('the page chooses', () => {
  test('WebGPU where a graphics adapter is there, and names it', async () => {
    const choice = await chooseRuntime('auto', undefined, hardware);
    expect(choice).toMatchObject({ runtime: 'webgpu', adapter: 'nvidia hopper', threads: 1, notes: [] });
    expect(choice.reason).toBe('WebGPU, because this browser offers a graphics adapter (nvidia hopper).');
  });

  test.each<[string, Surroundings, string]>([
    ['computes in software', software, 'the only WebGPU adapter here (google swiftshader) computes in software'],
    ['is flagged as a fallback', gpuOf({ isFallbackAdapter: true }), '(unnamed) computes in software'],
    ['is not found', gpuOf(null), 'this browser finds no graphics adapter for WebGPU'],
    ['cannot be asked for', isolated, 'this browser has no WebGPU'],
    ['is kept from the page', { ...isolated, isSecure: false }, 'only to secure pages, and this one is not'],
  ])('WebAssembly where the adapter %s, and says so', async (_, offered, reason) => {
    const choice = await chooseRuntime('auto', undefined, offered);
    expect(choice).toMatchObject({ runtime: 'wasm', threads: 4, notes: [] });
    expect(choice.reason).toContain(reason);
  });

  test('an adapter that is refused with an error counts as none', async () => {
    const failing = { ...isolated, gpu: { requestAdapter: () => Promise.reject(new Error('blocked')) } };
    expect((await chooseRuntime('auto', 1, failing)).runtime).toBe('wasm');
  });

  test('the software adapter all the same where WebGPU is asked for', async () => {
    expect(await chooseRuntime('webgpu', undefined, software)).toMatchObject({ runtime: 'webgpu' });
  });
});

describe('threads', () => {
  test('are as many as the cores, at most 4, or as asked for', async () => {
    expect((await chooseRuntime('wasm', undefined, { ...isolated, cores: 2 })).threads).toBe(2);
    expect((await chooseRuntime('wasm', undefined, { ...isolated, cores: 64 })).threads).toBe(4);
    expect((await chooseRuntime('wasm', 6, { ...isolated, cores: 2 })).threads).toBe(6);
  });

  test('are one, with a note that names the headers, where the page is not isolated', async () => {
    const choice = await chooseRuntime('wasm', 4, { ...isolated, isIsolated: false });
    expect(choice.threads).toBe(1);
    expect(choice.notes).toHaveLength(1);
    expect(choice.notes[0]).toContain('Cross-Origin-Embedder-Policy: require-corp');
  });

  test('one that was asked for needs no note', async () => {
    expect((await chooseRuntime('wasm', 1, { ...isolated, isIsolated: false })).notes).toEqual([]);
  });
});

describe('refused', () => {
  test('WebGPU that is not there, with what to do', async () => {
    const refused = chooseRuntime('webgpu', undefined, isolated);
    await expect(refused).rejects.toThrow(UnavailableError);
    await expect(refused).rejects.toMatchObject({
      message: 'WebGPU: expected a graphics adapter, got none: this browser has no WebGPU',
      remedy: 'Use WebAssembly, or a browser and a machine that have WebGPU.',
    });
  });

  test.each([0, -1, 1.5, Number.NaN])('%d threads', async (threads) => {
    await expect(chooseRuntime('wasm', threads, isolated)).rejects.toThrow(UsageError);
  });
});

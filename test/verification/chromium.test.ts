// Names of browsers as runtimes.
import { expect, test } from 'vitest';
import { parseChromium } from '../../src/verification/chromium.ts';

test('a provider, and for wasm a number of threads', () => {
  expect(parseChromium('chromium:wasm')).toEqual({ provider: 'wasm', threads: 1 });
  expect(parseChromium('chromium:wasm:2')).toEqual({ provider: 'wasm', threads: 2 });
  expect(parseChromium('chromium:webgpu')).toEqual({ provider: 'webgpu', threads: 1 });
  for (const name of [
    'chromium',
    'chromium:webgl',
    'chromium:wasm:0',
    'chromium:webgpu:2',
    'chromium:wasm:2x',
    'xchromium:wasm',
  ])
    expect(parseChromium(name), name).toBeUndefined();
});

import { describe, expect, test } from 'vitest';
import { FormatError } from '../../src/error.ts';
import { encodeObservations } from '../../src/run/encode.ts';
import { openRuntime } from '../../src/runtimes/index.ts';
import { pixelSumModel } from '../runtimes/onnx-fixture.ts';

describe('encodeObservations', () => {
  test.each([
    ['uint8', 'nchw'],
    ['uint8', 'nhwc'],
    ['float32', 'nchw'],
    ['float32', 'nhwc'],
  ] as const)('gives %s %s observations in batches, in their order', async (type, layout) => {
    const runtime = await openRuntime('cpu', { threads: 1 });
    // latent = the mean of each channel in 0..1, whatever the layout.
    const session = await runtime.load(pixelSumModel(type, layout));
    const count = 600;
    const observations = new Uint8Array(count * 2 * 2 * 3);
    for (let n = 0; n < count; n++)
      for (let p = 0; p < 4; p++) observations.set([n % 256, Math.floor(n / 256), (7 * n) % 256], 3 * (4 * n + p));
    const latents = await encodeObservations(session, observations, [2, 2, 3], { name: 'observation', layout, type });
    expect([latents.count, latents.size]).toEqual([count, 3]);
    for (let n = 0; n < count; n++)
      [n % 256, Math.floor(n / 256), (7 * n) % 256].forEach((value, c) => {
        expect(latents.values[3 * n + c]).toBeCloseTo(value / 255, 5);
      });
    await session.dispose();
  });

  test('an encoder of another shape, type or name is refused with both', async () => {
    const runtime = await openRuntime('cpu', { threads: 1 });
    const session = await runtime.load(pixelSumModel('uint8', 'nchw'));
    const observations = new Uint8Array(12);
    const input = { name: 'observation', layout: 'nchw', type: 'uint8' } as const;
    const cases: readonly [Promise<unknown>, string][] = [
      [
        encodeObservations(session, observations, [2, 2, 3], { ...input, layout: 'nhwc' }),
        'expected input "observation" to be uint8 [N, 2, 2, 3], got uint8 [N, 3, 2, 2]',
      ],
      [
        encodeObservations(session, observations, [2, 2, 3], { ...input, type: 'float32' }),
        'expected input "observation" to be float32 [N, 3, 2, 2], got uint8 [N, 3, 2, 2]',
      ],
      [
        encodeObservations(session, observations, [2, 2, 3], { ...input, name: 'image' }),
        'expected an input "image", got observation',
      ],
    ];
    for (const [call, message] of cases) {
      const error: unknown = await call.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(FormatError);
      expect(error).toHaveProperty('message', expect.stringContaining(message));
    }
    await session.dispose();
  });
});

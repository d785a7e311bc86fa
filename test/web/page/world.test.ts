// The environment of an export, made again from its description alone.
import { expect, test } from 'vitest';
import type { ExportDescription } from '../../../src/storage/export-format.ts';
import { environmentWorld } from '../../../web/page/environment-world.ts';

function describe(configuration: Record<string, unknown>, size = 1, height = 64): ExportDescription {
  return {
    format: 1,
    run: 'a',
    step: 0,
    configuration,
    encoder: {
      file: 'encoder.onnx',
      input: { name: 'observation', layout: 'nchw', type: 'float32', height, width: 64, channels: 3 },
      output: { name: 'latent', size: 4 },
    },
    predictor: {
      file: 'predictor.onnx',
      inputs: { latent: 'latent', action: 'action' },
      actionSize: 2,
      output: { name: 'next_latent' },
    },
    auxiliary: { file: 'auxiliary.onnx', input: { name: 'latent' }, output: { name: 'auxiliary', size } },
  };
}

const reward = { kind: 'reward', coefficient: 1 };

test('has the classes of the reward, and says what the head was trained to give', () => {
  const { classes, auxiliaries, environment } = environmentWorld(
    describe({ environment: { name: 'counting', target: 2 }, auxiliary: [reward] }),
  );
  expect(classes.names).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8']);
  expect(auxiliaries?.map(({ name, loss }) => [name, loss])).toEqual([['reward', 'cross-entropy']]);
  expect(environment?.reward(2)).toBe(1);
});

test('knows nothing of a head whose outputs are no functions of the state, or more than were configured', () => {
  const environment = { name: 'counting' };
  expect(
    environmentWorld(describe({ environment, auxiliary: [{ kind: 'random-projection' }] })).auxiliaries,
  ).toBeUndefined();
  expect(environmentWorld(describe({ environment, auxiliary: [reward] }, 2)).auxiliaries).toBeUndefined();
});

test.each([
  [
    { environment: { name: 'my-maze' } },
    'export.json: expected a built-in environment (counting, exogenous, line, rooms, door-key), got "my-maze"',
  ],
  [{ data: { path: 'a.h5' } }, 'got none (a recording)'],
])('%j cannot be drawn here', (configuration, message) => {
  expect(() => environmentWorld(describe(configuration))).toThrow(message);
});

test("an environment whose images are not the encoder's is refused", () => {
  expect(() => environmentWorld(describe({ environment: { name: 'counting' } }, 1, 32))).toThrow(
    'environment counting: expected observations of 32 x 64 x 3 as the encoder takes, got 64 x 64 x 3',
  );
});

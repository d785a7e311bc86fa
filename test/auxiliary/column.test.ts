import { describe, expect, test } from 'vitest';
import {
  type AuxiliaryContext,
  createAuxiliaries,
  environmentContext,
  parseAuxiliary,
} from '../../src/auxiliary/index.ts';
import { createEnvironment } from '../../src/environments/index.ts';

const recording: AuxiliaryContext = {
  seed: 0,
  observationShape: [4],
  columns: new Map([
    ['velocity', { size: 3, isBinary: false }],
    ['contact', { size: 1, isBinary: true }],
  ]),
  sampleObservations: (count) => new Float32Array(4 * count),
};

async function create(written: object, context = recording) {
  return (await createAuxiliaries([parseAuxiliary('auxiliary', { kind: 'column', ...written })], context))[0];
}

describe('a recorded column', () => {
  test('has the size of the column, and cross-entropy where it is binary', async () => {
    expect(await create({ column: 'velocity' })).toMatchObject({ of: 'column', size: 3, loss: 'squared' });
    expect(await create({ column: 'contact' })).toMatchObject({ size: 1, loss: 'cross-entropy' });
    expect(await create({ column: 'contact', loss: 'squared' })).toMatchObject({ loss: 'squared' });
  });

  test('is refused where it is not there, is not binary, or there is no recording', async () => {
    await expect(create({ column: 'contacts' })).rejects.toMatchObject({ remedy: 'Did you mean "contact"?' });
    await expect(create({ column: 'velocity', loss: 'cross-entropy' })).rejects.toThrow('expected values of 0 or 1');
    const environment = environmentContext(createEnvironment('counting'), 0);
    await expect(create({ column: 'contact' }, environment)).rejects.toThrow(
      'expected a recording, got an environment',
    );
  });
});

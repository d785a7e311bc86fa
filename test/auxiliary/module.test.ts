import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Auxiliary, createAuxiliaries, environmentContext, parseAuxiliary } from '../../src/auxiliary/index.ts';
import { createEnvironment } from '../../src/environments/index.ts';
import { forbidAllCode, permitCode } from '../../src/machine/code-permission.ts';

const fixture = (name: string) =>
  relative(process.cwd(), join(import.meta.dirname, '..', 'fixtures', 'auxiliary', name));

async function load(name: string, options: object = {}): Promise<Auxiliary> {
  const context = environmentContext(createEnvironment('counting'), 0);
  permitCode({ kind: 'module', name: fixture(name) });
  const written = { kind: 'module', path: fixture(name), ...options };
  return (await createAuxiliaries([parseAuxiliary('auxiliary', written)], context))[0];
}

describe("a user's module", () => {
  test('may give p of a state as its default export', async () => {
    const auxiliary = await load('parity.js', { coefficient: 0.5 });
    expect(auxiliary).toMatchObject({ of: 'state', size: 2, loss: 'squared', coefficient: 0.5 });
    expect(auxiliary.of === 'state' && [...auxiliary.table.subarray(2, 6)]).toEqual([1, 1, 0, 2]);
  });

  test('may give a whole auxiliary', async () => {
    const auxiliary = await load('whole.js', { coefficient: 2 });
    expect(auxiliary).toMatchObject({ name: 'negative', of: 'state', coefficient: 2 });
    expect(auxiliary.of === 'state' && auxiliary.table[3]).toBe(-3);
  });

  test('does not run where nobody permitted it', async () => {
    forbidAllCode();
    const context = environmentContext(createEnvironment('counting'), 0);
    const named = parseAuxiliary('auxiliary', { kind: 'module', path: fixture('parity.js') });
    await expect(createAuxiliaries([named], context)).rejects.toThrow('expected your permission to run it, got none');
  });

  test.each([
    ['ragged.js', {}, 'state 3: expected 2 finite numbers, got [1]'],
    ['short.js', {}, 'expected a table of 9 x 2 numbers, got 3'],
    ['constant.js', {}, 'expected a default export (state, environment) => numbers, got number'],
    ['missing.js', {}, 'expected a module, got nothing there'],
    ['parity.js', { loss: 'cross-entropy' }, 'expected values of 0 or 1 for the loss "cross-entropy"'],
  ])('%s is refused with what is wrong', async (name, options, message) => {
    await expect(load(name, options)).rejects.toThrow(message);
  });
});

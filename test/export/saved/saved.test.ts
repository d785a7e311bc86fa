// A saved model gives the bytes of the live one: some families here, all in saved.slow.test.ts.
import { beforeAll, describe, test } from 'vitest';
import { families } from '../conformance/families.ts';
import { useCpu } from '../harness.ts';
import { expectSameFromFile } from './saved-model.ts';

const chosen = ['core layers', 'wrappers', 'topologies'];

describe('a saved model gives the bytes of the live one', () => {
  beforeAll(useCpu);
  test.each(Object.entries(families).filter(([family]) => chosen.includes(family)))('%s', async (_, cases) =>
    expectSameFromFile(cases),
  );
});

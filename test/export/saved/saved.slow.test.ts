// A saved model gives the bytes of the live one, for the whole conformance suite.
import { beforeAll, describe, test } from 'vitest';
import { families } from '../conformance/families.ts';
import { useCpu } from '../harness.ts';
import { expectSameFromFile } from './saved-model.ts';

describe('a saved model gives the bytes of the live one', () => {
  beforeAll(useCpu);
  test.each(Object.entries(families))('%s', async (_, cases) => expectSameFromFile(cases));
});

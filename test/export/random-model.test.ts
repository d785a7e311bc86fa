import { test } from 'vitest';
import { useCpu } from './harness.ts';
import { expectRandomModelsToAgree } from './random-model.ts';

test('30 random models agree with TensorFlow.js, with the passes and without', async () => {
  await useCpu();
  await expectRandomModelsToAgree(30);
});

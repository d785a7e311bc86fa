// Runs conformance cases: every model with random weights, exported and compared at the given opsets.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, test } from 'vitest';
import { expectParity, randomizeWeights, useCpu } from '../harness.ts';
import type { Case } from './case.ts';

/** @param batches sizes of the batch; a model with a fixed batch is run at that one alone */
export function runCases(
  family: string,
  cases: readonly Case[],
  opsets: readonly number[],
  batches: readonly number[] = [1, 3],
): void {
  describe(`onnxruntime agrees with TensorFlow.js: ${family}`, () => {
    beforeAll(useCpu);
    for (const { name, build, options, reference } of cases)
      test(name, async () => {
        const model = build();
        randomizeWeights(model);
        const expected = reference?.() ?? model;
        if (expected !== model) expected.setWeights(model.getWeights());
        for (const opset of opsets)
          await expectParity(model, `${name} at opset ${opset}`, { ...options, opset, batches }, expected);
        model.dispose();
        tf.disposeVariables();
      });
  });
}

// Runs conformance cases: every model with random weights, exported and compared at the given opsets.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, test } from 'vitest';
import { expectParity, randomizeWeights, useCpu } from '../harness.ts';
import type { Case } from './case.ts';

export function runCases(family: string, cases: readonly Case[], opsets: readonly number[]): void {
  describe(`onnxruntime agrees with TensorFlow.js: ${family}`, () => {
    beforeAll(useCpu);
    for (const { name, build, options, reference } of cases)
      test(name, async () => {
        const model = build();
        randomizeWeights(model);
        const expected = reference?.() ?? model;
        if (expected !== model) expected.setWeights(model.getWeights());
        for (const opset of opsets)
          await expectParity(model, `${name} at opset ${opset}`, { ...options, opset }, expected);
        model.dispose();
        tf.disposeVariables();
      });
  });
}

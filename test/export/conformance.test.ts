// Every layer and its options: onnxruntime against TensorFlow.js at the oldest opset and one batch size. All opsets at two
// batch sizes: conformance.slow.test.ts.
import { describe, expect, test } from 'vitest';
import { oldestOpset } from '../../export/graph/graph.ts';
import { families } from './conformance/families.ts';
import { runCases } from './conformance/run.ts';

for (const [family, cases] of Object.entries(families)) runCases(family, cases, [oldestOpset], [3]);

describe('the conformance suite', () => {
  test('has at least 300 models of different names', () => {
    const names = Object.values(families)
      .flat()
      .map(({ name }) => name);
    expect(names.length).toBeGreaterThanOrEqual(300);
    expect(new Set(names).size).toBe(names.length);
  });
});

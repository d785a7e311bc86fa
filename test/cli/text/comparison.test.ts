// The table of `jepa verify A.onnx B.onnx`: what decides nothing does not look like a failure.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderComparison } from '../../../cli/text/comparison.ts';
import { compareFiles } from '../../../pipeline/verify/files.ts';

const foreign = (name: string) => join(import.meta.dirname, '..', '..', 'fixtures', 'foreign-encoder', name);

test('an output out of tolerance is a NO only where the tolerance decides', async () => {
  const record = await compareFiles(['quarters.onnx', 'collapsed.onnx'].map(foreign), {
    data: foreign('labelled.npz'),
    classes: { of: 'column', column: 'label' },
    report: false,
  });
  expect(record.failOn).toEqual(['certificate']);
  expect(renderComparison(record)).toMatch(/^collapsed\.onnx +cpu +\S+ +no /m);
  expect(renderComparison({ ...record, failOn: ['tolerance'] })).toMatch(/^collapsed\.onnx +cpu +\S+ +NO /m);
}, 240_000);

// Tensors inside of a step where TensorFlow fuses nodes: with oneDNN, which the tests that share a process run without.
import { afterEach, beforeAll, expect, test } from 'vitest';
import { loadTensorFlow } from '../../src/tensorflow/load.ts';
import type { ProbedTensor } from '../../src/training/probe.ts';
import { TrainingStep } from '../../src/training/training-step.ts';
import { buildVariant, optimization, type Variant, type VariantParts } from '../export/training/variants.ts';
import { expectClose } from '../matcher/close.ts';

let parts: VariantParts | undefined;
let step: TrainingStep | undefined;

beforeAll(async () => {
  process.env.TF_ENABLE_ONEDNN_OPTS = '1';
  await loadTensorFlow({ threads: 1 });
});
afterEach(() => {
  step?.dispose();
  parts?.dispose();
});

async function open(variant: Omit<Variant, 'name'>): Promise<{ step: TrainingStep; parts: VariantParts }> {
  parts = await buildVariant({ name: 'probed', ...variant });
  step = new TrainingStep(parts.networks, parts.shape, parts.options);
  return { step, parts };
}

/** x tanh(log(1 + e^x)) */
const mish = (x: number): number => x * Math.tanh(Math.log1p(Math.exp(x)));

/** The tensors of a mish in this part of the graph: its input, what is in between, and its output. */
function mishOf(probed: readonly ProbedTensor[], part: string) {
  const softplus = probed.find(({ name }) => name.startsWith(`${part}/`) && name.endsWith('/Softplus:0'));
  const tanh = probed.find(({ from }) => softplus !== undefined && from.includes(softplus.name));
  const input = probed.find(({ name }) => name === softplus?.from[0]);
  const output = probed.find(({ operation, from }) => operation === 'Mul' && from.includes(tanh?.name ?? ''));
  if (!softplus || !tanh || !input || !output) throw new Error(`${part}: expected a mish`);
  return { softplus, tanh, input, output };
}

// What has no gradient is fused, and so is what is looked at without its gradient.
test.each([
  ['target', { dynamicsTarget: 'moving-average' }],
  ['encoder', {}],
  ['predictor', { horizon: 3 }],
] as const)('what is inside of a mish of the %s is found, one by one and together', async (part, objective) => {
  const { step, parts } = await open({ objective });
  const { softplus, tanh, input, output } = mishOf(step.probed, part);
  const batch = parts.batch(0);
  const [x, y] = step.probe(batch, 0, [input, output]);
  expectClose(y, Float32Array.from(x, mish), { absolute: 1e-5, relative: 1e-4 }, output.name);
  const together = step.probe(batch, 0, [softplus, tanh, output]);
  const inside = [softplus, tanh, output].map((tensor) => step.probe(batch, 0, [tensor])[0]);
  for (const [i, values] of inside.entries())
    expectClose(values, together[i], { absolute: 1e-6, relative: 1e-5 }, `${part}, ${i}`);
  const softpluses = Float32Array.from(x, (each) => Math.log1p(Math.exp(each)));
  expectClose(together[0], softpluses, { absolute: 1e-5, relative: 1e-4 }, softplus.name);
});

test('all are found at once, of the weights as they are, and looking changes nothing', async () => {
  const { step, parts } = await open({ objective: { dynamicsTarget: 'moving-average', sigreg: 0.1 } });
  const { probed } = step;
  const before = step.probe(parts.batch(0), 0, probed);
  expect(before.map(({ length }) => length)).toEqual(
    probed.map(({ shape }) => shape.reduce((product, side) => product * side, 1)),
  );
  const start = step.read();
  step.run(parts.batch(0), 0, optimization.learningRate);
  const { output } = mishOf(probed, 'encoder');
  const [trained] = step.probe(parts.batch(0), 0, [output]);
  expect(trained).not.toEqual(before[probed.indexOf(output)]);
  step.restore(start);
  const [restored] = step.probe(parts.batch(0), 0, [output]);
  expect(step.read()).toEqual(start);
  expectClose(restored, before[probed.indexOf(output)], { absolute: 1e-6, relative: 1e-5 }, output.name);
});

test('a tensor of another graph is refused by its name', async () => {
  const { step, parts } = await open({});
  const [known] = step.probed;
  expect(() => step.probe(parts.batch(0), 0, [{ ...known, name: 'other:0' }])).toThrow(
    'probe: expected a tensor of the training graph, got other:0',
  );
});

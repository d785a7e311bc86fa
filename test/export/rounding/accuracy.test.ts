// The stated accuracy of elementary functions is an assumption about runtimes: here it is measured on those at hand.
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../../export/graph/builder.ts';
import { encodeModel } from '../../../export/index.ts';
import { smoothCurves } from '../../../export/rounding/curve.ts';
import { accuracyOf } from '../../../export/rounding/hypotheses.ts';
import { openRuntime } from '../../../src/runtimes/index.ts';
import { modelOf } from './random-graph.ts';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

const functions: Readonly<Record<string, { f: (x: number) => number; from: number; to: number }>> = {
  Exp: { f: Math.exp, from: -80, to: 80 },
  Log: { f: Math.log, from: 1e-6, to: 1e6 },
  Sqrt: { f: Math.sqrt, from: 1e-6, to: 1e6 },
  Reciprocal: { f: (x) => 1 / x, from: 1e-6, to: 1e6 },
  Tanh: { f: Math.tanh, from: -20, to: 20 },
  Sigmoid: { f: sigmoid, from: -60, to: 60 },
  Softplus: { f: (x) => smoothCurves.Softplus(x, 0)?.value ?? Number.NaN, from: -60, to: 60 },
  Erf: { f: (x) => smoothCurves.Erf(x, 0)?.value ?? Number.NaN, from: -6, to: 6 },
  Sin: { f: Math.sin, from: -100, to: 100 },
  Cos: { f: Math.cos, from: -100, to: 100 },
};

describe.each(['cpu', 'wasm'])('on %s', (name) => {
  test.each(Object.keys(functions))('%s is as accurate as assumed', async (operator) => {
    const { f, from, to } = functions[operator];
    const count = 200_000;
    const isWide = from > 0;
    // Small numbers of both signs, and the whole range.
    const data = Float32Array.from({ length: count }, (_, i) => {
      const part = i / (count - 1);
      if (isWide) return from * (to / from) ** part;
      return i % 2 === 0 ? from + (to - from) * part : (i % 4 === 1 ? 1 : -1) * 10 ** (-6 + 6 * part);
    });
    const builder = new GraphBuilder(17);
    const x = builder.input('x', { type: 'float32', shape: [count] });
    const model = modelOf(builder, builder.node(operator as 'Exp', [x]));
    const runtime = await openRuntime(name, { threads: 1 });
    try {
      const session = await runtime.load(encodeModel(model));
      const outputs = await session.run({ x: { type: 'float32', shape: [count], data } });
      const found = outputs[session.outputs[0].name].data;
      await session.dispose();
      const { ulps, absolute } = accuracyOf[operator as keyof typeof accuracyOf];
      let worst = 0;
      data.forEach((value, i) => {
        const exact = f(value);
        worst = Math.max(
          worst,
          Math.abs(Number(found[i]) - exact) / (2 ** -23 * (ulps * Math.abs(exact) + absolute) + 2 ** -126),
        );
      });
      expect(worst).toBeLessThanOrEqual(1);
    } finally {
      await runtime.dispose();
    }
  });
});

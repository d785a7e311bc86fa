// Traces and bounds in worlds of several numbers (several-numbers.ts) beside their definitions.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { StateAuxiliary } from '../../../src/auxiliary/index.ts';
import { boundByMeasurement, weightBounds } from '../../../src/evaluation/witness/bound.ts';
import type { WordPath } from '../../../src/evaluation/witness/path.ts';
import { traceWords } from '../../../src/evaluation/witness/witness.ts';
import { lipschitzBounds } from '../../../src/measures/bound/lipschitz.ts';
import { distance, type Networks, networks, type Row, rowsOf, worldOf } from './several-numbers.ts';

/** Pixels and p of two words of actions, side after side. */
function pathOf(actions: readonly Row[], pixels: readonly Row[], p: readonly Row[]): WordPath {
  const length = actions.length + 1;
  const names = (side: number) => Array.from({ length }, (_, j) => `${side} ${j}`);
  return {
    word: actions.map((_, j) => `act ${j}`),
    actions: Float32Array.from(actions.flat()),
    observations: Uint8Array.from(pixels.flat()),
    states: [names(0), names(1)],
    auxiliary: Float32Array.from(p.flat()),
  };
}

describe('traces', () => {
  const paths = [
    pathOf(
      [],
      [
        [1, 4],
        [2, 8],
      ],
      [
        [0, 1],
        [3, 5],
      ],
    ),
    pathOf(
      [
        [1, 2],
        [3, 0.5],
      ],
      [
        [3, 6],
        [4, 2],
        [9, 8],
        [1, 2],
        [7, 4],
        [5, 6],
      ],
      [
        [0, 0],
        [1, 0],
        [0, 4],
        [0, 0],
        [0, 1],
        [3, 8],
      ],
    ),
    pathOf(
      [[0, 1]],
      [
        [1, 2],
        [2, 2],
        [6, 4],
        [6, 2],
      ],
      [
        [1, 1],
        [2, 2],
        [1, 0],
        [4, 6],
      ],
    ),
  ];

  test('are those of the definition, of paths of several lengths at once', async () => {
    const traces = await traceWords(worldOf(networks, 3), paths);
    paths.forEach((path, n) => {
      const length = path.word.length + 1;
      const latents = rowsOf(path.observations, 2).map(networks.encode);
      const p = rowsOf(path.auxiliary, 2);
      const actions = rowsOf(path.actions, 2);
      const both =
        <Value>(of: (row: number) => Value) =>
        (j: number) =>
          [of(j), of(length + j)] as const;
      const latent = both((row) => latents[row]);
      const predicted = (j: number) => latent(j - 1).map((each) => networks.predict(each, actions[j - 1]));
      const steps = Array.from({ length }, (_, j) => {
        const [first, second] = latent(j);
        const before = j > 0 ? distance(...latent(j - 1)) : 0;
        return {
          action: j > 0 ? path.word[j - 1] : null,
          states: [`0 ${j}`, `1 ${j}`],
          latents: [Float32Array.from(first), Float32Array.from(second)],
          distance: distance(first, second),
          gap: distance(p[j], p[length + j]),
          dynamicsResiduals: j > 0 ? predicted(j).map((each, side) => distance(each, latent(j)[side])) : [0, 0],
          slope: before > 0 ? distance(predicted(j)[0], predicted(j)[1]) / before : 0,
          auxiliaryResiduals: [0, 1].map((side) => distance(networks.head(latent(j)[side]), p[side * length + j])),
        };
      });
      const last = steps[length - 1];
      const slope = distance(...(latent(length - 1).map(networks.head) as [Row, Row])) / last.distance;
      expect(traces[n].steps).toEqual(steps);
      expect(traces[n].gap).toBe(last.gap);
      expect(traces[n].auxiliarySlope).toBeCloseTo(slope, 12);
      const slopesAfter = (j: number) => steps.slice(j + 1).reduce((product, step) => product * step.slope, slope);
      const values = [
        slopesAfter(0) * steps[0].distance,
        ...steps.slice(1).map(({ dynamicsResiduals: [a, b] }, j) => slopesAfter(j + 1) * (a + b)),
        last.auxiliaryResiduals[0] + last.auxiliaryResiduals[1],
      ];
      const total = values.reduce((sum, value) => sum + value);
      expect(traces[n].contributions.map(({ value }) => value)).toEqual(
        values.map((value) => expect.closeTo(value, 9)),
      );
      expect(traces[n].contributions.map(({ share }) => share)).toEqual(
        values.map((value) => expect.closeTo(value / total, 9)),
      );
    });
  });

  test('of equal latents, p and predictions have no contributions, and the distance is named', async () => {
    const [trace] = await traceWords(worldOf({ ...networks, head: () => [1, 1] }, 3), [
      pathOf(
        [],
        [
          [1, 1],
          [1, 1],
        ],
        [
          [1, 1],
          [1, 1],
        ],
      ),
    ]);
    expect(trace.contributions.map(({ value, share }) => [value, share])).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(trace.breaks.kind).toBe('distance');
  });

  test('whose account does not close name the actions, or that there are none', async () => {
    const broken = { ...worldOf(networks, 3), auxiliary: async () => Float32Array.of(0, 0, 0, 0, 9, 9, 9, 9) };
    const two = pathOf(
      [[0, 1]],
      [
        [1, 2],
        [1, 2],
        [1, 2],
        [1, 2],
      ],
      [
        [0, 0],
        [0, 0],
        [0, 0],
        [9, 9],
      ],
    );
    await expect(
      traceWords({ ...broken, predict: async () => Float32Array.of(1, 1, -1, 1, 1, -1) }, [two]),
    ).rejects.toThrow('witness: 0 0 and 1 0 by act 0: expected residuals');
    const none = pathOf(
      [],
      [
        [1, 2],
        [1, 2],
      ],
      [
        [0, 0],
        [9, 9],
      ],
    );
    const each = { ...broken, auxiliary: async () => Float32Array.of(0, 0, 9, 9) };
    await expect(traceWords(each, [none])).rejects.toThrow('0 0 and 1 0 by no action: expected residuals');
  });
});

describe('bounds', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });
  const reward: StateAuxiliary = {
    ...{ name: 'reward', of: 'state', size: 1, loss: 'squared', coefficient: 1 },
    table: new Float32Array(1),
  };
  const plain: Networks = {
    encode: (pixels) => pixels,
    predict: ([u, v], [a, b]) => [a * u, b * v],
    head: ([u, v]) => [(u * u) / 2, v / 10],
  };
  const actions = [
    [2, 1],
    [1, 3],
  ];
  const pixels = [
    [1, 2],
    [3, 2],
    [4, 6],
    [3, 4],
    [5, 5],
    [6, 12],
  ];

  test('by measured slopes take each step by its own action, and the steepest point of the head', async () => {
    const world = worldOf(plain, 2);
    const path = pathOf(actions, pixels, [
      [8, 0.6],
      [8, 0.6],
      [8, 0.6],
      [18, 1.2],
      [18, 1.2],
      [18, 1.2],
    ]);
    const [trace] = await traceWords(world, [path]);
    const found = await boundByMeasurement(trace, path.actions, world);
    expect(found.predictor).toEqual([expect.closeTo(2, 2), expect.closeTo(3, 2)]);
    // Between 4 and 6 the head rises by 6 at most.
    expect(found.auxiliary).toBeCloseTo(6, 2);
  });

  test('by weights are those of spectral norms, everywhere and between the two sides of each step', async () => {
    const [latent, action] = [tf.input({ shape: [2], name: 'latent' }), tf.input({ shape: [2], name: 'action' })];
    const sum = tf.layers.add().apply([latent, action]) as tf.SymbolicTensor;
    const norm = tf.layers.layerNormalization({ epsilon: 0.01 });
    const predictor = tf.model({ inputs: [latent, action], outputs: norm.apply(sum) as tf.SymbolicTensor });
    const input = tf.input({ shape: [2], name: 'latent' });
    const dense = tf.layers.dense({ units: 1, activation: 'tanh' });
    const head = tf.model({ inputs: input, outputs: dense.apply(input) as tf.SymbolicTensor });
    dense.setWeights([tf.tensor2d([[3], [4]]), tf.tensor1d([0])]);
    const exact: Networks = { ...plain, predict: ([u, v]) => [u, v], head: ([u, v]) => [u / 9 + v] };
    const path = pathOf(actions, pixels, [[4], [4], [6], [8], [8], [9]]);
    const [trace] = await traceWords(worldOf(exact, 2), [path]);
    const own = lipschitzBounds(predictor, 'latent');
    const between = [own.onLine([1, 2], [3, 4], { action: [2, 1] }), own.onLine([3, 2], [5, 5], { action: [1, 3] })];
    for (const [loss, slope] of [
      ['squared', 1],
      ['cross-entropy', 1 / 4],
    ] as const) {
      const found = weightBounds({ predictor, auxiliary: head }, [{ ...reward, loss }]).boundsOf(trace, path.actions);
      const [last] = trace.steps.slice(-1);
      const boundBy = (predictors: readonly number[]) => {
        let left = Math.max(0, 3 - last.auxiliaryResiduals[0] - last.auxiliaryResiduals[1]) / (5 * slope);
        for (const j of [1, 0]) {
          const [a, b] = trace.steps[j + 1].dynamicsResiduals;
          left = Math.max(0, left - a - b) / predictors[j];
        }
        return left;
      };
      expect(found).toEqual(
        (
          [
            ['everywhere', [10, 10]],
            ['between', between],
          ] as const
        ).map(([constants, predictors]) => ({
          constants,
          predictor: predictors.map((each) => expect.closeTo(each, 5)),
          auxiliary: expect.closeTo(5 * slope, 9),
          bound: expect.closeTo(boundBy(predictors), 9),
          holds: trace.steps[0].distance >= boundBy(predictors) * (1 - 1e-3),
        })),
      );
    }
    predictor.dispose();
    head.dispose();
  });
});

// Prints the witnesses of a run with its newest checkpoint, and what the quantitative bounds say of each. Plain tfjs.
// node --import tsx bench/witness.ts RUN [count] [candidates]
import * as tf from '@tensorflow/tfjs';
import { loadRun } from '../pipeline/load.ts';
import { disposeRunParts, requireEnvironment } from '../pipeline/parts.ts';
import { boundByMeasurement, inUnitsOfAuxiliary, weightBounds } from '../src/evaluation/witness/bound.ts';
import { findWitnesses } from '../src/evaluation/witness/search.ts';
import { describeWitness } from '../src/evaluation/witness/text.ts';
import type { LatentWorld } from '../src/evaluation/witness/witness.ts';
import type { Latents } from '../src/measures/latents.ts';

tf.enableProdMode();
const [runFolder, count = '5', candidates = '270'] = process.argv.slice(2);
const run = await loadRun(runFolder);
const environment = requireEnvironment(runFolder, run);
const { encoder, predictor, auxiliary } = run.model;
if (!auxiliary) throw new Error(`${runFolder}: expected an auxiliary head, got none`);

const BATCH = 64;
const rows = (latents: Latents) => tf.tensor2d(latents.values, [latents.count, latents.size]);
const valuesOf = (output: tf.Tensor | tf.Tensor[]) => (output as tf.Tensor).dataSync<'float32'>();
const world: LatentWorld = {
  async encode(observations) {
    const size = Number(encoder.outputs[0].shape[1]);
    const pixelCount = environment.observationShape.reduce((product, side) => product * side, 1);
    const total = observations.length / pixelCount;
    const values = new Float32Array(total * size);
    for (let first = 0; first < total; first += BATCH) {
      const bytes = observations.subarray(first * pixelCount, Math.min(total, first + BATCH) * pixelCount);
      const pixels = Float32Array.from(bytes, (byte) => byte / 255);
      const shape = [bytes.length / pixelCount, ...environment.observationShape];
      values.set(
        tf.tidy(() => valuesOf(encoder.predict(tf.tensor(pixels, shape)))),
        first * size,
      );
    }
    return { values, count: total, size };
  },
  predict: async (latents, actions) =>
    tf.tidy(() =>
      valuesOf(
        predictor.predict([rows(latents), tf.tensor2d(actions, [latents.count, actions.length / latents.count])]),
      ),
    ),
  auxiliary: async (latents) => tf.tidy(() => valuesOf(auxiliary.predict(rows(latents)))),
};

const started = performance.now();
const report = await findWitnesses(world, environment, run.auxiliaries, {
  count: Number(count),
  candidates: Number(candidates),
  seed: 0,
});
const elapsedS = (performance.now() - started) / 1000;
process.stdout.write(
  `${report.classCount} classes, mean distance ${report.meanDistance.toPrecision(4)}, step ${run.step}, ${elapsedS.toFixed(1)} s\n`,
);
const ofWeights = weightBounds({ predictor, auxiliary }, run.auxiliaries);
for (const witness of report.witnesses) {
  process.stdout.write(`${describeWitness(witness)}\n`);
  const { trace, path } = witness;
  const bounds = [
    ...ofWeights.boundsOf(trace, path.actions),
    await boundByMeasurement(trace, path.actions, inUnitsOfAuxiliary(world, run.auxiliaries)),
  ];
  for (const { constants, bound, holds, predictor: steps, auxiliary: head } of bounds) {
    const largest = steps.length > 0 ? Math.max(...steps).toPrecision(3) : 'none';
    process.stdout.write(
      `    ${constants}: LT ${largest}, LP ${head.toPrecision(3)}: at least ${bound.toPrecision(3)} apart: ${holds ? 'holds' : 'violated'}\n`,
    );
  }
}
disposeRunParts(run);

// Probes of everything that is known of the observations, over a sweep of noise, on the latents of both encoders.

import { type ProbeReadoutRecord, readoutEncoders, readoutNoiseLevels } from '../schema/readout.ts';
import { createMlpProbe } from './mlp-probe.ts';
import { type ProbeTrainer, sweepProbe } from './probe.ts';
import type { ReadoutSample } from './readout.ts';
import { ridgePredictions } from './ridge-probe.ts';
import { chanceOf, type ReadoutTarget, selectLatents } from './target.ts';

/** A probe is trained on at most so many observations. */
const MAXIMAL_TRAIN = 2048;

export interface ProbeReadoutOptions {
  readonly seed: number;
  /** In units of the latents' root mean square deviation. */
  readonly noiseLevels?: readonly number[];
  readonly onProgress?: (message: string) => void;
}

/** TensorFlow must be loaded: it trains the probes with a hidden layer. */
export async function probeReadout(
  sample: ReadoutSample,
  targets: readonly ReadoutTarget[],
  options: ProbeReadoutOptions,
): Promise<ProbeReadoutRecord> {
  const { seed, noiseLevels = readoutNoiseLevels, onProgress = () => {} } = options;
  const results: ProbeReadoutRecord['results'] = [];
  const mlp = createMlpProbe();
  const probes: readonly { readonly name: 'linear' | 'mlp'; readonly train: ProbeTrainer }[] = [
    { name: 'linear', train: ridgePredictions },
    { name: 'mlp', train: mlp.train },
  ];
  try {
    for (const target of targets) {
      onProgress(`probing for ${target.name}`);
      const train = firstRows(target.train, MAXIMAL_TRAIN);
      for (const { name: probe, train: trainer } of probes)
        for (const encoder of readoutEncoders) {
          const scores = await sweepProbe(
            {
              train: selectLatents(sample.train.latents[encoder], train.rows),
              trainTarget: train.target,
              test: selectLatents(sample.test.latents[encoder], target.test.rows),
              testTarget: target.test.target,
              seed,
            },
            trainer,
            noiseLevels,
          );
          results.push({
            target: target.name,
            of: target.of,
            measure: target.test.target.kind === 'classes' ? 'accuracy' : 'r2',
            chance: chanceOf(target.test),
            probe,
            encoder,
            scores,
          });
        }
    }
  } finally {
    mlp.dispose();
  }
  return {
    observations: Math.min(MAXIMAL_TRAIN, sample.train.latents.trained.count),
    testObservations: sample.test.latents.trained.count,
    results,
  };
}

function firstRows({ rows, target }: ReadoutTarget['train'], limit: number): ReadoutTarget['train'] {
  return {
    rows: rows.subarray(0, limit),
    target:
      target.kind === 'classes'
        ? { ...target, labels: target.labels.subarray(0, limit) }
        : { ...target, values: target.values.subarray(0, limit * target.size) },
  };
}

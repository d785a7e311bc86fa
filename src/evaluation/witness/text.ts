// A witness in words, for the command line and reports.
import { significantOrInfinite as format } from '../../number-text.ts';
import type { Witness } from './nearest.ts';

/** One sentence: which pair, by which word, and what breaks where. */
export function describeWitness({ trace, path, relativeDistance }: Witness): string {
  const { word, gap, steps, breaks } = trace;
  const [first, second] = path.states.map(([name]) => name);
  const distance = `${format(steps[0].distance)} apart (${format(100 * relativeDistance)}% of the mean distance)`;
  const differs =
    word.length > 0
      ? `after ${word.join(' ')} the auxiliary differs by ${format(gap)}`
      : `the auxiliary differs by ${format(gap)} at once`;
  return `${first} and ${second}: latents ${distance}, but ${differs}: ${cause(trace.steps, breaks)}`;
}

function cause(steps: Witness['trace']['steps'], breaks: Witness['trace']['breaks']): string {
  const share = `${Math.round(100 * breaks.share)}% of the explanation`;
  const step = steps[breaks.step];
  const at = step.states[breaks.side ?? 0];
  switch (breaks.kind) {
    case 'distance':
      return `no loss is broken, the latents' own distance carries it (${share})`;
    case 'dynamics': {
      const residual = step.dynamicsResiduals[breaks.side ?? 0];
      return `at step ${breaks.step} (${step.action}) the predictor misses the latent of ${at} by ${format(residual)} (with the other's ${share})`;
    }
    case 'auxiliary': {
      const residual = step.auxiliaryResiduals[breaks.side ?? 0];
      return `at the end the auxiliary head misses the value of ${at} by ${format(residual)} (with the other's ${share})`;
    }
  }
}

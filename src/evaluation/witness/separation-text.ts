// A witness without a head in words, for the command line and reports. Each sentence says no more than separation.ts shows.
import { significantOrInfinite as short } from '../../number-text.ts';
import type { EncoderWitness } from './evaluate-encoder.ts';

/** One sentence: which pair, by which actions, and where the difference would have to come from. */
export function describeEncoderWitness({ trace, path, relativeDistance, values }: EncoderWitness): string {
  const { word, steps } = trace;
  const [first, second] = path.states.map(([name]) => name);
  const share = Number.isFinite(relativeDistance) ? ` (${short(100 * relativeDistance)}% of the mean distance)` : '';
  const after = word.length > 0 ? `after ${word.join(', ')}` : 'at once';
  return (
    `${first} and ${second}: latents ${short(steps[0].distance)} apart${share}, but ${after} ` +
    `one has ${values[0]} and the other ${values[1]}: ${separationCause(trace)}`
  );
}

/** Why: without a capital and a full stop. */
export function separationCause({
  breaks,
  steps,
  steepness,
  relativeSteepness,
  stretches,
}: EncoderWitness['trace']): string {
  const share = breaks.share === null ? '' : ` (${Math.round(100 * breaks.share)}% of the explanation)`;
  const step = steps[breaks.step];
  const end = steps[steps.length - 1];
  switch (breaks.kind) {
    case 'reading': {
      const at = steps.length > 1 ? `at the end the latents are ${short(end.distance)} apart: ` : '';
      if (!Number.isFinite(steepness)) return `${at}no function of the latent gives both values`;
      const usual = Number.isFinite(relativeSteepness) ? `, ${short(relativeSteepness)} times the usual` : '';
      return `${at}no head of a Lipschitz constant below ${short(steepness)} gives both values${usual}`;
    }
    case 'dynamics': {
      const missed = (step.dynamicsResiduals ?? []).map(
        (residual, side) => `the latent of ${step.states[side]} by ${short(residual)}`,
      );
      const isForced = steps[breaks.step - 1].distance === 0;
      const why = isForced ? '; the latents before it are the same, so that every predictor has an error there' : '';
      return `the errors of the predictor explain most of how they part: at step ${breaks.step} (${step.action}) it misses ${missed.join(' and ')}${share}${why}`;
    }
    case 'distance':
      return `the predictor itself makes a distance of ${short(end.distance)} out of this one${share}, more than its errors do`;
    case 'stretch': {
      const stretch = stretches[breaks.step - 1];
      const parted = `at step ${breaks.step} (${step.action}) their distance goes from ${short(steps[breaks.step - 1].distance)} to ${short(step.distance)}`;
      return Number.isFinite(stretch)
        ? `${parted}: a predictor of a Lipschitz constant below ${short(stretch)} has an error there`
        : `${parted}: every predictor has an error there`;
    }
  }
}

// The learning rate as a function of the step.
import type { OptimizationConfiguration } from './configuration.ts';

/** Linear warm-up, then constant, or cosine decay that reaches 0 after the last step (Loshchilov and Hutter, arXiv 1608.03983). */
export function learningRateAt(step: number, configuration: OptimizationConfiguration): number {
  const { learningRate, warmupSteps, schedule, steps } = configuration;
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  if (schedule === 'constant') return learningRate;
  const progress = (step - warmupSteps) / Math.max(1, steps - warmupSteps);
  return learningRate * 0.5 * (1 + Math.cos(Math.PI * progress));
}

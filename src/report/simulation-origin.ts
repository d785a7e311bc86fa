// Where the observations of a simulator's run come from, in words.
import type { SimulationOrigin } from '../run/simulation-origin.ts';
import { formatCount } from './number.ts';

/** `gym:CartPole-v1, seed 0, random policy, 200 episodes of at most 100 steps (4,410 in all); gymnasium 1.2.0, python 3.11.2` */
export function simulationOrigin(simulation: SimulationOrigin): string {
  const { simulator, seed, policy, actionPersistence, maximalSteps, options, versions, episodes, steps } = simulation;
  const chosen = Object.entries(options).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  const made = [
    simulator,
    ...chosen,
    ...(simulation.render ? ['its frames'] : []),
    `seed ${seed}`,
    `${policy} policy${actionPersistence > 0 ? `, which repeats ${Math.round(100 * actionPersistence)} % of its actions` : ''}`,
    `${formatCount(episodes)} episodes of at most ${formatCount(maximalSteps)} steps (${formatCount(steps)} in all)`,
  ].join(', ');
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return named.length > 0 ? `${made}; ${named.join(', ')}` : made;
}

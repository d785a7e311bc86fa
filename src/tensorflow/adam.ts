// Adam (Kingma and Ba, arXiv 1412.6980) as one in-place TensorFlow operation a variable. Step-dependent numbers are fed,
// so that the state of a run is its variables and the step alone.
import type { Graph, GraphTensor, GraphVariable } from './graph.ts';
import { binary } from './operations/elementwise.ts';
import type { Feeds } from './session.ts';

export interface AdamOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

export const ADAM_SLOT_PREFIX = 'adam/';

/** Adds the updates of all `variables`; returns the names of the update nodes. `rateFactor` scales the rate of one variable. */
export function addAdamUpdates(
  graph: Graph,
  variables: readonly GraphVariable[],
  gradients: readonly GraphTensor[],
  options: AdamOptions,
  rateFactor: (variable: GraphVariable) => number,
): string[] {
  const rate = graph.placeholder('adam/rate', 'float32', []);
  const power1 = graph.placeholder('adam/power1', 'float32', []);
  const power2 = graph.placeholder('adam/power2', 'float32', []);
  const rates = new Map<number, GraphTensor>([[1, rate]]);
  const attributes = { T: { type: 'float32' as const }, use_locking: { bool: false }, use_nesterov: { bool: false } };
  return variables.map((variable, index) => {
    const factor = rateFactor(variable);
    const scaled = rates.get(factor) ?? binary(graph, 'Mul', rate, graph.constant(factor));
    rates.set(factor, scaled);
    const first = graph.variable(`${ADAM_SLOT_PREFIX}m/${variable.name}`, variable.shape);
    const second = graph.variable(`${ADAM_SLOT_PREFIX}v/${variable.name}`, variable.shape);
    const constants = [options.beta1, options.beta2, options.epsilon].map((value) => graph.constant(value));
    const inputs = [
      variable.handle,
      first.handle,
      second.handle,
      power1,
      power2,
      scaled,
      ...constants,
      gradients[index],
    ];
    return graph.addEffect('ResourceApplyAdam', inputs, attributes, { name: `adam/update/${variable.name}` });
  });
}

/** What the update of step `step` (from 0) is fed. */
export function adamFeeds(step: number, rate: number, { beta1, beta2 }: AdamOptions): Feeds {
  return {
    'adam/rate': Float32Array.of(rate),
    'adam/power1': Float32Array.of(beta1 ** (step + 1)),
    'adam/power2': Float32Array.of(beta2 ** (step + 1)),
  };
}

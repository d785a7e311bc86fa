// The steepest slope of each activation: its Lipschitz constant.
import { UsageError } from '../../error.ts';

export interface ActivationRule {
  /** Largest |derivative|, rounded up; for softmax the largest norm of its Jacobian. */
  readonly slope: number;
  apply(values: Float64Array): Float64Array;
}

function elementwise(slope: number, value: (x: number) => number): ActivationRule {
  return { slope, apply: (values) => values.map(value) };
}

const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/** Maxima of the derivatives were found numerically and are checked in the tests; those of the others are by formula. */
const rules: Readonly<Record<string, ActivationRule>> = {
  linear: elementwise(1, (x) => x),
  relu: elementwise(1, (x) => Math.max(0, x)),
  tanh: elementwise(1, Math.tanh),
  sigmoid: elementwise(1 / 4, sigmoid),
  softplus: elementwise(1, softplus),
  /** Largest at x = 1.4906. */
  mish: elementwise(1.0885, (x) => x * Math.tanh(softplus(x))),
  /** x sigmoid(x), largest at x = 2.3994. */
  swish: elementwise(1.0999, (x) => x * sigmoid(x)),
  /** diag(p) - p p^T has at most the eigenvalue 1/2. */
  softmax: {
    slope: 1 / 2,
    apply(values) {
      const largest = Math.max(...values);
      const powers = values.map((value) => Math.exp(value - largest));
      const sum = powers.reduce((total, power) => total + power, 0);
      return powers.map((power) => power / sum);
    },
  },
};

/** @throws UsageError for an activation whose slope is not known here. */
export function activationRule(activation: unknown): ActivationRule {
  const name = activation === undefined || activation === null ? 'linear' : String(activation);
  if (!Object.hasOwn(rules, name))
    throw new UsageError(`Lipschitz bound: expected an activation among ${Object.keys(rules).join(', ')}, got ${name}`);
  return rules[name];
}

import { describe, expect, test } from 'vitest';
import { createAuxiliaries, environmentContext, parseAuxiliary } from '../../src/auxiliary/index.ts';
import { valueOfStates } from '../../src/auxiliary/value.ts';
import { createEnvironment, type Environment } from '../../src/environments/index.ts';

/** Two states that the actions `stay` and `go` keep and swap; the reward is 1 in the second. */
const switching: Environment = {
  ...createEnvironment('counting'),
  actionNames: ['stay', 'go'],
  stateCount: 2,
  next: (state, action) => (action === 0 ? state : 1 - state),
  reward: (state) => state,
};

describe('discounted value', () => {
  test('under the uniform policy is what was worked out by hand', () => {
    // V0 = g (V0 + V1) / 2, V1 = 1 + g (V0 + V1) / 2; V0 + V1 = 1 / (1 - g) = 2, so V0 = 0.5, V1 = 1.5 for g = 1/2.
    const values = valueOfStates(switching, { discount: 0.5, policy: 'uniform' });
    expect(values[0]).toBeCloseTo(0.5, 8);
    expect(values[1]).toBeCloseTo(1.5, 8);
  });

  test('under a given policy is that of the policy', () => {
    // Always swapping: V0 = g V1, V1 = 1 + g V0: V1 = 1 / (1 - g^2) = 4/3.
    const values = valueOfStates(switching, { discount: 0.5, policy: { go: 1 } });
    expect(values[0]).toBeCloseTo(2 / 3, 8);
    expect(values[1]).toBeCloseTo(4 / 3, 8);
  });

  test('of the greedy policy is the reward discounted by the steps to it', () => {
    const counting = createEnvironment('counting', { target: 4 });
    const values = valueOfStates(counting, { discount: 0.5, policy: 'greedy' });
    // From 4, the best is to leave and come back: V4 = 1 + g^2 V4 = 4/3; V8 = g^4 V4.
    expect(values[4]).toBeCloseTo(4 / 3, 8);
    expect(values[8]).toBeCloseTo(4 / 3 / 16, 8);
    expect(values[3]).toBeCloseTo(values[5], 8);
  });

  test('without a discount is the reward', () => {
    expect([...valueOfStates(switching, { discount: 0, policy: 'uniform' })]).toEqual([0, 1]);
  });

  test('is standardised over the states unless that is turned off', async () => {
    const context = { ...environmentContext(createEnvironment('counting'), 0), environment: switching };
    const written = [
      { kind: 'value', discount: 0.5 },
      { kind: 'value', discount: 0.5, standardize: false },
    ];
    const tables = (
      await createAuxiliaries(
        written.map((each) => parseAuxiliary('auxiliary', each)),
        context,
      )
    ).map((auxiliary) => (auxiliary.of === 'state' ? [...auxiliary.table] : []));
    expect(tables[0][0]).toBeCloseTo(-1, 6);
    expect(tables[0][1]).toBeCloseTo(1, 6);
    expect(tables[1][1]).toBeCloseTo(1.5, 6);
  });

  test.each([
    [{ jump: 1 }, 'auxiliary value: policy: expected an action (stay, go), got "jump"'],
    [{ go: 0.5 }, 'auxiliary value: policy: expected probabilities that sum to 1, got 0.5'],
  ])('refuses the policy %j', (policy, message) => {
    expect(() => valueOfStates(switching, { discount: 0.5, policy })).toThrow(message);
  });
});

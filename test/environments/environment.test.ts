// What every environment promises, run on each of them with several options.
import { describe, expect, test } from 'vitest';
import {
  type Appearance,
  createEnvironment,
  type Environment,
  environmentNames,
} from '../../src/environments/index.ts';
import { randomFor } from '../../src/random.ts';

const variants: readonly (readonly [string, object])[] = [
  ['counting', {}],
  ['counting', { target: 0, actions: 3, reward: 'dense' }],
  ['counting', { continuous: true }],
  ['counting', { termination: true }],
  ['counting', { size: 32, maximum: 4, target: 2 }],
  ['counting', { maximum: 3, target: 1, reward: 'dense' }],
  ['line', {}],
  ['line', { cells: 5, lamps: 4, reward: 'dense' }],
  ['exogenous', {}],
  ['exogenous', { places: 2, predictability: 0.5 }],
  ['rooms', {}],
  ['rooms', { roomSize: 2, phases: 1, reward: 'dense' }],
  ['rooms', { roomSize: 4, phases: 3 }],
  ['door-key', {}],
  ['door-key', { side: 9, reward: 'dense' }],
];

function draw(environment: Environment, state: number, seed: number): Uint8Array {
  const pixels = new Uint8Array(environment.observationShape.reduce((product, side) => product * side, 1)).fill(1);
  const random = randomFor('test', seed);
  environment.render(state, environment.drawAppearance(random), random, pixels);
  return pixels;
}

const statesOf = (environment: Environment) => Array.from({ length: environment.stateCount }, (_, state) => state);

test('every environment is among the variants tested here', () => {
  expect(new Set(variants.map(([name]) => name))).toEqual(new Set(environmentNames));
});

describe.each(variants)('%s %j', (name, options) => {
  const environment = createEnvironment(name, options);
  const states = statesOf(environment);
  const pixelCount = environment.observationShape.reduce((product, side) => product * side, 1);

  test('can be created again from the options that it reports', () => {
    const again = createEnvironment(environment.name, environment.options);
    expect(again.options).toEqual(environment.options);
    expect(states.map((state) => again.reward(state))).toEqual(states.map((state) => environment.reward(state)));
  });

  test('every action leads from every state to a state', () => {
    const targets = states.flatMap((state) =>
      environment.actionNames.map((_, action) => environment.next(state, action)),
    );
    expect(targets.filter((target) => !states.includes(target))).toEqual([]);
  });

  test('its states have different names, and different factors where it has factors', () => {
    const names = states.map((state) => environment.stateName(state));
    expect(new Set(names).size).toBe(environment.stateCount);
    expect(names.filter((name) => name.includes(','))).toEqual([]);
    const { factors } = environment;
    if (!factors) return;
    const values = states.map((state) => factors.map((factor) => factor.of(state)));
    expect(new Set(values.map(String)).size).toBe(environment.stateCount);
    factors.forEach((factor, index) => {
      const used = new Set(values.map((row) => row[index]));
      expect([...used].every((value) => Number.isInteger(value) && value >= 0 && value < factor.size)).toBe(true);
    });
  });

  test('its rewards are 0 or 1, and both, exactly where it says that they are binary', () => {
    const rewards = new Set(states.map((state) => environment.reward(state)));
    expect([...rewards].every((reward) => reward === 0 || reward === 1)).toBe(environment.hasBinaryReward);
    expect(rewards.size).toBeGreaterThan(1);
  });

  test('draws the same image from the same seed, and another one for every other state', () => {
    const images = states.map((state) => Buffer.from(draw(environment, state, 1)).toString('base64'));
    expect(new Set(images).size).toBe(environment.stateCount);
    expect(Buffer.from(draw(environment, states[1], 1)).toString('base64')).toBe(images[1]);
  });

  test('its nuisances are read from its images as they were drawn, whatever the state', () => {
    const { nuisances } = environment;
    if (!nuisances) return;
    const drawnBy = (appearance: Appearance): Readonly<Record<string, readonly number[]>> => ({
      colour: [appearance.red, appearance.green, appearance.blue],
      shape: [appearance.shape],
      floor: [appearance.floor],
      wall: [appearance.wall],
    });
    const wrong: string[] = [];
    for (let index = 0; index < 60; index++) {
      const state = (7 * index) % environment.stateCount;
      const random = randomFor('test nuisance', index);
      const appearance = environment.drawAppearance(random);
      const pixels = new Uint8Array(pixelCount);
      environment.render(state, appearance, random, pixels);
      for (const { name, kind, names, read } of nuisances) {
        const values = read(pixels);
        if (values === undefined) {
          // Only an image of no objects shows nothing.
          if (environment.stateName(state) !== '0') wrong.push(`${name} of state ${state}: nothing`);
          continue;
        }
        expect(values).toHaveLength(kind === 'class' ? 1 : names.length);
        const drawn = drawnBy(appearance)[name];
        if (drawn && values.map(Math.round).join() !== drawn.join())
          wrong.push(`${name} of state ${state}: ${values}, drawn ${drawn}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('covers every pixel, whatever was in the buffer', () => {
    const pixels = new Uint8Array(pixelCount).fill(255);
    const random = randomFor('test', 2);
    environment.render(0, environment.drawAppearance(random), random, pixels);
    expect(pixels).toEqual(draw(environment, 0, 2));
  });

  test('leaves out an image without changing what is drawn after it', () => {
    for (const state of states) {
      const [rendered, skipped] = [randomFor('skip', state), randomFor('skip', state)];
      const appearance = environment.drawAppearance(rendered);
      environment.drawAppearance(skipped);
      environment.render(state, appearance, rendered, new Uint8Array(pixelCount));
      environment.skipImage?.(state, skipped);
      expect(skipped.uniform()).toBe(rendered.uniform());
    }
  });

  test('encodes its actions differently, each into its own numbers', () => {
    const size = environment.actionSize;
    const encoded = environment.actionNames.map((_, action) => {
      const buffer = new Float32Array(size + 2).fill(7);
      environment.encodeAction(action, randomFor('test', 3), buffer, 1);
      expect([buffer[0], buffer[size + 1]]).toEqual([7, 7]);
      return String(buffer);
    });
    expect(new Set(encoded).size).toBe(environment.actionNames.length);
  });

  test('an encoded action means the action that it was made of', () => {
    const random = randomFor('test', 'meaning');
    for (let draw = 0; draw < 20; draw++)
      for (let action = 0; action < environment.actionNames.length; action++) {
        const encoded = new Float32Array(environment.actionSize);
        environment.encodeAction(action, random, encoded, 0);
        const { continuous } = environment;
        expect(continuous ? continuous.actionOf(encoded) : encoded.indexOf(1)).toBe(action);
        if (continuous)
          for (const value of encoded) {
            expect(value).toBeGreaterThanOrEqual(continuous.low);
            expect(value).toBeLessThanOrEqual(continuous.high);
          }
      }
  });

  test('refuses an option that it does not know', () => {
    expect(() => createEnvironment(name, { ...options, colour: 'red' })).toThrow(
      `environment ${name}: expected a known key, got "colour"`,
    );
  });
});

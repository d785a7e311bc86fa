// What a module of a user's may get wrong, and the one line that each mistake is answered with.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/error.ts';
import { openModule } from '../../src/simulation/module.ts';
import { writeStartingPoint } from '../../src/simulation/starting-point.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

const SPACES = `observation: { kind: 'vector', size: 2 }, action: { kind: 'discrete', names: ['a', 'b'] }`;
const RESET = 'reset: () => [0, 1]';
const STEP = 'step: () => ({ observation: [0, 1], reward: 0, isTerminal: false })';

function moduleAt(text: string, name = 'env.mjs'): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, text);
  return path;
}

const returning = (simulator: string) => `export const createSimulator = () => (${simulator});`;

/** Module, the message after `simulator PATH`. */
const loaded: readonly (readonly [string, string])[] = [
  ["throw new Error('no engine');", ': expected a module that can be imported, got: Error: no engine'],
  ['export const reset = 1, step = 2;', ': expected an exported function createSimulator, got reset, step'],
  ['', ': expected an exported function createSimulator, got no exports'],
  ['export const createSimulator = 3;', ': expected an exported function createSimulator, got 3'],
  [
    `export function createSimulator() { throw new RangeError('no ship'); }`,
    ': createSimulator: expected a result, got: RangeError: no ship',
  ],
  [returning('7'), ': createSimulator: expected a simulator, got 7'],
  [returning(`{ ${SPACES}, ${STEP} }`), ': expected a simulator with "reset", got none'],
  [returning(`{ ${SPACES}, ${RESET}, step: 1 }`), ': step: expected a function, got 1'],
  [returning(`{ ${SPACES}, ${RESET}, ${STEP}, stateId: 4 }`), ': stateId: expected a function, got 4'],
  [
    returning(`{ observation: { kind: 'picture' }, action: {}, ${RESET}, ${STEP} }`),
    `: observation: expected { kind: 'image', shape } or { kind: 'vector', size }, got {"kind":"picture"}`,
  ],
  [
    returning(`{ observation: { kind: 'image', shape: [3, 64, 64] }, action: {}, ${RESET}, ${STEP} }`),
    ': observation.shape: expected [height, width, channels] with sides of at least 8 and the channels last, got [3,64,64]',
  ],
  [
    returning(`{ observation: { kind: 'vector', size: 0 }, action: {}, ${RESET}, ${STEP} }`),
    ': observation.size: expected a whole number of at least 1, got 0',
  ],
  [
    returning(
      `{ observation: { kind: 'vector', size: 2 }, action: { kind: 'discrete', names: ['a', 'a'] }, ${RESET}, ${STEP} }`,
    ),
    ': action.names: expected two or more different names, got ["a","a"]',
  ],
  [
    returning(
      `{ observation: { kind: 'vector', size: 2 }, action: { kind: 'continuous', low: [0], high: [Infinity] }, ${RESET}, ${STEP} }`,
    ),
    ': action: expected as many finite numbers "low" as "high", each below its own, got [0] and ["Infinity"]',
  ],
  [
    returning(`{ observation: { kind: 'vector', size: 2 }, action: 4, ${RESET}, ${STEP} }`),
    `: action: expected { kind: 'discrete', names } or { kind: 'continuous', low, high }, got 4`,
  ],
];

const withStep = (outcome: string, more = '') => returning(`{ ${SPACES}, ${RESET}, step: () => (${outcome}) ${more} }`);

/** Of what goes wrong as it runs. */
const running: readonly (readonly [string, string])[] = [
  [
    returning(`{ ${SPACES}, reset: () => [1], ${STEP} }`),
    ': reset: observation: expected 2 numbers, got an array of 1',
  ],
  [
    returning(`{ ${SPACES}, reset: () => undefined, ${STEP} }`),
    ': reset: observation: expected 2 numbers, got undefined',
  ],
  [
    returning(`{ ${SPACES}, reset: () => [0, NaN], ${STEP} }`),
    ': reset: observation[1]: expected a finite number, got "NaN"',
  ],
  [
    returning(`{ ${SPACES}, reset: () => { throw new Error('no seed'); }, ${STEP} }`),
    ': reset: expected a result, got: Error: no seed',
  ],
  [
    returning(
      `{ observation: { kind: 'image', shape: [8, 8, 1] }, action: { kind: 'continuous', low: [0], high: [1] }, reset: () => Array(64).fill(256), ${STEP} }`,
    ),
    ': reset: observation[0]: expected a byte in 0..255, got 256',
  ],
  [
    returning(
      `{ observation: { kind: 'image', shape: [8, 8, 1] }, action: { kind: 'continuous', low: [0], high: [1] }, reset: () => new Uint8Array(3), ${STEP} }`,
    ),
    ': reset: observation: expected 64 bytes [8, 8, 1], got a Uint8Array of 3',
  ],
  [withStep('[1, 2]'), ': step 0: expected { observation, reward, isTerminal }, got no "observation"'],
  [
    withStep('{ observation: [0, 1], reward: NaN, isTerminal: false }'),
    ': step 0: reward: expected a finite number, got "NaN"',
  ],
  [
    withStep('{ observation: [0, 1], reward: 0, isTerminal: 0 }'),
    ': step 0: isTerminal: expected true or false, got 0',
  ],
  [
    withStep(`{ observation: [0, 1], reward: 0, isTerminal: false, auxiliary: { speed: 'fast' } }`),
    ': step 0: auxiliary.speed: expected a finite number, got "fast"',
  ],
  [
    withStep('{ observation: [0, 1], reward: 0, isTerminal: false, auxiliary: { rewards: 1 } }'),
    ': step 0: auxiliary: expected a name that recordings do not use, got "rewards"',
  ],
  [
    withStep(
      "{ observation: [0, 1], reward: 0, isTerminal: false, auxiliary: { ['a' + (globalThis.calls = (globalThis.calls ?? 0) + 1)]: 1 } }",
    ),
    ': step 1: auxiliary: expected the names of the first step (a1), got a2',
  ],
  [
    withStep('{ observation: [0, 1], reward: 0, isTerminal: false }', ', stateId: () => -1'),
    ': reset: stateId: expected a whole number in 0..2147483647, got -1',
  ],
];

async function messageOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  return 'no error';
}

describe('a module that is no simulator is refused by what is missing', () => {
  test.each(loaded)('%s', async (text, message) => {
    const path = moduleAt(text);
    expect(await messageOf(openModule(path))).toBe(`simulator ${path}${message}`);
  });

  test('a path where nothing is', async () => {
    await expect(openModule('/nowhere/env.ts')).rejects.toThrow(UsageError);
    expect(await messageOf(openModule('/nowhere/env.ts'))).toBe(
      'simulator /nowhere/env.ts: expected a module, got nothing there',
    );
  });
});

describe('a simulator that breaks the contract is stopped where it does', () => {
  test.each(running)('%s', async (text, message) => {
    const path = moduleAt(text);
    const pool = await openModule(path);
    const run = async () => {
      await pool.reset([0], [1]);
      for (let step = 0; step < 3; step++) await pool.step([0], [0]);
    };
    expect(await messageOf(run())).toBe(`simulator ${path}${message}`);
  });
});

describe('a module that is a simulator', () => {
  test('may be TypeScript in a package without a type, take options, and be asynchronous', async () => {
    const path = moduleAt(
      `interface Options { start: number }
       export async function createSimulator({ start }: Options) {
         return { ${SPACES}, reset: async () => [start, 1], ${STEP} };
       }`,
      'env.ts',
    );
    const pool = await openModule(path, { start: 5 });
    const [{ observation }] = await pool.reset([0], [0]);
    expect([...observation]).toEqual([5, 1]);
  });

  test('may give one array again and again: what was given stays', async () => {
    const path = moduleAt(
      `export function createSimulator() {
         const seen = new Float32Array(2);
         return { ${SPACES}, reset: () => seen.fill(1),
           step: () => ({ observation: seen.fill(seen[0] + 1), reward: 0, isTerminal: false }) };
       }`,
    );
    const pool = await openModule(path);
    const [first] = await pool.reset([0], [0]);
    const [second] = await pool.step([0], [0]);
    expect([[...first.observation], [...second.observation]]).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  test('is written as a starting point, which replaces nothing and has a state that its image shows', async () => {
    const folder = temporaryFolder();
    const path = writeStartingPoint(join(folder, 'my-env'));
    expect(path).toBe(join(folder, 'my-env.ts'));
    expect(() => writeStartingPoint(join(folder, 'my-env'))).toThrow(`expected a path that is free, got ${path}`);
    const pool = await openModule(path);
    const [before] = await pool.reset([0], [12]);
    const [after] = await pool.step([0], [(before.state ?? 0) % 5 > 0 ? 2 : 3]);
    expect(Math.abs((after.state ?? 0) - (before.state ?? 0))).toBe(1);
    expect(after.observation).not.toEqual(before.observation);
    expect(before.observation).toHaveLength(32 * 32 * 3);
  });
});

import { beforeAll, describe, expect, test } from 'vitest';
import { labelledObservations } from '../../../src/data/environment-source.ts';
import { createEnvironment, type Environment } from '../../../src/environments/index.ts';
import { classesOf } from '../../../src/evaluation/class/state.ts';
import { probeReadout } from '../../../src/evaluation/readout/probes.ts';
import type { ReadoutPart, ReadoutSample } from '../../../src/evaluation/readout/readout.ts';
import { chanceOf, readoutTargets, selectLatents } from '../../../src/evaluation/readout/target.ts';
import { type ProbeReadoutRecord, probeReadoutSchema } from '../../../src/evaluation/schema/readout.ts';
import { createLatents } from '../../../src/measures/latents.ts';
import { randomFor } from '../../../src/random.ts';
import { loadTensorFlow } from '../../../src/tensorflow/load.ts';

const COUNT = 270;
const environment = createEnvironment('counting');

/** The trained encoder says the count, and the place in a thousandth of that scale; the untrained one says nothing. */
function part(purpose: string, of: Environment = environment): ReadoutPart {
  const { observations, states } = labelledObservations(of, COUNT, 0, purpose);
  const random = randomFor('probe readout', purpose);
  const position = of.nuisances?.find(({ name }) => name === 'position');
  const rows = Array.from(states, (state, n) => {
    const pixels = observations.subarray(n * 64 * 64 * 3, (n + 1) * 64 * 64 * 3) as Uint8Array;
    const [x, y] = position?.read(pixels) ?? [32, 32];
    return [state, (x - 32) / 3000, (y - 32) / 3000];
  });
  const trained = createLatents(Float32Array.from(rows.flat()), 3);
  const untrained = createLatents(
    Float32Array.from({ length: 3 * COUNT }, () => random.normal()),
    3,
  );
  return { observations, states, latents: { trained, untrained } };
}

const sample: ReadoutSample = { observationShape: [64, 64, 3], train: part('train'), test: part('test') };

describe('targets', () => {
  test('are the classes and what images show, without the images that show nothing', async () => {
    const targets = readoutTargets(sample, await classesOf(environment, 'reward', []), environment);
    expect(targets.map(({ name, of }) => `${name}: ${of}`)).toEqual([
      'class: state',
      'shape: nuisance',
      'colour: nuisance',
      'position: nuisance',
      'layout: nuisance',
    ]);
    const [classes, shape] = targets;
    expect(chanceOf(classes.test)).toBe(1 / 9);
    const shown = Array.from(sample.test.states.keys()).filter((row) => sample.test.states[row] > 0);
    expect([...shape.test.rows]).toEqual(shown);
    expect(selectLatents(sample.test.latents.trained, shape.test.rows).count).toBe((COUNT * 8) / 9);
  });

  test('are the factors of a state that has some', async () => {
    const rooms = createEnvironment('rooms');
    const labelled = part('rooms', rooms);
    const classes = await classesOf(rooms, 'reward', []);
    const targets = readoutTargets({ ...sample, train: labelled, test: labelled }, classes, rooms);
    const row = targets.find(({ name }) => name === 'row')?.test.target;
    if (row?.kind !== 'classes') throw new Error('no rows');
    expect([...row.labels]).toEqual(Array.from(labelled.states, (state) => rooms.factors?.[0].of(state)));
    expect(row.classCount).toBe(7);
  });
});

describe('probes of a sample', () => {
  let record: ProbeReadoutRecord;
  beforeAll(async () => {
    await loadTensorFlow({ threads: 1 });
    const targets = readoutTargets(sample, await classesOf(environment, 'reward', []), environment);
    const chosen = targets.filter(({ name }) => name === 'class' || name === 'position');
    record = await probeReadout(sample, chosen, { seed: 0, noiseLevels: [0, 0.1] });
  });
  const scoresOf = (target: string, encoder: 'trained' | 'untrained', probe: 'linear' | 'mlp') => {
    const found = record.results.find(
      (each) => each.target === target && each.encoder === encoder && each.probe === probe,
    );
    if (found === undefined) throw new Error(`no result for ${target}`);
    return found;
  };

  test('are recorded by the schema, every target with both probes and both encoders', () => {
    expect(probeReadoutSchema.parse(record)).toEqual(record);
    expect(record.results).toHaveLength(2 * 2 * 2);
    expect([record.observations, record.testObservations]).toEqual([COUNT, COUNT]);
  });

  test('read the count from latents that say it, and chance from those that do not', () => {
    const { scores, measure, chance } = scoresOf('class', 'trained', 'mlp');
    expect([measure, chance]).toEqual(['accuracy', 1 / 9]);
    // Nine steps along one line, beside two directions of places that standardising makes as large: the budget resolves most.
    expect(scores[0].score).toBeGreaterThan(0.8);
    // Three standard errors of 1/9 at 270 observations.
    expect(scoresOf('class', 'untrained', 'linear').scores[0].score).toBeLessThan(1 / 9 + 0.058);
  });

  test('with shuffled targets, find chance whatever the latents say', () => {
    for (const { target, scores, chance } of record.results)
      for (const { shuffledScore } of scores) expect(shuffledScore, target).toBeLessThan(chance + 0.07);
  });

  test('read what sits in a millionth of the variance without noise, and not with a little', () => {
    const [none, little] = scoresOf('position', 'trained', 'linear').scores;
    expect(none.score).toBeGreaterThan(0.99);
    expect(little.score).toBeLessThan(0.05);
  });
});

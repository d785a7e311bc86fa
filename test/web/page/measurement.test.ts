// What the page measures and imagines, with real models on WebAssembly: the same numbers as `jepa evaluate` for the same
// observations, and steps that follow the environment.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { environmentEvaluationSource } from '../../../src/evaluation/held-out/held-out.ts';
import { measureDistinctness } from '../../../src/measures/distinctness.ts';
import { labelLatents } from '../../../src/measures/latents.ts';
import { openSubject } from '../../../src/run/subject.ts';
import { openWorldSession } from '../../../src/run/world-session.ts';
import { openRuntime } from '../../../src/runtimes/index.ts';
import { loadWorldModel, type WorldModel } from '../../../web/index.ts';
import { environmentWorld } from '../../../web/page/environment-world.ts';
import { imagine, startAt } from '../../../web/page/imagination.ts';
import { type Measurement, measureWorld } from '../../../web/page/measurement.ts';
import type { World } from '../../../web/page/world.ts';
import { writeRunFixture } from '../../evaluation/run-fixture.ts';
import { expectClose } from '../../matcher/close.ts';
import { openWebServer, type WebServer } from '../web-server.ts';

const OBSERVATIONS = 90;

const folder = mkdtempSync(join(tmpdir(), 'jepa-measurement-'));
let server: WebServer;
let model: WorldModel;
let world: World;
let measurement: Measurement;
const progress: number[] = [];

beforeAll(async () => {
  await writeRunFixture(folder);
  server = await openWebServer((request, response) => response.end(readFileSync(join(folder, request.url ?? '/'))));
  model = await loadWorldModel(`${server.url}export/`, { runtime: 'wasm', threads: 1 });
  world = environmentWorld(model.description);
  measurement = await measureWorld(model, world, {
    observations: OBSERVATIONS,
    onProgress: (fraction) => progress.push(fraction),
  });
});
afterAll(async () => {
  await model.dispose();
  await server.close();
  rmSync(folder, { recursive: true });
});

test('the numbers are those of jepa evaluate: the same observations on onnxruntime-node', async () => {
  const runtime = await openRuntime('cpu', { threads: 1 });
  const { environment, classes } = world;
  if (environment === undefined) throw new Error('expected a world with its environment');
  const session = await openWorldSession(runtime, openSubject(join(folder, 'export')), environment.observationShape);
  const { judged, centroids } = await environmentEvaluationSource(environment).draw(OBSERVATIONS, 0);
  const label = async ({ observations, states }: typeof judged) =>
    labelLatents(
      await session.encode(observations),
      states.map((state) => classes.classOf[state]),
      classes.count,
    );
  const expected = measureDistinctness({ latents: await label(judged), centroidLatents: await label(centroids) });
  await session.dispose();
  await runtime.dispose();
  const numbersOf = ({ centroids: { centroidGapRatio }, gaps, evidence, spectrum }: typeof expected) => [
    centroidGapRatio,
    gaps.gapRatio,
    evidence.meanDistance,
    evidence.latentStd,
    spectrum.rankMe,
  ];
  // Two builds of onnxruntime; the ratios divide differences of float32 latents by each other.
  expectClose(numbersOf(measurement.distinctness), numbersOf(expected), { relative: 1e-3 });
  expect(Array.from(measurement.distinctness.centroids.confusion)).toEqual(Array.from(expected.centroids.confusion));
  expect(measurement.distinctness.decision.verdict).toBe(expected.decision.verdict);
});

test('progress rises from 0 to 1, and the time is that of the runs', () => {
  expect(progress.length).toBeGreaterThan(4);
  expect(progress.every((fraction, i) => i === 0 || fraction > progress[i - 1])).toBe(true);
  expect(progress.at(-1)).toBe(1);
  expect(measurement.msPerObservation).toBeGreaterThan(0);
  expect([measurement.asked, measurement.latents.count]).toEqual([OBSERVATIONS, OBSERVATIONS]);
});

test('a slow machine measures as many as a fast one: the same page gives the same verdict', async () => {
  const slow: WorldModel = {
    ...model,
    encode: async (observations) => {
      const end = performance.now() + 100;
      while (performance.now() < end);
      return model.encode(observations);
    },
  };
  const found = await measureWorld(slow, world, { observations: OBSERVATIONS, onProgress: () => {} });
  expect(found.latents.count).toBe(OBSERVATIONS);
  expect(found.distinctness).toEqual(measurement.distinctness);
  // 100 ms a batch of 32, and the first batch is not counted.
  expect(found.msPerObservation).toBeGreaterThan(100 / 32);
  expect(found.msPerObservation).toBeLessThan(40);
});

test('where fewer are asked for than the states need, more are measured', async () => {
  const { latents, asked } = await measureWorld(model, world, { observations: 10, onProgress: () => {} });
  expect([latents.count, asked]).toEqual([72, 10]);
});

describe('imagination', () => {
  test("starts at the encoder's own latent, in the observation's own state", async () => {
    const start = await startAt(7, model, world, measurement);
    expect(start.trueState).toBe(measurement.judged.states[7]);
    expect(start.looksLike).toBe(7);
    expectClose(start.latent, measurement.latents.values.subarray(42, 48), { absolute: 0 });
  });

  test('takes the latent where the predictor says, and the state where the environment says', async () => {
    const start = await startAt(measurement.judged.states.indexOf(7), model, world, measurement);
    const once = await imagine(start, 1, model, world, measurement);
    const twice = await imagine(once, 1, model, world, measurement);
    expectClose(once.latent, await model.predict(start.latent, Float32Array.of(0, 1)), { absolute: 0 });
    expectClose(twice.latent, await model.predict(once.latent, Float32Array.of(0, 1)), { absolute: 0 });
    // 8 is the most that there can be.
    expect([start.trueState, once.trueState, twice.trueState]).toEqual([7, 8, 8]);
    expect(await imagine(start, 0, model, world, measurement)).toMatchObject({ action: 0, trueState: 6, trueClass: 6 });
  });

  test('gives the auxiliary as p, not as a logit', async () => {
    const start = await startAt(0, model, world, measurement);
    const [logit] = await model.auxiliary(start.latent);
    expectClose(start.auxiliary, [1 / (1 + Math.exp(-logit))], { absolute: 1e-6 });
  });
});

// A recording in the page: observations in the files beside the export, and actions to press.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomObservationSource } from '../../../src/evaluation/held-out/random-observation.ts';
import { openSubject } from '../../../src/run/subject.ts';
import { openWorldSession } from '../../../src/run/world-session.ts';
import { openRuntime } from '../../../src/runtimes/index.ts';
import { readExportDescription } from '../../../src/storage/export-description.ts';
import { HELD_OUT_BYTES_NAME, HELD_OUT_NAME, parseHeldOut } from '../../../web/held-out-format.ts';
import { loadWorldModel } from '../../../web/index.ts';
import { imagine, startAt } from '../../../web/page/imagination.ts';
import { measureWorld } from '../../../web/page/measurement.ts';
import { planTo } from '../../../web/page/planning.ts';
import { recordingWorld } from '../../../web/page/recording-world.ts';
import type { World } from '../../../web/page/world.ts';
import { heldOutFiles } from '../../../web/site/held-out.ts';
import { expectClose } from '../../matcher/close.ts';
import { recordedParts, writeRecordingExport } from '../recording-fixture.ts';
import { openWebServer, type WebServer } from '../web-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'jepa-recording-world-'));
let server: WebServer;
beforeAll(async () => {
  for (const kind of ['vector', 'both'] as const) writeRecordingExport(join(folder, kind), kind);
  server = await openWebServer((request, response) => response.end(readFileSync(join(folder, request.url ?? '/'))));
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

async function filesOf(kind: 'vector' | 'both'): Promise<[json: Uint8Array, bytes: Uint8Array]> {
  const { source, classes } = randomObservationSource(recordedParts(kind));
  const few = { ...source, draw: (_: number, seed: number) => source.draw(40, seed) };
  const files = await heldOutFiles(openSubject(join(folder, kind)), { source: few, classes });
  const file = (name: string) => files.get(name) ?? new Uint8Array(0);
  return [file(HELD_OUT_NAME), file(HELD_OUT_BYTES_NAME)];
}

async function worldOf(kind: 'vector' | 'both'): Promise<World> {
  return recordingWorld(readExportDescription(join(folder, kind)), parseHeldOut(...(await filesOf(kind))));
}

describe.each(['vector', 'both'] as const)('an encoder of %s', (kind) => {
  test('latents in the page are those of onnxruntime-node on the packed observations', async () => {
    const world = await worldOf(kind);
    const model = await loadWorldModel(`${server.url}${kind}/`, { runtime: 'wasm', threads: 1 });
    const measurement = await measureWorld(model, world, { observations: 1000, onProgress: () => {} });
    const { source } = randomObservationSource(recordedParts(kind));
    const runtime = await openRuntime('cpu', { threads: 1 });
    const session = await openWorldSession(runtime, openSubject(join(folder, kind)), source.observationShape);
    const { judged } = await source.draw(40, 0);
    const expected = await session.encode(judged.observations);
    // Bytes times weights of 0.1 sum up to latents of 1e2.
    expectClose(measurement.latents.values, expected.values, { absolute: 1e-3, relative: 1e-5 });
    expect(measurement).toMatchObject({ asked: 1000, available: 40 });
    expect(measurement.latents.count).toBe(40);
    await session.dispose();
    await runtime.dispose();

    const start = await startAt(5, model, world, measurement);
    expect(start).toMatchObject({ trueState: undefined, trueClass: undefined, looksLike: 5 });
    const next = await imagine(start, 1, model, world, measurement);
    expectClose(next.latent, await model.predict(start.latent, Float32Array.of(0, 1, 0, 7)), { absolute: 0 });
    // The reward is 0 or 1: its head gives logits.
    const [logit] = await model.auxiliary(next.latent);
    expectClose(next.auxiliary, [1 / (1 + Math.exp(-logit))], { absolute: 1e-6 });
    const goal = (start.landedClass + 1) % world.classes.count;
    const way = await planTo(goal, start, model, world, measurement);
    for (const action of way.actions) expect(world.actionNames[action]).toBeDefined();
    await model.dispose();
  });

  test('what the encoder does not take is refused by name', async () => {
    const model = await loadWorldModel(`${server.url}${kind}/`, { runtime: 'wasm', threads: 1 });
    const [images, vectors] = [new Uint8Array(192), new Float32Array(5)];
    await expect(kind === 'vector' ? model.encode(images) : model.encode(vectors)).rejects.toThrow(
      kind === 'vector'
        ? 'encode: expected vectors of numbers (Float32Array), got Uint8Array'
        : 'encode: expected images as bytes, got Float32Array',
    );
    await expect(kind === 'vector' ? model.encode(vectors, vectors) : model.encode(images)).rejects.toThrow(
      kind === 'vector' ? 'expected one input, got two' : 'expected a vector beside every image, got images alone',
    );
    if (kind === 'both')
      await expect(model.encode(images, new Float32Array(10))).rejects.toThrow(
        'expected a vector for each of 1 images, got 2',
      );
    expect(model).toMatchObject({ observationShape: kind === 'both' ? [8, 8, 3] : [5], vectorSize: 5 });
    await model.dispose();
  });
});

test('every discrete action is a button, numbers are pressed one deviation down and up, other parts stay', async () => {
  const { actionNames, encodeAction, actionSpace, actionOf } = await worldOf('vector');
  expect(actionNames).toEqual(['move 0', 'move 1', 'move 2', 'push −', 'push +']);
  expect(actionNames.map((_, action) => Array.from(encodeAction(action)))).toEqual([
    [1, 0, 0, 7],
    [0, 1, 0, 7],
    [0, 0, 1, 7],
    [1, 0, 0, 5],
    [1, 0, 0, 9],
  ]);
  expect(actionSpace).toMatchObject({ kind: 'discrete', count: 5, size: 4 });
  expect(actionOf(Float32Array.of(1, 0, 0, 9))).toBe(4);
});

test('numbers have the names of their columns, and what is missing is said in a sentence', async () => {
  const world = await worldOf('both');
  expect(world.vectorColumns.map(({ name }) => name)).toEqual([
    'joints[0]',
    'joints[1]',
    'joints[2]',
    'joints[3]',
    'speed',
  ]);
  expect(world.vectorColumns[4]).toMatchObject({ mean: 100, deviation: 10 });
  expect(world.notes(40)[0]).toMatch(/^The recording was not there .* random ones within/);
  expect(world.notes(40)[1]).toMatch(/not compared with an environment/);
  expect(world.environment).toBeUndefined();
});

test('as many are measured at least as show every class twice', async () => {
  const world = await worldOf('vector');
  // Eight points in turn.
  expect(world.leastObservations).toBe(16);
  expect(world.draw(16, 'evaluation').states).toEqual(Int32Array.from({ length: 16 }, (_, n) => n % 8));
  expect(world.draw(1000, 'evaluation centroids').states).toHaveLength(40);
});

describe('files that do not belong together are refused', () => {
  test('too few bytes, a class too many, another format, observations of another encoder', async () => {
    const [json, bytes] = await filesOf('vector');
    expect(() => parseHeldOut(json, bytes.subarray(4))).toThrow(
      'held-out.bin: expected 1600 bytes (80 observations), got 1596',
    );
    const changed = (change: (value: { states: number[]; format: number }) => void) => {
      const value = JSON.parse(new TextDecoder().decode(json));
      change(value);
      return new TextEncoder().encode(JSON.stringify(value));
    };
    expect(() =>
      parseHeldOut(
        changed(({ states }) => states.fill(8)),
        bytes,
      ),
    ).toThrow('expected a class for each of 80');
    expect(() =>
      parseHeldOut(
        changed((value) => (value.format = 2)),
        bytes,
      ),
    ).toThrow(/held-out\.json: .*format/);
    expect(() => parseHeldOut(Uint8Array.of(1), bytes)).toThrow('held-out.json: expected JSON');
    expect(() => recordingWorld(readExportDescription(join(folder, 'both')), parseHeldOut(json, bytes))).toThrow(
      'held-out.json: expected observations of 192 bytes and 5 numbers as the encoder takes, got 0 and 5',
    );
  });
});

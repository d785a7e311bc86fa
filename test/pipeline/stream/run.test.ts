// An evaluation in shards: the same digest whatever the partition, the order and what was killed; and what the record says of it.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluateEncoder } from '../../../pipeline/encoder/evaluate.ts';
import { evaluateLatents } from '../../../pipeline/encoder/latents.ts';
import { mergePass, passes, readyPasses } from '../../../pipeline/stream/pass.ts';
import { readStreamPlan } from '../../../pipeline/stream/plan.ts';
import {
  encoderSubject,
  latentsSubject,
  mergeEvaluation,
  planEvaluation,
  runEvaluationShard,
} from '../../../pipeline/stream/run.ts';
import { encodeNpyHeader } from '../../../src/data/readers/npy.ts';
import { encoderEvaluationSchema } from '../../../src/evaluation/schema/evaluation.ts';
import { permutation, randomFor } from '../../../src/random.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

const COUNT = 34_000;
const SIZE = 3;
const queries = 64;
const folder = mkdtempSync(join(tmpdir(), 'jepa-onnx-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'latents.npy');
const labels = join(folder, 'labels.npy');
const asked = { labels, queries, classes: { of: 'column', column: 'labels' } as const };

beforeAll(() => {
  const random = randomFor(4, 'sharded');
  const own = Int32Array.from({ length: COUNT }, () => random.integer(70));
  const values = Float32Array.from({ length: COUNT * SIZE }, (_, at) => {
    const label = own[Math.floor(at / SIZE)];
    return 10 * Math.floor(label / [1, 5, 25][at % SIZE]) + random.normal();
  });
  writeFileSync(path, Buffer.concat([encodeNpyHeader('float32', [COUNT, SIZE]), new Uint8Array(values.buffer)]));
  writeFileSync(labels, Buffer.concat([encodeNpyHeader('int32', [COUNT]), new Uint8Array(own.buffer)]));
});

/** Every pass in `of` shards, in a random order. @returns the folder, of which all but the last merge is done */
async function inShards(of: number): Promise<string> {
  const parts = join(temporaryFolder(), 'parts');
  await planEvaluation(parts, latentsSubject(path, asked), { ...asked, observations: Number.POSITIVE_INFINITY });
  for (const pass of passes) {
    for (const index of permutation(of, randomFor(of, pass))) {
      expect(await runEvaluationShard(parts, pass, { index, of })).toBe('done');
      expect(await runEvaluationShard(parts, pass, { index, of })).toBe('wasDone');
    }
    if (pass < 3) expect(await mergeEvaluation(parts, pass, { report: false })).toBeUndefined();
  }
  return parts;
}

describe('latents in shards', () => {
  test('classes above 2^24 are as many as there are, in plan and passes; of values from 2^53 on there are none', async () => {
    const own = new Int32Array(
      Uint8Array.from(readFileSync(labels).subarray(encodeNpyHeader('int32', [COUNT]).length)).buffer,
    );
    const files = temporaryFolder();
    const labelled = (name: string, first: bigint) => {
      const bytes = new Uint8Array(BigInt64Array.from(own, (label) => first + BigInt(label)).buffer);
      writeFileSync(join(files, name), Buffer.concat([encodeNpyHeader('int64', [COUNT]), bytes]));
      return { ...asked, labels: join(files, name), classes: undefined, observations: Number.POSITIVE_INFINITY };
    };
    const dates = await evaluateLatents(path, { ...labelled('dates.npy', 20240100n), report: false });
    expect(dates.classes.names).toEqual(Array.from({ length: 70 }, (_, label) => `dates ${20240100 + label}`));
    expect(dates.observations + dates.centroidObservations).toBe(COUNT);
    expect(dates.stream?.queries).toBe(queries);
    const ranged = labelled('days.npy', 20240100n);
    const plan = join(files, 'plan');
    const classes = { of: 'quantiles', count: 70 } as const;
    expect(await planEvaluation(plan, latentsSubject(path, ranged), { ...ranged, classes })).toMatchObject({
      classes: 70,
    });
    const huge = labelled('huge.npy', 2n ** 53n);
    await expect(planEvaluation(join(files, 'none'), latentsSubject(path, huge), huge)).rejects.toThrow(
      /huge\.npy huge row 0: expected whole numbers below 2\^53, which are told apart, got 9007199254741\d{3}/,
    );
  });

  test('3 and 7 shards in random orders have the digest and the numbers of one process, of 70 classes', async () => {
    const one = await evaluateLatents(path, { ...asked, observations: Number.POSITIVE_INFINITY, report: false });
    encoderEvaluationSchema.parse(one);
    expect(one.observations + one.centroidObservations).toBe(COUNT);
    expect(one.classes.names).toHaveLength(70);
    expect(one.stream).toMatchObject({ queries, sample: { classes: 70 }, machines: ['elsewhere'] });
    expect(await mergeEvaluation(await inShards(3), 3, { report: false })).toEqual(one);
    const stored = readStreamPlan(await inShards(7));
    mergePass(stored, 3, () => {});
    expect(readyPasses(stored).digest).toBe(one.stream?.digest);
  });

  test('a shard that was killed before its file was there runs again; one that is missing or there twice is named', async () => {
    const parts = join(temporaryFolder(), 'parts');
    const options = { ...asked, observations: 6000 };
    const planned = await planEvaluation(parts, latentsSubject(path, asked), options);
    expect(planned).toMatchObject({ rows: COUNT, blocks: 9, classes: 70, size: SIZE, wasThere: false });
    // About as many judged as were asked for.
    expect(Math.abs(planned.observations - 6000)).toBeLessThan(400);
    expect((await planEvaluation(parts, latentsSubject(path, asked), options)).wasThere).toBe(true);
    await expect(planEvaluation(parts, latentsSubject(path, asked), { ...options, seed: 1 })).rejects.toThrow(
      'expected no plan or this one, got another',
    );
    await expect(runEvaluationShard(parts, 2, { index: 0, of: 1 })).rejects.toThrow('expected pass 1 to be merged');
    const stopped = new AbortController();
    stopped.abort();
    await expect(runEvaluationShard(parts, 1, { index: 1, of: 2 }, { signal: stopped.signal })).rejects.toThrow();
    expect(existsSync(join(parts, 'pass-1'))).toBe(false);
    await runEvaluationShard(parts, 1, { index: 0, of: 2 });
    await expect(mergeEvaluation(parts, 1)).rejects.toThrow('expected all 9 blocks of pass 1, got none of 4 to 8');
    await runEvaluationShard(parts, 1, { index: 1, of: 2 });
    await runEvaluationShard(parts, 1, { index: 0, of: 3 });
    await expect(mergeEvaluation(parts, 1)).rejects.toThrow('expected each block of pass 1 once');
    rmSync(join(parts, 'pass-1', 'shard-00000-of-00003.safetensors'));
    await mergeEvaluation(parts, 1);
    await expect(runEvaluationShard(parts, 1, { index: 3, of: 3 })).rejects.toThrow('expected I/N with 0 <= I < N');
  });

  test('up to 16,384 judged observations all pairs are compared, as before, whatever was asked for', async () => {
    const few = temporaryFolder();
    const [z, y] = [join(few, 'latents.npy'), join(few, 'labels.npy')];
    const count = 300;
    const bytes = (file: string, header: number) => readFileSync(file).subarray(header);
    const header = encodeNpyHeader('float32', [count, SIZE]);
    writeFileSync(
      z,
      Buffer.concat([
        header,
        bytes(path, encodeNpyHeader('float32', [COUNT, SIZE]).length).subarray(0, count * SIZE * 4),
      ]),
    );
    const own = Int32Array.from({ length: count }, (_, n) => n % 3);
    writeFileSync(y, Buffer.concat([encodeNpyHeader('int32', [count]), new Uint8Array(own.buffer)]));
    const options = { labels: y, classes: { of: 'column', column: 'labels' } as const, report: false };
    const exact = await evaluateLatents(z, options);
    expect(exact.stream).toBeUndefined();
    expect(await evaluateLatents(z, { ...options, observations: Number.POSITIVE_INFINITY })).toEqual(exact);
    expect(await evaluateLatents(z, { ...options, observations: 20_000 })).toEqual(exact);
  });
});

describe('an encoder in shards', () => {
  const fixture = (name: string) => join(import.meta.dirname, '..', '..', 'fixtures', 'torch-encoder', name);
  const data = { data: fixture('observations.npz'), map: 'observation=frames' };

  test('encodes each block once: a latent that is there is taken, one that was cut short is computed again', async () => {
    const parts = join(temporaryFolder(), 'parts');
    const classes = { of: 'column', column: 'label' } as const;
    const subject = encoderSubject(fixture('dino.onnx'), { ...data, threads: 1 });
    await planEvaluation(parts, subject, { classes, observations: Number.POSITIVE_INFINITY });
    const latents = join(parts, 'latents', 'block-0000000.f32');
    const first = join(parts, 'pass-1', 'shard-00000-of-00001.safetensors');
    await runEvaluationShard(parts, 1, { index: 0, of: 1 });
    const [whole, result] = [readFileSync(latents), readFileSync(first)];
    writeFileSync(latents, whole.subarray(0, 100));
    rmSync(first);
    await runEvaluationShard(parts, 1, { index: 0, of: 1 });
    expect(readFileSync(latents).equals(whole)).toBe(true);
    expect(readFileSync(first).equals(result)).toBe(true);
    const written = statSync(latents).mtimeMs;
    for (const pass of passes) {
      if (pass > 1) await runEvaluationShard(parts, pass, { index: 0, of: 1 });
      const record = await mergeEvaluation(parts, pass);
      expect(record === undefined).toBe(pass < 3);
    }
    expect(statSync(latents).mtimeMs).toBe(written);
    const record = encoderEvaluationSchema.parse(JSON.parse(readFileSync(join(parts, 'evaluation.json'), 'utf8')));
    expect(record.stream?.machines).toHaveLength(1);
    expect(existsSync(join(parts, 'report.html'))).toBe(true);
    // By other halves than the form that compares all pairs: the exact numbers are of the same kind, not the same.
    const exact = await evaluateEncoder(fixture('dino.onnx'), { ...data, classes, report: false });
    expect(record.observations + record.centroidObservations).toBe(exact.observations + exact.centroidObservations);
    expect(record.runtimes[0].meanDistance / exact.runtimes[0].meanDistance).toBeCloseTo(1, 0);
  });

  test('follows witnesses through a predictor by a sample of its rows, and refuses one that does not fit before all passes', async () => {
    const cells = (name: string) => join(import.meta.dirname, '../../fixtures/torch-predictor', name);
    const asked = { classes: { of: 'quantiles', count: 2 } as const, observations: Number.POSITIVE_INFINITY };
    const given = { data: cells('cells.npz'), threads: 1, predictorGives: 'next' as const };
    const parts = join(temporaryFolder(), 'parts');
    const wrong = encoderSubject(cells('encoder.onnx'), { ...given, predictor: cells('double.onnx') });
    await expect(planEvaluation(parts, wrong, asked)).rejects.toThrow('got "z" float64[batch, 3]');
    const subject = encoderSubject(cells('encoder.onnx'), { ...given, predictor: cells('predictor.onnx') });
    await planEvaluation(parts, subject, asked);
    for (const pass of passes) {
      await runEvaluationShard(parts, pass, { index: 0, of: 1 });
      await mergeEvaluation(parts, pass);
    }
    const record = encoderEvaluationSchema.parse(JSON.parse(readFileSync(join(parts, 'evaluation.json'), 'utf8')));
    const whole = await evaluateEncoder(cells('encoder.onnx'), {
      ...{ data: cells('cells.npz'), predictor: cells('predictor.onnx'), report: false, classes: asked.classes },
    });
    expect(record.stream).toBeDefined();
    expect(record.witnesses).toMatchObject({ none: null, column: 'reward' });
    expect([record.witnesses, record.predictor]).toEqual([whole.witnesses, whole.predictor]);
    expect(readFileSync(join(parts, 'report.html'), 'utf8')).toContain('told apart by action 1');
  });

  test('without classes asked for, takes ranges of the reward and says so, where transitions are too many to be compared', async () => {
    const cells = (name: string) => join(import.meta.dirname, '../../fixtures/torch-predictor', name);
    const given = { data: cells('cells.npz'), threads: 1 };
    const subject = encoderSubject(cells('encoder.onnx'), given);
    const notes: string[] = [];
    const asked = { observations: Number.POSITIVE_INFINITY, onNote: (note: string) => void notes.push(note) };
    const parts = join(temporaryFolder(), 'parts');
    await planEvaluation(parts, subject, asked);
    expect(readStreamPlan(parts).plan.classes).toMatchObject({ of: 'quantiles' });
    expect(notes).toContain(
      'classes: four ranges of the reward, since transitions are compared of at most 16384 observations',
    );
    await expect(
      planEvaluation(join(temporaryFolder(), 'parts'), subject, { ...asked, classes: { of: 'observed' } }),
    ).rejects.toThrow('expected column:NAME or quantiles:K of so many observations, got observed');
    notes.length = 0;
    const few = await evaluateEncoder(cells('encoder.onnx'), { ...given, ...asked, report: false });
    expect(few.stream).toBeUndefined();
    expect(notes.join('\n')).not.toContain('ranges of the reward, since');
  });

  test('what compares observations one by one is refused', async () => {
    const subject = encoderSubject(fixture('dino.onnx'), data);
    await expect(planEvaluation(temporaryFolder(), subject, { saveBaseline: 'b.json' })).rejects.toThrow(
      'expected at most 16384 observations',
    );
    expect(() => encoderSubject('e.onnx', {})).toThrow('expected a recording of so many observations');
  });
});

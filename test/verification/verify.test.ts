// What a verification says of runtimes that do one thing wrong, on a world that can be worked out by hand.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeModel, encodeModel, toFloat16 } from '../../export/index.ts';
import { UnavailableError } from '../../src/error.ts';
import type { EvaluationSubject } from '../../src/run/subject.ts';
import { verificationRecordOf } from '../../src/verification/describe.ts';
import type { Runner } from '../../src/verification/runner.ts';
import {
  type RanRow,
  type VerificationRecord,
  type VerificationRow,
  verificationSchema,
} from '../../src/verification/schema.ts';
import { type VerificationInput, verify } from '../../src/verification/verify.ts';
import { encoderBytes, faithful, lineWorld, scripted } from './line-world.ts';

const root = mkdtempSync(join(tmpdir(), 'jepa-verify-test-'));
afterAll(() => rmSync(root, { recursive: true }));

const limits = { timeMs: 60_000, memoryByteLength: 2 ** 31 };
type World = Omit<VerificationInput, 'runners' | 'references'>;

async function recordOf(
  world: World,
  runners: readonly Runner[],
  options: {
    readonly timeMs?: number;
    readonly memoryByteLength?: number;
    readonly batchSizes?: readonly number[];
  } = {},
  reference: Runner = faithful('reference'),
): Promise<VerificationRecord> {
  const { batchSizes = [64], ...ownLimits } = options;
  const verification = await verify(
    { ...world, runners, references: [reference] },
    { observations: 100, seed: 0, batchSizes, threads: 1, limits: { ...limits, ...ownLimits } },
  );
  const record = verificationRecordOf(verification);
  expect(verificationSchema.parse(record)).toEqual(record);
  return record;
}

function ran(row: VerificationRow): RanRow {
  if (row.status !== 'ran') throw new Error(`${row.runtime} ${row.status}: ${row.reason}`);
  return row;
}

function folder(name: string): string {
  return mkdtempSync(join(root, name));
}

let world: World;
beforeAll(() => {
  world = lineWorld(folder('world'));
});

describe('a runtime that computes the same', () => {
  test('holds, without an error, and its tolerances are those of the margins', async () => {
    const record = await recordOf(world, [faithful('same')], { batchSizes: [1, 7, 64] });
    const row = ran(record.runtimes[0]);
    expect(row).toMatchObject({
      holds: true,
      faults: [],
      verdict: 'distinct',
      verdictHolds: true,
      batchSizes: [1, 7, 64],
    });
    expect(row.maxLatentError).toBeLessThan(1e-6);
    expect(row.smallestCosine).toBeCloseTo(1, 6);
    expect(record.holds).toBe(true);
    // Places are 1 apart with noise of 0.1: nine of ten observations are farther than 0.5 - 1.28 x 0.1 from the plane between two.
    expect(record.tolerances.latent).toBeGreaterThan(0.3);
    expect(record.tolerances.latent).toBeLessThan(0.42);
    expect(record.tolerances.decidingGap).toBe(2 * record.tolerances.latent);
    for (const tolerance of record.tolerances.predictor) {
      expect(tolerance).toBeGreaterThan(0.05);
      expect(tolerance).toBeLessThanOrEqual(record.tolerances.latent);
    }
  });
});

describe('one thing wrong turns the row red', () => {
  test('a wrong weight that merges places: another verdict, with the pairs at risk', async () => {
    const path = join(root, 'wrong-weight.onnx');
    writeFileSync(path, encoderBytes([0, 0, 0, 1]));
    const record = await recordOf(world, [faithful('wrong', [], path)]);
    const row = ran(record.runtimes[0]);
    expect(row).toMatchObject({ holds: false, verdictHolds: false });
    expect(row.verdict).not.toBe('distinct');
    expect(row.pairsAtRisk.length).toBeGreaterThan(0);
    expect(row.faults[0]).toMatch(/^the verdict is \w+ instead of distinct; at risk: \d as \d/);
    expect(record.holds).toBe(false);
  });

  test('a wrong weight that leaves the verdict as it is: its error reaches the deciding gap', async () => {
    const path = join(root, 'turned.onnx');
    // Turned by a right angle: as distinct as before, but elsewhere.
    writeFileSync(path, encoderBytes([0, 1, -1, 0]));
    const row = ran((await recordOf(world, [faithful('turned', [], path)])).runtimes[0]);
    expect(row.verdict).toBe('distinct');
    expect(row.verdictHolds).toBe(false);
    expect(row.smallestCosine).toBeLessThan(0.1);
    expect(row.faults[0]).toMatch(/^twice the latent error of 5\.\d+ reaches the deciding gap of 0\.[67]/);
  });

  test('a swapped order of actions: latents agree, predictions do not', async () => {
    const row = ran((await recordOf(world, [faithful('swapped', ['--swap-actions'])])).runtimes[0]);
    expect(row).toMatchObject({ holds: false, verdictHolds: true, predictorHolds: false });
    // Where the two actions differ, the first step goes to the other side: 2 apart. After both, the place is the same.
    expect(row.predictorErrors[0]).toBeCloseTo(2, 5);
    expect(row.predictorErrors[1]).toBeLessThan(1e-5);
    expect(row.predictionsElsewhere[0]).toBeGreaterThan(50);
    expect(row.faults).toEqual([expect.stringMatching(/^predictions 1 ahead are off by 2\.00, of 0\.\d+ allowed$/)]);
  });

  test('a wrong layout: images that are described as NHWC to an encoder that takes NCHW', async () => {
    const right = lineWorld(folder('nchw'), { images: { described: 'nchw' } });
    const wrong = lineWorld(folder('nhwc'), { images: { described: 'nhwc' } });
    // The reference reads another form of the model, whose description is right.
    const reference: Runner = { ...faithful('reference'), format: 'tfjs' };
    const against = (onnx: EvaluationSubject['onnx']): World => ({
      ...right,
      subject: { ...right.subject, onnx, tfjs: right.subject.onnx },
    });
    const good = ran((await recordOf(against(right.subject.onnx), [faithful('right')], {}, reference)).runtimes[0]);
    expect(good).toMatchObject({ holds: true, verdict: 'distinct' });
    const bad = ran((await recordOf(against(wrong.subject.onnx), [faithful('wrong')], {}, reference)).runtimes[0]);
    expect(bad).toMatchObject({ holds: false, verdictHolds: false });
    expect(bad.maxLatentError).toBeGreaterThan(0.1);
  });

  test('latents that were recorded at export and are missed now', async () => {
    const observations = Float32Array.of(1, 2, 3, 4);
    const right = { count: 2, observations: [observations], latents: observations };
    expect(ran((await recordOf({ ...world, recorded: right }, [faithful('same')])).runtimes[0])).toMatchObject({
      holds: true,
      recordedError: 0,
    });
    const other = { ...right, latents: Float32Array.of(1, 2, 3, 5) };
    const row = ran((await recordOf({ ...world, recorded: other }, [faithful('other')])).runtimes[0]);
    expect(row.faults).toEqual(['latents recorded at export are missed by 1.00']);
  });

  test('half precision where the margin is too small for it, and not where it is large enough', async () => {
    const half = (bytes: Uint8Array, name: string) => {
      const path = join(root, name);
      writeFileSync(path, encodeModel(toFloat16(decodeModel(bytes, name), { keepPorts: true })));
      return path;
    };
    // 1.0004 is no half: the nearest is 1.
    const kernel = [1.0004, 0, 0, 1];
    const near = encoderBytes(kernel);
    const nearWorld = lineWorld(folder('near'), { encoder: near });
    const good: Runner = { ...faithful('near', [], half(near, 'near.onnx')), model: 'float16' };
    const held = ran((await recordOf(nearWorld, [good])).runtimes[0]);
    expect(held).toMatchObject({ holds: true, model: 'float16' });
    expect(held.maxLatentError).toBeGreaterThan(1e-3);
    // The same places, 4097 and a bit from the origin: halves are 4 apart there.
    const far = encoderBytes(kernel, [4097.4, 0]);
    const farWorld = lineWorld(folder('far'), { encoder: far });
    const bad: Runner = { ...faithful('far', [], half(far, 'far.onnx')), model: 'float16' };
    const lost = ran((await recordOf(farWorld, [bad])).runtimes[0]);
    expect(lost).toMatchObject({ holds: false, verdictHolds: false });
    expect(lost.maxLatentError).toBeGreaterThan(1);
  });

  test('an error at one batch size only', async () => {
    const record = await recordOf(world, [faithful('one', ['--batch-of-one'])], { batchSizes: [1, 64] });
    const row = ran(record.runtimes[0]);
    expect(row.maxLatentError).toBeCloseTo(100, 3);
    expect(row.holds).toBe(false);
  });
});

describe('a runner that does not do what it should is a row, and the others still run', () => {
  const node = process.execPath;
  const inline = (name: string, code: string) => scripted(name, { program: node, arguments: ['-e', code, '--'] });

  test.each([
    ['crashes', inline('crashes', 'process.kill(process.pid, "SIGSEGV")'), /the signal SIGSEGV/],
    [
      'fails with a line',
      inline('fails', 'console.error("no such operator: Mish"); process.exit(1)'),
      /^exit code 1: no such operator: Mish$/,
    ],
    ['writes nothing', inline('silent', ''), /^runtime\.json: expected JSON that says what ran, got none$/],
    ['says nothing that can be read', faithful('unreadable', ['--no-json']), /^runtime\.json: expected JSON/],
    [
      'writes too little',
      faithful('short', ['--short']),
      /^latent\.bin: expected 1600 bytes \(float32 \[200, 2\]\), got 1596$/,
    ],
    ['writes numbers that are none', faithful('nan', ['--nan']), /^latents: expected finite numbers, got 1 of 200/],
  ])('one that %s', async (_, runner, reason) => {
    const record = await recordOf(world, [runner, faithful('after')]);
    const [bad, good] = record.runtimes;
    expect(bad).toMatchObject({ status: 'failed', reason: expect.stringMatching(reason) });
    expect(ran(good).holds).toBe(true);
    expect(record.holds).toBe(false);
  });

  test('one that hangs is stopped at the limit', async () => {
    const hangs = inline('hangs', 'setInterval(() => {}, 1000)');
    const verification = recordOf(world, [hangs], { timeMs: 3000 });
    expect((await verification).runtimes[0]).toMatchObject({
      status: 'failed',
      reason: 'expected an end within 3 s, got none: it was stopped',
    });
  }, 60_000);

  test.skipIf(process.platform !== 'linux')('one that takes all memory is stopped at the limit', async () => {
    const hog = inline('hog', 'const all = []; setInterval(() => all.push(Buffer.alloc(5e7, 1)), 20)');
    const record = await recordOf(world, [hog], { memoryByteLength: 400 * 2 ** 20 });
    expect(record.runtimes[0]).toMatchObject({
      status: 'failed',
      reason: 'expected at most 400 MiB of memory, got more: it was stopped',
    });
  });

  test('one that is absent is no failure, unless it is required', async () => {
    const says = inline('says', 'console.error("a warning"); console.error("no GPU\\tPut one in."); process.exit(3)');
    const missing = scripted('missing', { program: join(root, 'no-such-program'), arguments: [] });
    const unfound: Runner = {
      ...missing,
      name: 'unfound',
      isRequired: true,
      find: () => Promise.reject(new UnavailableError('the program is not built', { remedy: 'Build it.' })),
    };
    const optional = await recordOf(world, [says, missing]);
    expect(optional.runtimes).toMatchObject([
      { runtime: 'says', status: 'absent', reason: 'no GPU', remedy: 'Put one in.' },
      { runtime: 'missing', status: 'absent' },
    ]);
    expect(optional.holds).toBe(true);
    const required = await recordOf(world, [unfound]);
    expect(required.runtimes[0]).toMatchObject({
      status: 'absent',
      reason: 'the program is not built',
      isRequired: true,
    });
    expect(required.holds).toBe(false);
  });

  test('a variant that nobody named is told, not judged', async () => {
    const path = join(root, 'bad-variant.onnx');
    writeFileSync(path, encoderBytes([0.05, 0, 0, 1]));
    const variant: Runner = { ...faithful('cpu:int8', [], path), model: 'int8', isJudged: false };
    const record = await recordOf(world, [variant]);
    expect(ran(record.runtimes[0]).holds).toBe(false);
    expect(record.holds).toBe(true);
    expect((await recordOf(world, [{ ...variant, isJudged: true }])).holds).toBe(false);
  });

  test('without any reference there is nothing to compare with', async () => {
    await expect(
      verify(
        { ...world, runners: [], references: [inline('broken', 'process.exit(1)')] },
        { observations: 10, seed: 0, batchSizes: [4], threads: 1, limits },
      ),
    ).rejects.toThrow('verify: expected a reference that runs, got none (broken: exit code 1: no output)');
  });
});

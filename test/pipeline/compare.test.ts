// `compareResults` of runs, exports, ONNX files and evaluations: what is paired, what is told, and what is refused.
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareResults } from '../../pipeline/compare/run.ts';
import { evaluateEncoder } from '../../pipeline/encoder/evaluate.ts';
import type { EvaluateEncoderOptions } from '../../pipeline/encoder/option.ts';
import { evaluateRun } from '../../pipeline/evaluate/run.ts';
import { describeError } from '../../src/error.ts';
import { runComparisonJsonSchema, runComparisonSchema } from '../../src/evaluation/schema/comparison.ts';
import { formatJson } from '../../src/json.ts';
import { readReportPage } from '../../src/report/page.ts';
import { writeImageSet } from '../evaluation/baseline/image-set.ts';
import { writeRunFixture } from '../evaluation/run-fixture.ts';

const fixture = (name: string) => join(import.meta.dirname, '..', 'fixtures', 'foreign-encoder', name);
const folder = mkdtempSync(join(tmpdir(), 'jepa-compare-'));
const at = (...names: string[]) => join(folder, ...names);
const classes = { of: 'column', column: 'label' } as const;

async function evaluated(name: string, options: Partial<EvaluateEncoderOptions> = {}, as = name): Promise<string> {
  copyFileSync(fixture(name), at(as));
  await evaluateEncoder(at(as), { data: at('images.npz'), classes, ...options });
  return at(as);
}

beforeAll(async () => {
  writeImageSet(at('images.npz'), { count: 200, seed: 0 });
  await evaluated('quarters.onnx');
  await evaluated('collapsed.onnx');
  await evaluated('quarters.onnx', { observations: 60 }, 'fewer.onnx');
  for (const [name, seed] of [
    ['a', 0],
    ['b', 1],
  ] as const) {
    await writeRunFixture(at(name), { assignments: [`seed=${seed}`] });
    const rows = [10, 20, 30].map((step) => JSON.stringify({ step, loss: 1 / step, latentDeviation: 0.5 }));
    writeFileSync(join(at(name), 'metrics.jsonl'), `${rows.join('\n')}\n`);
    await evaluateRun(at(name), { observations: 120, reference: 'cpu' });
  }
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

const refusal = (paths: readonly string[], out: string | false = false) =>
  compareResults(paths, { out }).then(() => 'no refusal', describeError);

describe('a comparison', () => {
  test('of two files pairs the observations that both judged, and finds what was lost', async () => {
    const record = await compareResults([at('quarters.onnx'), at('collapsed.onnx')], { out: false });
    expect(runComparisonSchema.parse(record).subjects.map(({ name, kind, verdict }) => [name, kind, verdict])).toEqual([
      ['quarters', 'encoder', 'distinct'],
      ['collapsed', 'encoder', 'coarse'],
    ]);
    const [accuracy, toldApart] = record.differences;
    expect(accuracy).toMatchObject({
      of: 'collapsed',
      against: 'quarters',
      method: 'paired',
      unit: 'observation',
      won: 0,
    });
    const [before, now] = record.subjects.map((subject) => subject.accuracy.value);
    expect(accuracy.difference).toBeCloseTo(now - before, 12);
    expect(accuracy.lost).toBe(Math.round(record.subjects[0].observations * (before - now)));
    // All lost: 2 * 2^-lost, and Holm of two.
    expect(accuracy.p).toBeCloseTo(2 * 2 ** -(accuracy.lost ?? 0), 30);
    expect(accuracy.adjusted).toBeGreaterThanOrEqual(accuracy.p);
    expect(toldApart.measure).toBe('observations told apart');
    expect(record.settings.map(({ name }) => name)).toEqual(['evaluation.sha256']);
  });

  test('of another draw is one of two samples', async () => {
    const { differences } = await compareResults([at('quarters.onnx'), at('fewer.onnx')], { out: false });
    expect(differences[0]).toMatchObject({ method: 'two samples', lost: null, won: null, difference: 0, p: 1 });
  });

  test('of runs tells the settings that differ, draws their curves over each other, and takes an evaluation by itself', async () => {
    const evaluation = at('former.json');
    copyFileSync(join(at('a'), 'evaluation.json'), evaluation);
    const record = await compareResults([at('a'), at('b'), evaluation], { out: at('page.html') });
    expect(record.subjects.map(({ kind }) => kind)).toEqual(['run', 'run', 'evaluation']);
    // The run and its evaluation have one name: they are told apart by their paths.
    expect(record.subjects.map(({ name }) => name)).toEqual([at('a'), 'b', evaluation]);
    expect(record.settings.find(({ name }) => name === 'seed')?.values).toEqual(['0', '1', null]);
    expect(record.differences.filter(({ of }) => of === evaluation)).toMatchObject([
      { lost: 0, won: 0, p: 1 },
      { lost: 0, won: 0, p: 1 },
    ]);
    expect(JSON.parse(readFileSync(at('page.json'), 'utf8'))).toEqual(record);
    const report = readReportPage(readFileSync(at('page.html'), 'utf8'));
    const curves = report?.sections.find(({ id }) => id === 'curves')?.blocks[0];
    expect(curves).toMatchObject({ kind: 'lines', title: 'Loss' });
    expect(curves?.kind === 'lines' && curves.series.map(({ name, points }) => [name, points.length])).toEqual([
      [at('a'), 3],
      ['b', 3],
    ]);
  });

  test('of an evaluation without outcomes has its intervals, and no test', async () => {
    const former = JSON.parse(readFileSync(at('quarters.evaluation.json'), 'utf8'));
    delete former.judged;
    delete former.runtimes[0].outcomes;
    writeFileSync(at('older.json'), JSON.stringify(former));
    const { subjects, differences } = await compareResults([at('collapsed.onnx'), at('older.json')], { out: false });
    expect(differences).toEqual([]);
    expect(subjects[1]).toMatchObject({ toldApart: null, accuracy: { value: 1 } });
    // Clopper and Pearson of n of n: 0.025^(1/n).
    expect(subjects[1].accuracy.interval[0]).toBeCloseTo(0.025 ** (1 / subjects[1].observations), 6);
  });
});

describe('what cannot be compared is refused in one line', { timeout: 120_000 }, () => {
  test('too few, twice the same, not evaluated, evaluated before it was changed', async () => {
    expect(await refusal([at('a')])).toMatch(/expected at least two runs or files, got 1/);
    expect(await refusal([at('a'), `${at('a')}/.`])).toMatch(/expected each once, got .* twice/);
    copyFileSync(fixture('numbers.onnx'), at('numbers.onnx'));
    expect(await refusal([at('a'), at('numbers.onnx')])).toMatch(
      /expected its evaluation, .*numbers\.evaluation\.json, got nothing there\. Evaluate it first: jepa evaluate/,
    );
    mkdirSync(at('empty'));
    expect(await refusal([at('a'), at('empty')])).toMatch(/expected the folder of a run or of an export/);
    copyFileSync(fixture('quarters-int8.onnx'), at('changed.onnx'));
    copyFileSync(at('quarters.evaluation.json'), at('changed.evaluation.json'));
    expect(await refusal([at('quarters.onnx'), at('changed.onnx')])).toMatch(/got one of a former file of that name/);
  });

  test('other classes, other data, what is no evaluation, a page that is none', async () => {
    expect(await refusal([at('quarters.onnx'), at('a')])).toMatch(
      /expected classes as in .*quarters\.onnx, by column, got by reward/,
    );
    writeImageSet(at('others.npz'), { count: 80, seed: 1 });
    await evaluated('quarters.onnx', { data: at('others.npz') }, 'other.onnx');
    expect(await refusal([at('quarters.onnx'), at('other.onnx')])).toMatch(
      /expected observations as in .*, of images\.npz, got of others\.npz/,
    );
    writeImageSet(at('three.npz'), { count: 80, seed: 1, mix: [1, 1, 1, 0] });
    await evaluated('quarters.onnx', { data: at('three.npz') }, 'three.onnx');
    expect(await refusal([at('quarters.onnx'), at('three.onnx')])).toMatch(
      /expected classes as in .*, with "label 3", got 3 others/,
    );
    writeFileSync(at('no.json'), '{"format": 2, "encoder": 1}');
    expect(await refusal([at('a'), at('no.json')])).toMatch(/no\.json: expected an evaluation, got JSON that is none/);
    appendFileSync(at('no.json'), '!');
    expect(await refusal([at('a'), at('no.json')])).toMatch(/characters that are no JSON/);
    writeFileSync(
      at('newer.json'),
      JSON.stringify({ ...JSON.parse(readFileSync(at('quarters.evaluation.json'), 'utf8')), format: 3 }),
    );
    expect(await refusal([at('a'), at('newer.json')])).toMatch(/expected format 2, got 3/);
    expect(await refusal([at('a'), at('b')], 'page.txt')).toMatch(
      /`out`: expected the name of a page, NAME\.html, got "page\.txt"/,
    );
    expect(existsSync('page.txt')).toBe(false);
  });
});

test('docs/schema/run-comparison.schema.json is the schema of the code (vitest -u writes it)', async () => {
  const path = join(import.meta.dirname, '../../docs/schema/run-comparison.schema.json');
  await expect(formatJson(runComparisonJsonSchema())).toMatchFileSnapshot(path);
});

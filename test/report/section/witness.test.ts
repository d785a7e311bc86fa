// The section of witnesses, of an evaluation of small networks that were never trained.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { networksOfConfiguration } from '../../../pipeline/network/environment.ts';
import { classesOf } from '../../../src/evaluation/class/state.ts';
import { type Evaluation, evaluate } from '../../../src/evaluation/evaluate.ts';
import { recordOf } from '../../../src/evaluation/schema/describe.ts';
import type { EvaluationRecord } from '../../../src/evaluation/schema/evaluation.ts';
import { type ReportSection, sectionSchema } from '../../../src/report/report.ts';
import { witnessSection } from '../../../src/report/section/witness.ts';
import { openSubject } from '../../../src/run/subject.ts';
import { writeRunFixture } from '../../evaluation/run-fixture.ts';

const root = mkdtempSync(join(tmpdir(), 'jepa-witness-section-'));
afterAll(() => rmSync(root, { recursive: true }));

describe('section of witnesses', () => {
  let evaluation: Evaluation;
  let record: EvaluationRecord;
  let section: ReportSection;
  beforeAll(async () => {
    const run = join(root, 'run');
    await writeRunFixture(run);
    const subject = openSubject(run);
    const networks = await networksOfConfiguration(subject.configuration, 'cpu');
    const classes = await classesOf(networks.environment, 'reward', networks.auxiliaries);
    const options = { runtimes: ['cpu'], reference: 'cpu', observations: 36, seed: 0, threads: 1 };
    evaluation = await evaluate({ subject, ...networks, classes }, options);
    record = recordOf(evaluation);
    section = witnessSection(evaluation, record);
  });

  const foundWitnesses = () => {
    const { witnesses } = evaluation.inspection;
    if (!witnesses.isFound) throw new Error(witnesses.reason);
    return witnesses.witnesses;
  };

  test('fits the schema, and opens with the nearest pair in words', () => {
    expect(sectionSchema.parse(section)).toEqual(section);
    const sentence = record.witnesses.none === null ? record.witnesses.pairs[0].sentence : '';
    expect(sentence).not.toBe('');
    expect(section.finding).toContain(sentence);
  });

  test('shows the images that the networks were given, the first observation of each side first in its row', () => {
    const [{ path }] = foundWitnesses();
    const images = section.blocks.find(({ kind }) => kind === 'images');
    if (images?.kind !== 'images') throw new Error('expected images');
    const perSide = images.items.length / 2;
    const size = path.observations.length / (2 * (path.word.length + 1));
    [0, 1].forEach((side) => {
      const { data } = decode(Buffer.from(images.items[side * perSide].png, 'base64'));
      const row = side * (path.word.length + 1);
      expect(Buffer.from(data)).toEqual(Buffer.from(path.observations.subarray(row * size, (row + 1) * size)));
    });
  });

  test('marks in the table of steps what the record names as broken, and nothing else', () => {
    const tables = section.blocks.filter((block) => block.kind === 'table');
    foundWitnesses()
      .slice(0, 3)
      .forEach(({ trace: { breaks, word } }, n) => {
        const table = tables[n];
        expect(table.rows).toHaveLength(word.length + 1);
        const marked = table.rows.flatMap((row, step) =>
          row.flatMap((cell, column) => (typeof cell === 'string' ? [] : [[step, column]])),
        );
        const first = breaks.kind === 'dynamics' ? 4 : 6;
        expect(marked).toEqual(breaks.kind === 'distance' ? [] : [[breaks.step, first + (breaks.side ?? 0)]]);
      });
  });

  test('says in one line why there are none, and still what varies within the classes', () => {
    const without = { ...record, witnesses: { none: 'there is no auxiliary function' } };
    const { finding, blocks } = witnessSection(evaluation, without);
    expect(finding).toBe('There are none: there is no auxiliary function.');
    expect(blocks).toHaveLength(1);
    expect(JSON.stringify(blocks)).toContain('The theorem does not forbid them to differ');
  });
});

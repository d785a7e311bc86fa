import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { logDigest, type MetricsRecord, openMetricsLog, readMetrics } from '../../src/storage/jsonl.ts';
import { createFaultyFileSystem } from './faulty-file-system.ts';
import { temporaryFolder } from './temporary-folder.ts';

const records: readonly MetricsRecord[] = [
  { step: 1, loss: 0.1 + 0.2, phase: 'train' },
  { step: 2, loss: Number.NaN, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, zero: -0 },
  { step: 3, loss: 5e-324, note: 'line\nbreak\u2028', ok: false, nothing: null },
];

function write(path: string, lines: readonly MetricsRecord[], resumeStep?: number): void {
  const log = openMetricsLog(path, { resumeStep });
  for (const record of lines) log.append(record);
  log.dispose();
}

describe('the metrics log', () => {
  test('reads back what was appended, in two sittings, numbers exact and NaN included', () => {
    const path = join(temporaryFolder(), 'metrics.jsonl');
    expect(readMetrics(path)).toEqual({ records: [], isTorn: false });
    write(path, records.slice(0, 1));
    write(path, records.slice(1));
    // JSON has no -0.
    expect(readMetrics(path)).toEqual({ records: [records[0], { ...records[1], zero: 0 }, records[2]], isTorn: false });
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(4);
  });

  test('every line is plain JSON, for readers that know nothing of this file', () => {
    const path = join(temporaryFolder(), 'metrics.jsonl');
    write(path, records);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).step)).toEqual([1, 2, 3]);
    expect(JSON.parse(lines[1]).loss).toBe('NaN');
  });

  test('cut at any byte, it gives the whole lines before and says that one is torn', () => {
    const path = join(temporaryFolder(), 'metrics.jsonl');
    write(path, records);
    const bytes = readFileSync(path);
    const ends = [...bytes.keys()].filter((i) => bytes[i] === 10).map((i) => i + 1);
    for (let length = 0; length <= bytes.byteLength; length++) {
      writeFileSync(path, bytes.subarray(0, length));
      const found = readMetrics(path);
      expect(found.records).toHaveLength(ends.filter((end) => end <= length).length);
      expect(found.isTorn).toBe(length > 0 && !ends.includes(length));
    }
  });

  test('resumed at a step, it goes on as if the later steps had never been, whatever tore it', () => {
    const path = join(temporaryFolder(), 'metrics.jsonl');
    write(path, records);
    const undisturbed = readFileSync(path);
    writeFileSync(path, Buffer.concat([undisturbed, Buffer.from('{"step":4,"lo')]));
    write(path, records.slice(2), 2);
    expect(readFileSync(path)).toEqual(undisturbed);
    write(path, [], 0);
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  test('a broken line in the middle is refused with its number', () => {
    const path = join(temporaryFolder(), 'metrics.jsonl');
    writeFileSync(path, '{"step":1}\n{"step":"2"}\n{"step":3}\n');
    expect(() => readMetrics(path)).toThrow(
      `${path} line 2: expected a JSON object with a step, got "{\\"step\\":\\"2\\"}"`,
    );
  });

  test('a full disk is one line', () => {
    const path = join(temporaryFolder(), 'metrics.jsonl');
    const { files } = createFaultyFileSystem({ atCall: 3, isLasting: true, code: 'ENOSPC' });
    const log = openMetricsLog(path, { files });
    expect(() => log.append({ step: 1 })).toThrow(
      `write ${path}: expected to append a line, got ENOSPC (no space left on the device)`,
    );
    log.dispose();
  });
});

describe('what a log says of its rows', () => {
  test('is their number and hash, also after a second sitting; and the first rows of a longer log say the same', () => {
    const path = join(temporaryFolder(), 'metrics.jsonl');
    const first = openMetricsLog(path);
    for (const step of [10, 20]) first.append({ step, loss: 1 / step });
    const two = first.sync();
    first.dispose();
    expect(two.rows).toBe(2);
    const second = openMetricsLog(path, { resumeStep: 20 });
    second.append({ step: 30, loss: 0 });
    const three = second.sync();
    second.dispose();
    expect(logDigest(path, 3)).toEqual(three);
    expect(logDigest(path, 2)).toEqual(two);
    expect(three.sha256).toBe(createHash('sha256').update(readFileSync(path)).digest('hex'));
  });

  test.each([
    ['cut short', (text: string) => text.slice(0, text.indexOf('\n') + 5), 1],
    ['lost', () => '', 0],
    ['garbage in the middle', (text: string) => text.replace('{"step":20', '#garbage'), 1],
  ])('does not count what is %s, and a log that goes on from fewer rows drops the rest', (_what, harm, rows) => {
    const path = join(temporaryFolder(), 'metrics.jsonl');
    writeFileSync(path, harm('{"step":10}\n{"step":20}\n{"step":30}\n'));
    expect(logDigest(path, 3).rows).toBe(rows);
    const log = openMetricsLog(path, { resumeStep: 10, resumeRows: rows });
    log.append({ step: 40 });
    log.dispose();
    expect(readMetrics(path).records.map(({ step }) => step)).toEqual([...[10].slice(0, rows), 40]);
  });
});

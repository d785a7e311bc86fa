import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type MetricsRecord, openMetricsLog, readMetrics } from '../../src/storage/jsonl.ts';
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
    const { files } = createFaultyFileSystem({ atCall: 2, isLasting: true, code: 'ENOSPC' });
    const log = openMetricsLog(path, { files });
    expect(() => log.append({ step: 1 })).toThrow(
      `write ${path}: expected to append a line, got ENOSPC (no space left on the device)`,
    );
    log.dispose();
  });
});

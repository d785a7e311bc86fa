// `jepa certify` on encoders that another exporter made, and where it is called wrongly.
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeModel, encodeModel, toFloat16 } from '../../../export/index.ts';
import { proofJsonSchema, proofSchema } from '../../../src/evaluation/schema/proof.ts';
import { formatJson } from '../../../src/json.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { jepaWith } from '../jepa.ts';

const jepa = jepaWith([]);

const fixture = (name: string) => join(import.meta.dirname, '..', '..', 'fixtures', 'foreign-encoder', name);
const labelled = ['--data', fixture('labelled.npz'), '--classes', 'column:label'];

// Each starts a process or two.
describe('jepa certify', { timeout: 120_000 }, () => {
  test('proves that clean classes stay, writes beside the file, and evaluate shows it', async () => {
    const folder = temporaryFolder();
    const encoder = join(folder, 'quarters.onnx');
    copyFileSync(fixture('quarters.onnx'), encoder);
    const { code, stdout, stderr } = await jepa('certify', encoder, ...labelled, '--json', '--fail-below', '1');
    expect(stderr).toContain('quarters.certificate.json: the certificate');
    expect(code).toBe(0);
    const record = proofSchema.parse(JSON.parse(stdout));
    expect(JSON.parse(readFileSync(join(folder, 'quarters.certificate.json'), 'utf8'))).toEqual(record);
    expect(record).toMatchObject({ certified: 1, certifiedOfRight: 1, accuracyRange: [1, 1], undecided: [] });
    // Means of 16 pixels between 0 and 1: 15 additions of at most the sum, the products and the division.
    expect(record.latentErrorBound.largest).toBeLessThan(12 * 20 * 2 ** -24);
    expect(record.measured[0]).toMatchObject({ runtime: 'cpu', elsewhere: 0 });
    expect(record.measured[0].largestPart).toBeLessThan(1);
    const table = (await jepa('evaluate', encoder, ...labelled, '--no-report')).stdout;
    // 15 of each class are all on their side, which is too few for an answer: a share of 0.9 cannot be excluded.
    expect(record.verdict).toMatchObject({
      isDistinct: true,
      separable: { answer: 'undecided', isProven: false, range: [1, 1], threshold: 0.9 },
    });
    expect(table).toMatch(
      /proven of every float32 runtime: verdict distinct, proven \(told apart: undecided; each one cluster: [^)]+\), latent error at most 1\.75e-6/,
    );
    expect(table).toContain('100.0% of those that are right are certain');
    writeFileSync(join(folder, 'quarters.certificate.json'), '{');
    const broken = await jepa('evaluate', encoder, ...labelled, '--no-report');
    expect(broken.code).toBe(1);
    expect(broken.stderr).toMatch(/quarters\.certificate\.json: expected a certificate of format 1, got another file/);
  });

  test('says what it cannot decide, and fails where that is too much', async () => {
    const { code, stdout, stderr } = await jepa(
      ...['certify', fixture('collapsed.onnx'), ...labelled, '--no-report', '--runtime', 'none', '--fail-below', '1'],
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/--fail-below 1: 0\.9\d+ certified/);
    expect(stdout).toMatch(/not decided: label \d or label \d \(\d\)/);
    expect(existsSync(fixture('collapsed.certificate.json'))).toBe(false);
  });

  test.each([
    [['--runtime', 'cuda:tf32'], '--runtime: expected runtimes that run ONNX files in float32, got cuda:tf32'],
    [['--additions', '0'], '--additions'],
    [['--fail-below', '2'], '--fail-below: expected a share between 0 and 1, got "2"'],
  ])('refuses %j in one line', async (argv, message) => {
    const { code, stderr } = await jepa('certify', fixture('quarters.onnx'), ...labelled, ...argv);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('refuses half precision by the name of a node', async () => {
    const path = join(temporaryFolder(), 'half.onnx');
    const model = decodeModel(readFileSync(fixture('numbers.onnx')), 'numbers.onnx');
    writeFileSync(path, encodeModel(toFloat16(model, { keepPorts: true })));
    const { code, stderr } = await jepa(
      ...['certify', path, '--data', fixture('numbers.npz'), '--classes', 'column:label'],
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/^jepa: half\.onnx: expected float32, got float16 \(/);
  });
});

test('docs/schema/certificate.schema.json is the schema of the code (vitest -u writes it)', async () => {
  const path = join(import.meta.dirname, '..', '..', '..', 'docs', 'schema', 'certificate.schema.json');
  await expect(formatJson(proofJsonSchema())).toMatchFileSnapshot(path);
});

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { refreshModelCard } from '../../../pipeline/export/model-card.ts';
import { writeExportDescription } from '../../../src/storage/export-description.ts';

let run: string;
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), 'jepa-card-'));
});
afterEach(() => rmSync(run, { recursive: true, force: true }));

function writeExport(): void {
  const folder = join(run, 'export');
  mkdirSync(folder);
  writeExportDescription(folder, {
    run: 'a',
    step: 30,
    configuration: { environment: { name: 'counting' }, seed: 0 },
    encoder: {
      file: 'encoder.onnx',
      input: { name: 'observation', layout: 'nchw', type: 'float32', height: 8, width: 8, channels: 3 },
      output: { name: 'latent', size: 4 },
    },
    predictor: {
      file: 'predictor.onnx',
      inputs: { latent: 'latent', action: 'action' },
      actionSize: 2,
      output: { name: 'next_latent' },
    },
    license: 'mit',
  });
  const outputs = [{ maxAbsError: 1e-6 }, { maxAbsError: 2.5e-6 }];
  const parity = { encoder: { runtime: { version: 'onnxruntime-node 1' }, reference: 'tfjs 4', outputs } };
  writeFileSync(join(folder, 'parity.json'), JSON.stringify(parity));
}

function writeEvaluation(step: number): void {
  const numbers = Object.fromEntries(
    [
      ...['nearestCentroidAccuracy', 'smallestRecall', 'nearestNeighbourAccuracy', 'gapRatio', 'centroidGapRatio'],
      ...[
        'smallestGap',
        'silhouette',
        'effectiveRank',
        'dynamicsResidual',
        'relativeDynamicsResidual',
        'maxLatentError',
      ],
    ].map((name) => [name, 0.625]),
  );
  const evaluation = {
    format: 2,
    step,
    environment: { name: 'counting' },
    observations: 10,
    transitions: 10,
    classes: { of: 'reward', names: ['0', '1'] },
    runtimes: [{ runtime: 'cpu', version: '1', verdict: 'distinct', ...numbers }],
  };
  writeFileSync(join(run, 'evaluation.json'), JSON.stringify(evaluation));
}

const card = () => readFileSync(join(run, 'export/README.md'), 'utf8');

test('an evaluation of the exported step comes into the card, with the licence and the largest difference', () => {
  writeExport();
  writeEvaluation(30);
  refreshModelCard(run);
  const front = parse(card().split('---\n')[1]);
  expect(front.license).toBe('mit');
  expect(front['model-index'][0].results[0].metrics[0].value).toBe(0.625);
  expect(card()).toContain('| `encoder.onnx` | 2.5e-6 | onnxruntime-node 1 | tfjs 4 |');
});

test('an evaluation of another step stays out of it', () => {
  writeExport();
  writeEvaluation(29);
  refreshModelCard(run);
  expect(card()).toContain('Not evaluated yet at this step');
});

test('a parity.json of something else is named', () => {
  writeExport();
  writeFileSync(join(run, 'export/parity.json'), '{"encoder": {"outputs": []}}');
  expect(() => refreshModelCard(run)).toThrow(
    /parity\.json: expected what jepa export measured, got encoder\.[a-z]+: /,
  );
});

test('a run without an export gets no card', () => {
  refreshModelCard(run);
  expect(() => card()).toThrow(/ENOENT/);
});

// docs/walkthroughs/deployment.md as it is written: an encoder that PyTorch exported, 8-bit copies by onnxruntime's own quantiser,
// judged, gated, compared, and watched for drift.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runComparisonSchema } from '../src/evaluation/schema/comparison.ts';
import { driftSchema } from '../src/evaluation/schema/drift.ts';
import { encoderEvaluationSchema } from '../src/evaluation/schema/evaluation.ts';
import { findPython } from './python/python.ts';
import { temporaryFolder } from './storage/temporary-folder.ts';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/walkthroughs/deployment.md'), 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, block]) => block);
const outside = page.replaceAll(/^```.*?^```$/gms, '');
const preparation = [...outside.matchAll(/^ {4}(.+)$/gm)].map(([, command]) => command);
const commands = blocks('sh').flatMap((block) => block.trim().split('\n'));

const python = findPython('numpy', 'onnx', 'onnxruntime');

describe('docs/walkthroughs/deployment.md', () => {
  test.skipIf(python === undefined)(
    'an encoder calibrated on one class falls and fails the gate, a careful copy does not; a camera that moved is seen',
    () => {
      const folder = temporaryFolder();
      const [photographs, encoder, quantise] = blocks('python');
      expect(encoder).toContain('torch.onnx.export(');
      writeFileSync(join(folder, 'photographs.py'), photographs);
      writeFileSync(join(folder, 'quantise.py'), quantise);
      // What encoder.py made: PyTorch is no requirement of these tests.
      copyFileSync(join(root, 'test/fixtures/person-encoder/encoder.onnx'), join(folder, 'encoder.onnx'));
      const bin = join(folder, 'bin');
      mkdirSync(bin);
      const script = (name: string, line: string) =>
        writeFileSync(join(bin, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
      script('jepa', `exec "${process.execPath}" "${join(root, 'bin/jepa.js')}" "$@"`);
      script('python', `exec "${python}" "$@"`);
      const run = (command: string) => {
        const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
        return spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8', env });
      };
      const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));

      expect(preparation).toHaveLength(5);
      for (const command of preparation.filter((each) => each !== 'python encoder.py')) {
        const { status, stderr } = run(command);
        expect(status, `${command}\n${stderr}`).toBe(0);
      }
      // A quarter of the size: it is quantised.
      expect(statSync(join(folder, 'careless.onnx')).size).toBeLessThan(
        statSync(join(folder, 'encoder.onnx')).size / 2,
      );
      const [careful, careless, compare, today, moved] = commands.map(run);
      expect([careful, careless, compare, today, moved].map(({ status }) => status)).toEqual([0, 1, 0, 0, 1]);

      expect(careful.stderr).toContain('jepa: not worse than baseline.json: ');
      expect(careless.stdout).toMatch(
        /^::error file=careless\.onnx,title=jepa evaluate%3A verdict \(cpu\)::distinct in baseline\.json, now coarse/m,
      );
      const { gate, runtimes } = encoderEvaluationSchema.parse(read('careless.evaluation.json'));
      expect(runtimes[0]).toMatchObject({ verdict: 'coarse', precision: 'int8' });
      // The two who stand in the sun.
      expect([...runtimes[0].separable.pair].sort()).toEqual(['label 0', 'label 1']);
      expect(gate).toMatchObject({ holds: false, method: 'paired' });
      const { subjects, differences } = runComparisonSchema.parse(read('compare.json'));
      expect(subjects.map(({ name, verdict }) => [name, verdict])).toEqual([
        ['encoder', 'distinct'],
        ['careful', 'distinct'],
        ['careless', 'coarse'],
      ]);
      const fell = differences.filter(({ adjusted }) => adjusted < 0.001);
      expect(new Set(fell.map(({ of }) => of))).toEqual(new Set(['careless']));
      expect(today.stdout).toContain('no drift found');
      // Both batches wrote their page to the same place: the last one is the camera that moved.
      expect(driftSchema.parse(read('encoder.drift.json'))).toMatchObject({
        observed: 'moved.npz',
        hasDrifted: true,
        shift: { hasChanged: true },
      });
    },
  );
});

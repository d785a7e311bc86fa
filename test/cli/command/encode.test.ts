// `jepa encode` and `jepa evaluate --latents` as commands: what one writes the other judges, and says that it never saw the encoder.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encoderEvaluationSchema } from '../../../src/evaluation/schema/evaluation.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { jepaWith } from '../jepa.ts';

const fixture = (name: string) => join(import.meta.dirname, '..', '..', 'fixtures', 'torch-encoder', name);

const jepa = jepaWith([]);

test('latents are written once, judged by themselves, and what nobody said of the encoder is told', async () => {
  const out = join(temporaryFolder(), 'latents.npz');
  const encoding = ['encode', fixture('clip.onnx'), '--data', fixture('observations.npz'), '--out', out];
  const ports = ['--input', 'pixel_values=frames', '--input', 'input_ids=tokens', '--fix', 'attention_mask=1'];
  const refused = await jepa(...encoding, ...ports);
  expect(refused.stderr).toMatch(/clip\.onnx: expected one output, .*Say which is the latent: --output image_embeds\./);
  expect([refused.code, existsSync(out)]).toEqual([2, false]);
  const written = await jepa(...encoding, ...ports, '--output', 'image_embeds', '--normalize', 'l2');
  expect(written.stdout).toMatch(
    /96 latents of 8 numbers in 1 episode, beside tokens, label, mask \(cpu, onnxruntime-node/,
  );
  expect(written.code).toBe(0);
  const again = await jepa(...encoding, ...ports, '--output', 'image_embeds');
  expect(again.stderr).toMatch(/expected a path that is free, got one that exists/);
  expect(again.code).toBe(1);
  const judged = await jepa('evaluate', '--latents', out, '--no-report');
  expect(judged.stdout).toContain(
    'latents that were computed elsewhere: the encoder was never seen, and nothing was run',
  );
  const { code, stdout } = await jepa('evaluate', '--latents', out, '--json', '--fail-on', 'undecided');
  const record = encoderEvaluationSchema.parse(JSON.parse(stdout));
  expect(record).toMatchObject({
    encoder: { file: 'latents.npz', elsewhere: { column: 'latents' } },
    runtimes: [{ verdict: 'distinct', nearestCentroidAccuracy: 1 }],
  });
  // Of 16 observations a class no share of 9 in 10 is certain.
  expect(code).toBe(1);
  expect(existsSync(out.replace('.npz', '.report.html'))).toBe(true);
});

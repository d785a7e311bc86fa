// Writes docs/compatibility.md: every deployment example on every form of one export, as this machine ran them.
// npm run docs:compatibility -- RUN [BUILDS]     (a run, and a folder for the built programs; Markdown on stdout's path docs/)
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportTargets } from '../export/index.ts';
import { exportRun } from '../pipeline/export/run.ts';
import { randomFor } from '../src/random.ts';
import { table } from '../src/report/model-card/table.ts';
import { readExportDescription } from '../src/storage/export-description.ts';
import { requireImageInput } from '../src/storage/export-format.ts';

const root = join(import.meta.dirname, '..');
const [run, builds = mkdtempSync(join(tmpdir(), 'jepa-builds-'))] = process.argv.slice(2);
if (run === undefined) throw new Error('bench/compatibility.ts: expected the folder of a run, got none');

/** Folder in examples/deploy, its program, and what to call it. */
const programs = [
  ['node', 'run', 'onnxruntime-node'],
  ['c', 'run', 'onnxruntime, C'],
  ['go', 'run', 'onnxruntime, Go'],
  ['rust', 'run', 'onnxruntime, Rust (ort)'],
  ['java', 'run', 'onnxruntime, Java'],
  ['python', 'run', 'onnxruntime, Python'],
  ['python', 'run-openvino', 'OpenVINO, Python'],
  ['browser', 'run', 'onnxruntime-web, WebAssembly, Chromium'],
  ['browser', 'run-webgpu', 'onnxruntime-web, WebGPU, Chromium'],
] as const;

const layout = 'nchw';
const pixels = 'float32';
const forms = [
  { name: 'opset 17 (default)', options: {} },
  { name: 'opset 18 (Mish)', options: { opset: 18 } },
  { name: 'opset 21', options: { opset: 21 } },
  { name: 'opset 23', options: { opset: 23 } },
  { name: '`--for candle`', options: { for: 'candle' } },
  { name: 'uint8, NHWC', options: { pixels: 'uint8', layout: 'nhwc' } },
] as const;

const count = 5;
const batchSize = 2;
const scratch = mkdtempSync(join(tmpdir(), 'jepa-compatibility-'));

interface Cell {
  /** Largest difference of latents and predictions to onnxruntime-node's; undefined where it did not run. */
  readonly error?: number;
  readonly message?: string;
  readonly version?: string;
}

function readResults(folder: string): Float32Array[] {
  return ['latent', 'predicted_1', 'predicted_2'].map((name) => {
    const bytes = Uint8Array.from(readFileSync(join(folder, `${name}.bin`)));
    return new Float32Array(bytes.buffer);
  });
}

function largestDifference(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  return Math.max(...a.flatMap((values, i) => Array.from(values, (value, j) => Math.abs(value - b[i][j]))));
}

/** One observation set for all forms: raw pixels, scaled and laid out as the form takes them. */
async function exportForm(index: number): Promise<readonly string[]> {
  const out = join(scratch, `form-${index}`);
  const { folder } = await exportRun(run, { layout, pixels, out, ...forms[index].options });
  const description = readExportDescription(folder);
  const input = requireImageInput('compatibility', description);
  const { height, width, channels } = input;
  const random = randomFor('compatibility');
  const raw = Uint8Array.from({ length: count * height * width * channels }, () => random.integer(256));
  const area = height * width;
  const planes = Uint8Array.from(raw, (_, i) => {
    const [row, inner] = [Math.floor(i / (area * channels)), i % (area * channels)];
    return raw[row * area * channels + (inner % area) * channels + Math.floor(inner / area)];
  });
  const values = input.layout === 'nhwc' ? raw : planes;
  writeFileSync(
    join(folder, 'observations.bin'),
    input.type === 'uint8' ? values : Float32Array.from(values, (v) => v / 255),
  );
  const size = description.predictor.actionSize;
  writeFileSync(
    join(folder, 'actions.bin'),
    Float32Array.from({ length: 2 * count * size }, () => random.uniform()),
  );
  return ['encoder.onnx', 'predictor.onnx', 'observations.bin', 'actions.bin'].map((name) => join(folder, name));
}

function runProgram(program: string, inputs: readonly string[], out: string): Cell {
  const { status, stderr, error } = spawnSync(program, [...inputs, String(count), String(batchSize), out], {
    encoding: 'utf8',
    timeout: 180_000,
  });
  if (status !== 0) return { message: (stderr || error?.message || `exit code ${status}`).trim() };
  const description: unknown = JSON.parse(readFileSync(join(out, 'runtime.json'), 'utf8'));
  const { version } = description as { version: string };
  return { version, error: 0 };
}

const builtReason = new Map<string, string | undefined>();
for (const [folder] of programs) {
  if (builtReason.has(folder)) continue;
  process.stderr.write(`building ${folder}\n`);
  const { status, stderr } = spawnSync(join(root, 'examples/deploy', folder, 'build'), [join(builds, folder)], {
    encoding: 'utf8',
  });
  builtReason.set(folder, status === 0 ? undefined : stderr.trim().split('\n')[0]);
}

const messages: string[] = [];
const versions = new Map<string, string>();
const columns: string[][] = [];
let baseline: Float32Array[] | undefined;
for (const [index, form] of forms.entries()) {
  process.stderr.write(`${form.name}\n`);
  const inputs = await exportForm(index);
  columns.push(
    programs.map(([folder, program, name]) => {
      const reason = builtReason.get(folder);
      if (reason !== undefined) return 'not built';
      const out = join(scratch, `out-${index}-${folder}-${program}`);
      const cell = runProgram(join(builds, folder, program), inputs, out);
      if (cell.version === undefined) {
        messages.push(`- ${name}, ${form.name}: \`${cell.message}\``);
        return `error ${messages.length}`;
      }
      versions.set(name, cell.version);
      const results = readResults(out);
      baseline ??= results;
      const difference = largestDifference(results, baseline);
      return difference === 0 ? '0' : difference.toExponential(1);
    }),
  );
}
for (const [folder, reason] of builtReason)
  if (reason !== undefined) messages.push(`- ${folder}, not built: \`${reason}\``);
rmSync(scratch, { recursive: true, force: true });

const targetRows = Object.entries(exportTargets).map(([name, { opset, avoid, note }]) => [
  `\`${name}\``,
  String(opset),
  avoid.join(', ') || 'none',
  note,
]);
const page = `# Which runtimes run an export

Written by \`npm run docs:compatibility -- RUN\`, from real runs of [the deployment examples](../examples/deploy/README.md) on ${platform()} ${arch()}
(${cpus()[0].model.trim()}). Each number is the largest difference of a latent or of a prediction one and two actions ahead to
onnxruntime-node's at opset 17, over ${count} observations in batches of ${batchSize}; float32 everywhere.

${table(
  ['runtime', 'version', ...forms.map(({ name }) => name)],
  programs.map(([, , name], row) => [name, versions.get(name) ?? 'none', ...columns.map((column) => column[row])]),
)}

${messages.length > 0 ? `Errors:\n\n${messages.join('\n')}` : 'No errors.'}

## \`jepa export --for\`
What an export for a runtime avoids. A given \`--opset\` goes before the target's.

${table(['target', 'opset', 'avoided operators', 'remarks'], targetRows)}

Targets that the table above has no row for (rten 0.27, tract 0.23, OpenCV 5.0, jaxonnxruntime 0.3, candle-onnx 0.11, WebNN of
onnxruntime-web 1.30) have no example here. Their needs were found with networks of the same operators: rten has no Mish,
jaxonnxruntime no LayerNormalization, candle neither LayerNormalization nor Softplus; candle ran such a network with both taken apart, at
opset 11. WebGL in onnxruntime-web is no target: it lacks both too, and takes no free N, not even fixed by the session
("expected shape '[,3,64,64]' but got [5,3,64,64]"); WebAssembly and WebGPU run everywhere that it does.
`;
writeFileSync(join(root, 'docs/compatibility.md'), page);

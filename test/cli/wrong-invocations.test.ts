// Wrong calls of `jepa`: the exact line of each, and its exit code: 2 where the call is wrong in itself (an argument that names
// nothing is), 1 where what it names is not what it should be.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jepa } from './jepa.ts';

const folder = mkdtempSync(join(tmpdir(), 'jepa-wrong-'));
const RUNS = 'Runs are made by: jepa train counting --out FOLDER';
const RUN_OR_EXPORT = `${RUNS}, exports by: jepa export RUN`;
const RUNTIMES = 'cpu, cuda, webgpu, wasm, tfjs';
const GPU = "A GPU's are cuda and webgpu; jepa doctor says which of them this machine can open.";
const record = (...more: string[]) => ['record', './env.mjs', '--out', 'x.npz', ...more];
const configured = (assignment: string) => ['train', 'counting', '--out', 'a', '--set', assignment];

const calls: readonly (readonly [argv: readonly string[], exitCode: 1 | 2, message: string])[] = [
  [['trian'], 2, "unknown command 'trian'. Did you mean train?"],
  [['train', 'counting', '--sead', '1'], 2, "unknown option '--sead'. Did you mean --seed?"],
  [
    ['train', 'counting', '--on', 'moon'],
    2,
    "option '--on <place>' argument 'moon' is invalid. Allowed choices are tensorflow, onnx:cpu, onnx:wasm, onnx:webgpu, onnx:cuda, auto. See: jepa --help",
  ],
  [
    ['reproduce', 'counting', '--judge'],
    2,
    '--judge: expected a claims file, got counting. For example reproductions/counting.yaml.',
  ],
  [
    ['reproduce', 'claims.yaml', '--set', 'a=1'],
    2,
    '--set: expected an environment of the paper, got claims.yaml. A claims file says itself what is run.',
  ],
  [['train', 'counting', '--seed'], 2, "option '--seed <number>' argument missing. See: jepa --help"],
  [
    ['train', '--config', 'none.yaml', '--out', 'a'],
    2,
    '--config none.yaml: expected a readable file, got ENOENT (no such file or folder). Check the path.',
  ],
  [
    ['train', '--config', 'empty', '--out', 'a'],
    2,
    '--config empty: expected a readable file, got EISDIR (it is a folder). Check the path.',
  ],
  [
    ['data', 'inspect', 'empty'],
    1,
    'recording empty: expected a LeRobot, Minari or image folder, or one of recordings, got an empty folder. Check the path.',
  ],
  [['inspect'], 2, "missing required argument 'file'. See: jepa --help"],
  [['inspect', 'none.onnx'], 2, 'none.onnx: expected an ONNX file, got nothing there. Check the path.'],
  [['inspect', 'empty'], 2, 'empty: expected an ONNX file, got a folder. Check the path.'],
  [
    ['inspect', 'text.txt'],
    1,
    'text.txt: expected a field of ModelProto, got tag 108 at offset 3. The file is truncated, damaged or not ONNX.',
  ],
  [
    ['convert', 'none.json', 'o.onnx'],
    2,
    'none.json: expected a model.json or a .keras file, found none at none.json. Check the path.',
  ],
  [
    ['inspect', 'pointer.onnx'],
    1,
    'pointer.onnx: expected a field of ModelProto, got tag 118 at offset 1. It is a pointer of Git LFS, not the file: git lfs pull.',
  ],
  [['inspect', 'nothing.onnx'], 1, 'nothing.onnx: expected a model, got an empty file. Write or fetch it again.'],
  // An alarm is 1: what cannot be read is none.
  [
    ['drift', 'nothing.onnx', '--baseline', 'text.txt', '--data', 'none.npz'],
    2,
    'text.txt: expected a baseline, got 6 characters that are no JSON. Write one: jepa evaluate ... --save-baseline FILE',
  ],
  [
    ['evaluate', 'none', '--format', 'github,junit=none/results.xml'],
    1,
    'none: expected a folder to write the results to, got ENOENT (no such file or folder). Check the path.',
  ],
  [
    ['verify', 'none', '--format', 'junit=empty'],
    2,
    '--format junit: expected a file to write, got a folder (empty). Name a file in it: --format junit=empty/results',
  ],
  [
    ['sweep', 'plan', 'sweep.json', '--out', 'text.txt'],
    1,
    'text.txt/plan.jsonl: expected a path that can be used, got ENOTDIR (a part of the path is not a folder). Check the path.',
  ],
  [
    ['serve', 'nothing.onnx', '--data', 'none.npz', '--build', 'text.txt'],
    1,
    'text.txt: expected a folder, got a file or a path through one. Choose another path.',
  ],
  [
    ['export', 'none', '--fixed-batch'],
    2,
    '--fixed-batch: expected --training-step beside it, got none. The networks themselves take batches of any size.',
  ],
  [['evaluate', 'none'], 2, `none: expected the folder of a run or of an export, got no such folder. ${RUN_OR_EXPORT}`],
  [['evaluate'], 2, 'evaluate: expected the folder of a run, an ONNX file, or --latents FILE, got none of them'],
  [
    ['evaluate', 'a.onnx', '--latents', 'z.npy'],
    2,
    'evaluate: expected the folder of a run, an ONNX file, or --latents FILE, got a.onnx and --latents z.npy',
  ],
  [['evaluate', '--latents', 'none.npy'], 2, 'none.npy: expected a file, got nothing there. Check the path.'],
  [
    ['evaluate', '--latents', 'z.npy', '--runtime', 'wasm'],
    2,
    '--runtime: expected an encoder, got --latents z.npy. Latents are there already: nothing is run.',
  ],
  [
    ['evaluate', 'a.onnx', '--labels', 'l.npy'],
    2,
    '--labels: expected latents that were computed elsewhere, got a.onnx. Name them instead: --latents FILE',
  ],
  [
    ['evaluate', 'a.onnx', '--fix', 'mask'],
    2,
    '--fix: expected NAME=VALUE, got "mask". For example: --fix attention_mask=1',
  ],
  [
    ['encode', 'a.onnx', '--out', 'q.txt'],
    2,
    'q.txt: expected a name that ends with .npz, .h5, .hdf5, .parquet, got ".txt"',
  ],
  [
    ['encode', 'a.onnx', '--out', 'q.npz'],
    2,
    'a.onnx: expected observations to encode, got none. Name a recording: --data RECORDING.',
  ],
  [['evaluate', 'text.txt'], 2, `text.txt: expected the folder of a run or of an export, got a file. ${RUN_OR_EXPORT}`],
  [['verify', 'text.txt'], 2, `text.txt: expected the folder of a run or of an export, got a file. ${RUN_OR_EXPORT}`],
  [['plan', 'text.txt'], 2, `text.txt: expected the folder of a run or of an export, got a file. ${RUN_OR_EXPORT}`],
  [['export', 'text.txt'], 2, `text.txt: expected the folder of a run, got a file. ${RUNS}`],
  [['export', 'empty'], 2, `empty: expected the folder of a run, got a folder without config.json. ${RUNS}`],
  [
    ['evaluate', 'none.onnx', '--data', 'frames.npz'],
    2,
    'none.onnx: expected an ONNX file, got nothing there. Check the path.',
  ],
  [
    ['plan', 'none', '--runtime', 'gpu'],
    2,
    `--runtime: expected the name of a runtime (${RUNTIMES}), got "gpu". ${GPU}`,
  ],
  [
    ['evaluate', 'none', '--runtime', 'gpu'],
    2,
    `--runtime: expected the name of a runtime (${RUNTIMES}), got "gpu". ${GPU}`,
  ],
  [
    ['plan', 'none', '--runtime', 'wsam'],
    2,
    `--runtime: expected the name of a runtime (${RUNTIMES}), got "wsam". Choose one of: ${RUNTIMES}.`,
  ],
  [['new', 'environment', 'a.txt'], 2, 'new environment: expected a name, or one that ends with .ts, got "a.txt"'],
  [
    record('--policy', 'best'),
    2,
    '--policy: expected random, a module (./my-policy.ts), an ONNX file or planner:RUN, got "best"',
  ],
  [record('--policy', 'none.onnx'), 2, '--policy: expected an ONNX file, got none.onnx, which is not there'],
  [
    record('--policy', './none.ts'),
    2,
    'policy ./none.ts: expected a module, got nothing there. Check the path: it is relative to the working folder.',
  ],
  [record('--random-share', '0.5'), 2, '--random-share: expected another policy than random, got --policy random'],
  [
    record('--policy', './p.mjs', '--action-persistence', '0.5'),
    2,
    '--action-persistence: expected the random policy, got --policy ./p.mjs',
  ],
  [record('--random-share', '1'), 2, '--random-share: expected a number below 1, got "1"'],
  [
    record('--policy', 'planner:none'),
    2,
    `none: expected the folder of a run or of an export, got no such folder. ${RUN_OR_EXPORT}`,
  ],
  [
    record('--policy', './p.mjs'),
    2,
    './env.mjs: expected every action in the recording, got none of b. Record more or longer episodes, or give chance a share of the actions: --random-share 0.1.',
  ],
  [
    configured('model.encoder={"kind":"modul"}'),
    2,
    `configuration: model.encoder.kind: expected 'convolutional', 'resnet', 'patch-transformer', 'mlp', 'module', got "modul"`,
  ],
  [configured('model.encoder={"kind":"module"}'), 2, 'configuration: model.encoder.path: expected string, got nothing'],
];

beforeAll(() => {
  mkdirSync(join(folder, 'empty'));
  writeFileSync(join(folder, 'text.txt'), 'hello\n');
  writeFileSync(join(folder, 'sweep.json'), '{"environment":"counting","grid":{"objective.dynamics":[0,2]}}');
  writeFileSync(join(folder, 'nothing.onnx'), '');
  writeFileSync(join(folder, 'pointer.onnx'), 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n');
  writeFileSync(join(folder, 'p.mjs'), 'export const createPolicy = () => () => 0;');
  writeFileSync(
    join(folder, 'env.mjs'),
    `export const createSimulator = () => ({
       observation: { kind: 'vector', size: 1 }, action: { kind: 'discrete', names: ['a', 'b'] },
       reset: () => [0], step: () => ({ observation: [0], reward: 0, isTerminal: false }) });`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(calls.map(([argv, exitCode, message]) => ({ call: argv.join(' '), argv, exitCode, message })))(
  'jepa $call',
  async ({ argv, exitCode, message }) => {
    const { code, stdout, stderr } = await jepa(argv, { cwd: folder });
    // A slow machine tells how far it is.
    const said = stderr.replace(/^episode \d+\/\d+\n/gm, '');
    expect([code, said, stdout]).toEqual([exitCode, `jepa: ${message}\n`, '']);
  },
);

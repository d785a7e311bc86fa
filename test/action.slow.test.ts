// The GitHub Action as a runner would execute it: the shell steps of action.yml with their inputs put in. What is written with
// `uses` is GitHub's, and checked for its inputs alone.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { temporaryFolder } from './storage/temporary-folder.ts';

const root = join(import.meta.dirname, '..');
const fixture = (name: string) => join(import.meta.dirname, 'fixtures', 'foreign-encoder', name);

const step = z.strictObject({
  name: z.string(),
  id: z.string().optional(),
  if: z.string().optional(),
  uses: z.string().optional(),
  with: z.record(z.string(), z.string()).optional(),
  shell: z.literal('bash').optional(),
  env: z.record(z.string(), z.string()).optional(),
  run: z.string().optional(),
});
const action = z
  .looseObject({
    name: z.string(),
    description: z.string(),
    inputs: z.record(
      z.string(),
      z.strictObject({ description: z.string(), required: z.boolean().optional(), default: z.string().optional() }),
    ),
    outputs: z.record(z.string(), z.strictObject({ description: z.string(), value: z.string() })),
    runs: z.strictObject({ using: z.literal('composite'), steps: z.array(step) }),
  })
  .parse(parse(readFileSync(join(root, 'action.yml'), 'utf8')));

let work: string;
let tarball: string;

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'jepa-action-'));
  // Of a copy of the tracked files: another test builds in the working tree meanwhile. Unbuilt, the sources run through tsx.
  const copy = join(work, 'copy');
  mkdirSync(copy);
  const files = 'git ls-files -co --exclude-standard -z | tar --null -T - -cf - | tar -xf - -C "$1"';
  execFileSync('sh', ['-c', files, 'sh', copy], { cwd: root });
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', work], { cwd: copy, encoding: 'utf8' }),
  );
  tarball = join(work, filename);
}, 120_000);
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Executes the shell steps. @returns the last exit code, what was printed, and the folder of the results */
function runAction(workspace: string, given: Readonly<Record<string, string>>) {
  const temporary = join(work, 'runner');
  mkdirSync(temporary, { recursive: true });
  const inputs = Object.fromEntries(
    Object.entries(action.inputs).map(([name, input]) => [name, given[name] ?? input.default]),
  );
  const outputs = new Map<string, string>();
  const evaluate = (text: string) =>
    text.replaceAll(/\$\{\{\s*([^}]+?)\s*\}\}/g, (_, expression: string) => {
      const [scope, ...path] = expression.split('.');
      const value =
        scope === 'inputs'
          ? inputs[path.join('.')]
          : scope === 'steps'
            ? outputs.get(`${path[0]}.${path[2]}`)
            : { 'runner.temp': temporary, 'github.action_path': root }[expression];
      if (value === undefined) throw new Error(`action.yml: nothing is known of ${expression}`);
      return value;
    });
  let [status, printed]: [number | null, string] = [0, ''];
  for (const { id, run, env = {} } of action.runs.steps) {
    if (run === undefined) continue;
    // Else what a person writes would be read by the shell.
    expect(run).not.toContain('${{');
    const file = join(temporary, `${id}.output`);
    writeFileSync(file, '');
    const values = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, evaluate(value)]));
    const result = spawnSync('bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', '-c', run], {
      cwd: workspace,
      encoding: 'utf8',
      env: { ...process.env, ...values, GITHUB_OUTPUT: file },
    });
    for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
      const equals = line.indexOf('=');
      if (equals > 0) outputs.set(`${id}.${line.slice(0, equals)}`, line.slice(equals + 1));
    }
    [status, printed] = [result.status, `${result.stdout}${result.stderr}`];
    if (status !== 0) break;
  }
  return { status, printed, results: evaluate(action.outputs.results.value) };
}

function workspace(): string {
  const folder = temporaryFolder();
  for (const name of ['quarters.onnx', 'collapsed.onnx', 'labelled.npz'])
    copyFileSync(fixture(name), join(folder, name));
  return folder;
}
const labelled = '--data\nlabelled.npz\n--classes\ncolumn:label';

describe('action.yml', () => {
  test('names what it uses with its version, and passes inputs through the environment alone', () => {
    const used = action.runs.steps.flatMap(({ uses }) => (uses === undefined ? [] : [uses]));
    expect(used).toEqual(['actions/cache@v4', 'actions/upload-artifact@v4']);
    for (const { run, shell } of action.runs.steps) expect(shell).toBe(run === undefined ? undefined : 'bash');
    const upload = action.runs.steps.at(-1);
    expect(upload?.if).toContain('always()');
  });

  test('evaluates, keeps the results, and fails where the gate does', () => {
    const folder = workspace();
    const input = { package: tarball, subject: 'quarters.onnx' };
    const saved = runAction(folder, { ...input, arguments: `${labelled}\n--save-baseline\nmy baseline.json` });
    expect([saved.status, saved.printed]).toEqual([
      0,
      expect.stringContaining('::notice title=jepa evaluate quarters.onnx::'),
    ]);
    expect(readFileSync(join(saved.results, 'results.xml'), 'utf8')).toContain('failures="0"');
    expect(JSON.parse(readFileSync(join(saved.results, 'results.sarif'), 'utf8')).version).toBe('2.1.0');
    expect(readFileSync(join(saved.results, 'quarters.report.html'), 'utf8')).toContain('<!doctype html>');
    const gated = runAction(folder, {
      ...input,
      subject: 'collapsed.onnx',
      arguments: labelled,
      baseline: 'my baseline.json',
    });
    expect(gated.status).toBe(1);
    expect(gated.printed).toContain(
      '::error file=collapsed.onnx,title=jepa evaluate%3A verdict (cpu)::distinct in my baseline.json, now coarse',
    );
    expect(readFileSync(join(gated.results, 'collapsed.evaluation.json'), 'utf8')).toContain('"holds": false');
    const compared = runAction(folder, { ...input, command: 'compare', subject: 'quarters.onnx\ncollapsed.onnx' });
    expect([compared.status, compared.printed]).toEqual([0, expect.stringMatching(/^verdict +distinct/m)]);
    expect(readFileSync(join(compared.results, 'compare.html'), 'utf8')).toContain('The verdicts differ');
  });

  test('reads nothing of an input as a command', () => {
    const folder = workspace();
    const hostile = `$(touch pwned); touch pwned`;
    const { status } = runAction(folder, { package: tarball, subject: `${hostile}.onnx`, arguments: hostile });
    expect(status).not.toBe(0);
    expect(() => readFileSync(join(folder, 'pwned'))).toThrow(/ENOENT/);
    const wrong = runAction(folder, { package: tarball, command: 'rm', subject: 'quarters.onnx' });
    expect([wrong.status, wrong.printed]).toEqual([
      2,
      expect.stringContaining('command: expected evaluate, verify, drift or compare, got "rm"'),
    ]);
  });
});

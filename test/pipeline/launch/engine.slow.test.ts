// The script for Ray, run by Python with a stand-in for Ray that runs tasks at once (with Ray itself: deploy/ray), and the
// manifest for Kubernetes against Kubernetes' own schema.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { launchScript } from '../../../pipeline/launch/index.ts';
import { planSweep } from '../../../pipeline/sweep/plan.ts';
import { findPython } from '../../python/python.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { sweep } from './planned-sweep.ts';

const python = findPython('kubernetes_validate');

test.skipIf(python === undefined)(
  'a task a unit, rung by rung, that starts the command line and tries again what fails',
  async () => {
    const folder = await sweep();
    const { script } = launchScript('ray', folder, { command: ['node', 'jepa.js'] });
    const stub = temporaryFolder();
    mkdirSync(join(stub, 'ray'));
    // Stands in for Ray: tasks run at once, and say what they were.
    writeFileSync(
      join(stub, 'ray', '__init__.py'),
      'def remote(**options):\n  def wrap(f):\n    class Task:\n      @staticmethod\n      def remote(*a): return f(*a)\n    print(sorted(options))\n    return Task\n  return wrap\ndef init(): print("init")\ndef get(values): print("rung", values)\n',
    );
    const log = join(stub, 'calls');
    writeFileSync(
      join(stub, 'subprocess.py'),
      `class CalledProcessError(Exception): pass\ndef run(words, **options):\n  open(${JSON.stringify(log)}, "a").write(" ".join(words) + "\\n")\n  if words[0] == "mkdir": __import__("os").makedirs(words[-1], exist_ok=True)\n`,
    );
    writeFileSync(join(stub, 'run.py'), script);
    const { status, stdout, stderr } = spawnSync(python ?? '', [join(stub, 'run.py')], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout.trim().split('\n')).toEqual([
      "['max_retries', 'num_cpus', 'retry_exceptions']",
      'init',
      'rung [0, 1, 2, 3, 4, 5]',
      'rung [6, 7, 8, 9]',
    ]);
    const calls = readFileSync(log, 'utf8').trim().split('\n');
    expect(calls[1]).toBe(`node jepa.js sweep run ${folder} --unit 0`);
    expect(calls.at(-1)).toBe(`node jepa.js sweep collect ${folder}`);
  },
);

test.skipIf(python === undefined)(
  "the manifest for Kubernetes passes Kubernetes' own schema, strictly, and a misspelt field does not",
  async () => {
    const root = temporaryFolder();
    const folder = join(root, 'sweep');
    await planSweep(
      'sweep.yaml',
      { environment: 'counting', grid: { 'objective.dynamics': [0, 1] }, rungs: { steps: [10, 20] } },
      folder,
    );
    const { script } = launchScript('kubernetes', folder, { command: ['jepa'] });
    const validate = (text: string) => {
      const path = join(root, 'job.yaml');
      writeFileSync(path, text);
      const words = ['-m', 'kubernetes_validate', '--strict', '-k', '1.33', path];
      return spawnSync(python ?? '', words, { encoding: 'utf8' });
    };
    expect(validate(script)).toMatchObject({ status: 0 });
    const wrong = validate(script.replaceAll('backoffLimitPerIndex', 'backofLimitPerIndex'));
    expect(wrong.status).not.toBe(0);
    expect(wrong.stdout + wrong.stderr).toContain('backofLimitPerIndex');
  },
);

// The script for Ray, run by Python with a stand-in for Ray that runs tasks at once. With Ray itself: deploy/ray.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { launchSweep } from '../../../pipeline/launch/index.ts';
import { planSweep } from '../../../pipeline/sweep/plan.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

test('a task a unit, rung by rung, that starts the command line and tries again what fails', async () => {
  const folder = join(temporaryFolder(), 'sweep');
  await planSweep(
    'sweep.yaml',
    {
      environment: 'counting',
      seeds: 2,
      grid: { 'objective.dynamics': [0, 1, 2] },
      rungs: { steps: [10, 20], keep: 0.5 },
    },
    folder,
  );
  const { script } = launchSweep('ray', folder, { command: ['node', 'jepa.js'] });
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
  const { status, stdout, stderr } = spawnSync(process.env.JEPA_TEST_PYTHON ?? 'python3', [join(stub, 'run.py')], {
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
});

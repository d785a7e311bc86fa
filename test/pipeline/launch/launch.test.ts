// The scripts of engines: which units they run, in which order, and that words of a shell stay words.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { launchSweep } from '../../../pipeline/launch/index.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { sweep } from './planned-sweep.ts';

/** A folder of programs that write down how they were called, and what they read. */
function fakePrograms(names: readonly string[]): string {
  const folder = temporaryFolder();
  for (const name of names) {
    const path = join(folder, name);
    writeFileSync(
      path,
      `#!/bin/sh\nfor word; do printf '%s\\n' "$word"; done >> "${folder}/${name}.calls"\n[ -t 0 ] || case "$*" in *--wrap*) ;; *) cat > "${folder}/${name}.input" ;; esac\necho 17\n`,
    );
    chmodSync(path, 0o755);
  }
  return folder;
}

describe('slurm', () => {
  test('an array a rung, each after the one before, then a job that collects; options go to sbatch as they are', async () => {
    const folder = await sweep("a sweep's folder");
    const { script, submit } = launchSweep('slurm', folder, {
      command: ['jepa'],
      arguments: ['--partition=short', "--comment=it's"],
    });
    expect(submit).toEqual(['bash']);
    const programs = fakePrograms(['sbatch']);
    const path = join(programs, 'launch.sh');
    writeFileSync(path, script);
    const { status, stderr, stdout } = spawnSync('bash', [path], {
      env: { ...process.env, PATH: `${programs}:${process.env.PATH}` },
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toBe('units 0 to 5: job 17\nunits 6 to 9: job 17\ncollect: job 17\n');
    const calls = readFileSync(join(programs, 'sbatch.calls'), 'utf8').split('\n');
    expect(calls.filter((word) => word.startsWith('--array'))).toEqual(['--array=0-5', '--array=6-9']);
    expect(calls.filter((word) => word.startsWith('--dependency'))).toEqual([
      '--dependency=afterok:17',
      '--dependency=afterok:17',
    ]);
    expect(calls.filter((word) => word === "--comment=it's")).toHaveLength(3);
    expect(calls).toContain(`--output=${folder}/logs/slurm-%a.log`);
    expect(existsSync(join(folder, 'logs'))).toBe(true);
  });

  test.each([
    ['a unit that is done ends the job', 0, '0', '', 0],
    ['one that was stopped is put back', 75, '9', 'requeue 5_3', 75],
    ['one that failed is put back three times', 1, '2', 'requeue 5_3', 1],
    ['and then fails', 1, '3', '', 1],
  ])('%s', async (_, unitCode, restarts, requeued, code) => {
    const folder = await sweep();
    const programs = fakePrograms(['sbatch', 'scontrol', 'sleep']);
    writeFileSync(join(programs, 'jepa'), `#!/bin/sh\necho "$@" > "${programs}/jepa.calls"\nexit ${unitCode}\n`);
    chmodSync(join(programs, 'jepa'), 0o755);
    writeFileSync(join(programs, 'launch.sh'), launchSweep('slurm', folder, { command: ['jepa'] }).script);
    const env = { ...process.env, PATH: `${programs}:${process.env.PATH}` };
    spawnSync('bash', [join(programs, 'launch.sh')], { env });
    const job = join(programs, 'sbatch.input');
    const { status } = spawnSync('bash', [job], {
      env: { ...env, SLURM_ARRAY_TASK_ID: '3', SLURM_ARRAY_JOB_ID: '5', SLURM_RESTART_COUNT: restarts },
    });
    expect(status).toBe(code);
    expect(readFileSync(join(programs, 'jepa.calls'), 'utf8')).toBe(`sweep run ${folder} --unit 3\n`);
    const calls = join(programs, 'scontrol.calls');
    expect(existsSync(calls) ? readFileSync(calls, 'utf8').trim().replace('\n', ' ') : '').toBe(requeued);
  });
});

describe('kubernetes', () => {
  test('an indexed job a rung, the later ones suspended; numbers go on where the rung before ends', async () => {
    const { script, submit } = launchSweep('kubernetes', await sweep(), {
      command: ['jepa'],
      image: 'me/jepa:1',
      claim: 'shared',
    });
    expect(submit).toEqual(['kubectl', 'apply', '-f']);
    const jobs = parseAllDocuments(script).map((document) => document.toJS());
    expect(jobs.map(({ spec }) => [spec.completions, spec.completionMode, spec.suspend])).toEqual([
      [6, 'Indexed', undefined],
      [4, 'Indexed', true],
    ]);
    const [container] = jobs[1].spec.template.spec.containers;
    expect(container.image).toBe('me/jepa:1');
    expect(container.args).toEqual(['exec jepa sweep run /sweeps/sweep --unit $((6 + JOB_COMPLETION_INDEX))']);
    expect(jobs[0].spec.template.spec.volumes[0].persistentVolumeClaim.claimName).toBe('shared');
  });
});

test('another engine is refused by name', async () => {
  const folder = await sweep();
  expect(() => launchSweep('slurn', folder, { command: ['jepa'] })).toThrow(
    'launch: expected an engine (slurm, ray, kubernetes), got "slurn"',
  );
});

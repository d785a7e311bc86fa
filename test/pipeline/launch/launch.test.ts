// The scripts of engines: which units they run, in which order, and that words of a shell stay words.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { launchScript } from '../../../pipeline/launch/index.ts';
import { writeStreamPlan } from '../../../pipeline/stream/plan.ts';
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
    const { script, submit } = launchScript('slurm', folder, {
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
    writeFileSync(join(programs, 'launch.sh'), launchScript('slurm', folder, { command: ['jepa'] }).script);
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
    const { script, submit } = launchScript('kubernetes', await sweep(), {
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
  expect(() => launchScript('slurn', folder, { command: ['jepa'] })).toThrow(
    'launch: expected an engine (slurm, ray, kubernetes), got "slurn"',
  );
});

describe('an evaluation in shards', () => {
  test('three passes, each an array and the merge after it, each after the one before', async () => {
    const folder = evaluation();
    const { script } = launchScript('slurm', folder, { command: ['jepa'], shards: 4 });
    const programs = fakePrograms(['sbatch']);
    writeFileSync(join(programs, 'launch.sh'), script);
    const { status, stdout, stderr } = spawnSync('bash', [join(programs, 'launch.sh')], {
      env: { ...process.env, PATH: `${programs}:${process.env.PATH}` },
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    const shards = 'shards 0 to 3: job 17';
    expect(stdout.trim().split('\n')).toEqual([1, 2, 3].flatMap((pass) => [shards, `merge-${pass}: job 17`]));
    const calls = readFileSync(join(programs, 'sbatch.calls'), 'utf8').split('\n');
    expect(calls.filter((word) => word.startsWith('--array'))).toEqual(Array(3).fill('--array=0-3'));
    expect(calls.filter((word) => word === '--dependency=afterok:17')).toHaveLength(5);
    expect(calls.filter((word) => word.startsWith('jepa'))).toEqual(
      [1, 2, 3].map((pass) => `jepa evaluate --merge ${folder} --pass ${pass}`),
    );
    // The last array's job: shard 2 of the third pass.
    const jepa = join(programs, 'jepa');
    writeFileSync(jepa, `#!/bin/sh\necho "$@" > "${programs}/jepa.calls"\n`);
    chmodSync(jepa, 0o755);
    spawnSync('bash', [join(programs, 'sbatch.input')], {
      env: { ...process.env, PATH: `${programs}:${process.env.PATH}`, SLURM_ARRAY_TASK_ID: '2' },
    });
    expect(readFileSync(join(programs, 'jepa.calls'), 'utf8')).toBe(
      `evaluate --partial ${folder} --pass 3 --shard 2/4\n`,
    );
  });

  test('on Kubernetes jobs and merges in turns, where the plan says that the volume is', () => {
    const folder = evaluation();
    const { script } = launchScript('kubernetes', folder, { command: ['jepa'], shards: 4 });
    const jobs = parseAllDocuments(script).map((document) => document.toJS());
    expect(jobs.map(({ metadata, spec }) => [metadata.name, spec.completions, spec.suspend])).toEqual([
      ['jepa-parts-pass-1', 4, undefined],
      ['jepa-parts-merge-1', 1, true],
      ['jepa-parts-pass-2', 4, true],
      ['jepa-parts-merge-2', 1, true],
      ['jepa-parts-pass-3', 4, true],
      ['jepa-parts-merge-3', 1, true],
    ]);
    const [container] = jobs[0].spec.template.spec.containers;
    expect(container.args).toEqual([
      `exec jepa evaluate --partial ${folder} --pass 1 --shard $((0 + JOB_COMPLETION_INDEX))/4`,
    ]);
    expect(container.volumeMounts[0].mountPath).toBe(dirname(folder));
    expect(jobs[5].spec.template.spec.containers[0].args).toEqual([`exec jepa evaluate --merge ${folder} --pass 3`]);
  });

  test('needs to be told how many shards, and a sweep has none', async () => {
    expect(() => launchScript('slurm', evaluation(), { command: ['jepa'] })).toThrow('expected how many shards');
    const folder = await sweep();
    expect(() => launchScript('ray', folder, { command: ['jepa'], shards: 3 })).toThrow(
      'expected the plan of an evaluation, got the sweep',
    );
  });
});

/** A planned evaluation of latents that nobody reads here. */
function evaluation(): string {
  const folder = join(temporaryFolder(), 'parts');
  writeStreamPlan(folder, {
    ...{ format: 1, subject: { of: 'latents', path: '/z.npy' }, sha256: '', seed: 0, queries: 8, rows: 9, size: 2 },
    ...{ share: 1, unit: 'row' },
    classes: {
      ...{ column: 'label', of: 'column', claim: '', keys: ['0', '1'], names: ['label 0', 'label 1'] },
      ...{ judged: [2, 2], centroids: [2, 3] },
    },
  });
  return folder;
}

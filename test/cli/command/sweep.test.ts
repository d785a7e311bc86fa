// `jepa sweep` and `jepa launch` as commands: what they print and end with. Units that run: sweep.slow.test.ts.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { jepa } from '../jepa.ts';
import { fileOf, tiny } from '../tiny-sweep.ts';

describe('jepa sweep', () => {
  test.each([
    [['sweep', 'plan', 'absent.yaml', '--out', 'x'], 'absent.yaml: expected a readable file, got ENOENT'],
    [['sweep', 'run', 'absent'], 'absent: expected the folder of a sweep, got'],
    [['sweep', 'status', '.'], '.: expected the folder of a sweep, got'],
    [['sweep', 'run', 'x', '--unit', 'one'], '--unit: expected a whole number of at least 0, got "one"'],
    [['sweep', 'run', 'x', '--unit', '0', '--jobs', '2'], '--jobs: expected it without --unit, got both'],
    [['launch', 'slurn', 'x'], 'launch: expected an engine (slurm, ray, kubernetes), got "slurn"'],
    [['launch', 'ray', 'x', '--image', 'y'], '--image: expected it with kubernetes, got ray'],
  ])('%j is refused in one line', async (argv, message) => {
    const { code, stdout, stderr } = await jepa(argv, { cwd: temporaryFolder() });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd()).not.toContain('\n');
  });

  test('launch prints the script, and names the remedy where the engine is not here', async () => {
    const { file, out } = fileOf(tiny);
    await jepa(['sweep', 'plan', file, '--out', out]);
    const printed = await jepa(['launch', 'slurm', out, '--', '--time=1']);
    expect(printed.stdout).toContain(`sweep run ${out} --unit "$SLURM_ARRAY_TASK_ID"`);
    expect(printed.stdout).toContain('--time=1');
    const submitted = await jepa(['launch', 'kubernetes', out, '--submit'], { env: { PATH: temporaryFolder() } });
    expect(submitted.code).toBe(1);
    expect(submitted.stderr).toContain(`Run it where kubernetes is: kubectl apply -f ${join(out, 'launch.yaml')}`);
  });
});

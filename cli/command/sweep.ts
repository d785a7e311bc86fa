// `jepa sweep`: many trainings from one file, on this machine or on any engine that runs "command i of n".

import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import { JepaError, UsageError } from '../../src/error.ts';
import { formatJson } from '../../src/json.ts';
import { withAllowCode } from '../code-permission.ts';
import { parseWhole } from '../parse/number.ts';
import { untilInterrupted } from '../resumable-work.ts';
import { EXIT_TRY_AGAIN, type Terminal } from '../terminal.ts';
import { counted } from '../text/counted.ts';
import { noteTo } from '../text/option.ts';
import { createTrainingProgress } from '../text/progress.ts';
import { loadTensorFlowForCommand } from '../upkeep/tensorflow.ts';

export function createSweepCommand(terminal: Terminal): Command {
  const command = new Command('sweep')
    .description('train many configurations from one file, compare them over seeds, and say which is best')
    .addHelpText(
      'after',
      `
sweep.yaml, for example:
  environment: counting
  seeds: 3
  set: { optimization.steps: 400 }
  grid:
    objective.dynamics: [0, 2]
    optimization.learningRate: [0.004, 0.008]
  best: { measure: accuracy, goal: largest }

Examples:
  jepa sweep plan sweep.yaml --out sweeps/a
  jepa sweep run sweeps/a
  jepa sweep run sweeps/a --unit 7
  jepa sweep status sweeps/a
  jepa sweep collect sweeps/a

Every key of the file, random search and successive halving: docs/sweep.md. On a cluster: jepa launch --help`,
    );
  command
    .command('plan')
    .description('check the file and write the plan: one unit of work a line of plan.jsonl')
    .argument('<file>', 'YAML or JSON')
    .requiredOption('--out <folder>', 'folder of the sweep')
    .option('--json', 'print as JSON')
    .action((file, flags) => runPlan(terminal, file, flags));
  command.addCommand(
    withAllowCode(() =>
      new Command('run')
        .description('run what is not done: each unit is trained or resumed, exported and evaluated')
        .argument('<folder>', 'of the sweep')
        .option(
          '--unit <number>',
          'this unit alone, in this process; returns at once where it is done',
          parseWhole('--unit', 0),
        )
        .option('--jobs <number>', 'units side by side (default: all cores)', parseWhole('--jobs', 1)),
    )(terminal).action((folder, flags) => runRun(terminal, folder, flags)),
  );
  command
    .command('status')
    .description('say which units are done, run, failed or wait')
    .argument('<folder>', 'of the sweep')
    .option('--json', 'print as JSON')
    .action((folder, flags) => runStatus(terminal, folder, flags));
  command
    .command('collect')
    .description('write table.tsv, results.json and report.html: intervals over seeds, and the best by the stated rule')
    .argument('<folder>', 'of the sweep')
    .option('--partial', 'collect what is done while the rest is not')
    .option('--json', 'print the results as JSON')
    .action((folder, flags) => runCollect(terminal, folder, flags));
  return command;
}

async function runPlan(
  terminal: Terminal,
  file: string,
  flags: { readonly out: string; readonly json?: boolean },
): Promise<void> {
  const { readConfigFile } = await import('../parse/config-file.ts');
  const value = await readConfigFile(file, file);
  const { planSweep } = await import('../../pipeline/sweep/plan.ts');
  const { rungSizes, taskCount } = await import('../../pipeline/sweep/rung.ts');
  const plan = await planSweep(file, value, flags.out, { onNote: noteTo(terminal.stderr) });
  const rungs = rungSizes(plan);
  const units = taskCount(plan);
  const { seeds } = plan.specification;
  const points = plan.units.length / seeds.length;
  if (flags.json) {
    const { folder, earlierUnits } = plan;
    terminal.stdout.write(formatJson({ folder, earlierUnits, units, points, seeds, rungs }));
    return;
  }
  const { earlierUnits } = plan;
  const found =
    earlierUnits === 0
      ? 'planned'
      : earlierUnits === plan.units.length
        ? 'the same plan as before'
        : `${earlierUnits} units as before and ${plan.units.length - earlierUnits} more`;
  const halving = rungs.length === 1 ? '' : `, in rungs of ${rungs.join(', ')}`;
  terminal.stdout.write(
    `${flags.out}: ${found}, ${counted(units, 'unit')} (${counted(points, 'configuration')} x ${counted(seeds.length, 'seed')}${halving})\n` +
      `Run them: jepa sweep run ${flags.out}; on a cluster: jepa launch slurm ${flags.out}\n`,
  );
}

interface RunFlags {
  readonly unit?: number;
  readonly jobs?: number;
  readonly allowCode?: boolean;
}

async function runRun(terminal: Terminal, folder: string, flags: RunFlags): Promise<void> {
  if (flags.unit === undefined) return runAll(terminal, folder, flags);
  if (flags.jobs !== undefined) throw new UsageError('--jobs: expected it without --unit, got both');
  await runUnit(terminal, folder, flags.unit);
}

async function runAll(terminal: Terminal, folder: string, { jobs, allowCode }: RunFlags): Promise<void> {
  const { runSweep } = await import('../../pipeline/sweep/local.ts');
  const outcome = await untilInterrupted(
    terminal,
    (signal) =>
      runSweep(folder, {
        jobs: jobs ?? availableParallelism(),
        argv: allowCode ? ['--allow-code'] : [],
        onNote: noteTo(terminal.stderr),
        signal,
      }),
    () => terminal.stderr.write('jepa: stopping the units that run, each with a checkpoint\n'),
  );
  if (outcome === undefined) return;
  const { done, units, failures } = outcome;
  if (failures.length > 0)
    throw new JepaError(
      `${folder}: expected ${units} units done, got ${done}; ${failures[0].id} failed: ${failures[0].message}`,
      { remedy: `All of them: jepa sweep status ${folder}. What is done is kept: run the same command again.` },
    );
  terminal.stdout.write(`${folder}: all ${units} units are done\nCompare them: jepa sweep collect ${folder}\n`);
}

async function runUnit(terminal: Terminal, folder: string, unit: number): Promise<void> {
  const { plannedSteps } = await import('../../pipeline/sweep/steps.ts');
  const planned = plannedSteps(folder, unit);
  if (planned === undefined) {
    terminal.stdout.write(`${folder}: unit ${unit} was done before\n`);
    return;
  }
  await loadTensorFlowForCommand(terminal, { threads: planned.threads });
  const progress = createTrainingProgress(planned.steps, terminal.stderr);
  const stopping = new AbortController();
  let exitCode = 0;
  const release = terminal.stopWhenInterrupted((code, signal) => {
    exitCode = signal === 'SIGINT' ? code : EXIT_TRY_AGAIN;
    progress.note('stopping after this step; once more to stop at once, without a checkpoint');
    stopping.abort();
    return true;
  });
  try {
    const { runSweepUnit } = await import('../../pipeline/sweep/unit.ts');
    const outcome = await runSweepUnit(folder, unit, {
      onStep: progress.step,
      onNote: progress.note,
      signal: stopping.signal,
    });
    progress.finish();
    if (outcome.state === 'isInterrupted') {
      terminal.exitCode = exitCode;
      terminal.stderr.write(`jepa: interrupted; go on with: jepa sweep run ${folder} --unit ${unit}\n`);
      return;
    }
    terminal.stdout.write(`${folder}: unit ${unit}, ${outcome.id}: ${outcome.result?.verdict}\n`);
  } finally {
    progress.finish();
    release();
  }
}

async function runStatus(terminal: Terminal, folder: string, flags: { readonly json?: boolean }): Promise<void> {
  const { sweepStatus } = await import('../../pipeline/sweep/status.ts');
  const status = sweepStatus(folder);
  if (flags.json) {
    terminal.stdout.write(formatJson(status));
    return;
  }
  const counts = Object.entries(status.counts).filter(([, count]) => count > 0);
  const later = status.undecided === 0 ? '' : `; ${status.undecided} units of later rungs are not decided yet`;
  terminal.stdout.write(`${folder}: ${counts.map(([state, count]) => `${count} ${state}`).join(', ')}${later}\n`);
  for (const { unit, id, rung, state, detail } of status.units.filter((each) => each.state !== 'done'))
    terminal.stdout.write(
      `  ${unit}\t${id}${rung === 0 ? '' : `, rung ${rung}`}\t${state}${detail === undefined ? '' : `: ${detail}`}\n`,
    );
}

async function runCollect(
  terminal: Terminal,
  folder: string,
  flags: { readonly partial?: boolean; readonly json?: boolean },
): Promise<void> {
  const { collectSweep } = await import('../../pipeline/sweep/collect.ts');
  const { result, table, report } = await collectSweep(folder, { partial: flags.partial });
  if (flags.json) {
    terminal.stdout.write(formatJson(result));
    return;
  }
  const { bestSentences } = await import('../../src/report/sweep-report.ts');
  terminal.stdout.write(`${bestSentences(result).join('\n')}\n\nTable: ${table}\nReport: ${report}\n`);
}

// `jepa plan`: acts in the environment by planning in the latents of a run or an export, on any runtime; writes plan.json.
import { Command } from 'commander';
import type { PlanOptions, SimulatorChoice } from '../../pipeline/plan/option.ts';
import { UsageError } from '../../src/error.ts';
import { formatJson } from '../../src/json.ts';
import type { PlanRecord } from '../../src/planning/schema.ts';
import type { ActingSummary } from '../../src/planning/summary.ts';
import { parseFold } from '../parse/fold.ts';
import { parseGoal, parsePlannerAssignments, parseSuccess } from '../parse/goal.ts';
import { collect, parseNumber, parseWhole } from '../parse/number.ts';
import { parseOptions, type SimulatorFlags, withSimulatorFlags } from '../parse/simulation.ts';
import type { Terminal } from '../terminal.ts';
import { percentage } from '../text/number.ts';
import { noteTo } from '../text/option.ts';
import { alignedTable } from '../text/table.ts';
import { ensureRuntimePackages } from '../upkeep/tensorflow.ts';

interface PlanFlags extends SimulatorFlags {
  readonly in?: string;
  readonly goal: string;
  readonly success?: string;
  readonly planner: string;
  readonly horizon?: number;
  readonly samples?: number;
  readonly iterations?: number;
  readonly set: readonly string[];
  readonly fold?: string;
  readonly discount: number;
  readonly episodes?: number;
  readonly maxSteps?: number;
  /** How many episodes are planned in the true dynamics too, where it is said; false: none. */
  readonly trueEnvironment?: number | boolean;
  readonly replan?: number;
  readonly openLoop?: boolean;
  readonly runtime: string;
  readonly threads?: number;
  readonly seed: number;
  readonly json?: boolean;
  readonly record: boolean;
}

export function createPlanCommand(terminal: Terminal): Command {
  const command = new Command('plan')
    .description('act in an environment or a simulator by planning in the latents of a run or an export')
    .argument('<folder>', 'the folder of a run, or of an export by itself')
    .option(
      '--in <simulator>',
      './my-env.ts, gym:ID or a built-in one such as counting (default: what the run was recorded in)',
    )
    .option(
      '--goal <goal>',
      'reward; column:NAME of the auxiliary head, or avoid:NAME; state:NAME; observation:FILE or latent:FILE, a JSON array; or the file of an image',
      'reward',
    )
    .option(
      '--success <what>',
      "state:NAME or reward (the highest one); in simulators also reward:NUMBER, return (above every random episode), return:NUMBER, terminal, no-terminal (default: the goal's state; reward, where it is 0 and 1; no-terminal for avoid:NAME; else return)",
    )
    .option('--planner <name>', 'exhaustive, random-shooting, cem, mppi, icem, best-first', 'cem')
    .option('--horizon <number>', "actions of a plan (default: the planner's)", parseWhole('--horizon', 1))
    .option('--samples <number>', "words or latents looked at (default: the planner's)", parseWhole('--samples', 1))
    .option(
      '--iterations <number>',
      "refits of cem, mppi, icem (default: the planner's)",
      parseWhole('--iterations', 1),
    )
    .option('--set <key=value>', "another of the planner's options, such as elites=0.2; repeatable", collect, [])
    .option(
      '--fold <name>',
      'how scores are taken together: first-success, best, sum, survival (default: by goal and success)',
    )
    .option(
      '--discount <number>',
      'what a score is worth one step later',
      parseNumber('--discount', 'a number above 0 and at most 1', (value) => value > 0 && value <= 1),
      0.95,
    )
    .option('--episodes <number>', 'episodes (default: 100, in simulators 20)', parseWhole('--episodes', 1))
    .option(
      '--max-steps <number>',
      'actions of an episode (default: twice as many as the farthest start needs; in simulators as recorded)',
      parseWhole('--max-steps', 1),
    )
    .option(
      '--true-environment <episodes>',
      'episodes that are planned in the true dynamics too (default: all; in simulators as many as 50,000 true steps allow)',
      parseWhole('--true-environment', 1),
    )
    .option('--no-true-environment', 'plan in latents alone')
    .option('--replan <number>', 'actions of a plan before the next one (default: 1)', parseWhole('--replan', 1))
    .option('--open-loop', 'take all actions of a plan before the next one')
    .option('--runtime <name>', 'cpu, wasm, cuda, webgpu, tfjs', 'cpu')
    .option('--threads <number>', 'threads of the runtime (default: all cores)', parseWhole('--threads', 1))
    .option('--seed <number>', 'seed of starts, appearances and decisions', parseWhole('--seed', 0), 0)
    .option('--json', 'print plan.json instead of the table')
    .option('--no-record', 'do not write plan.json');
  return withSimulatorFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  jepa plan runs/a
  jepa plan runs/a --goal state:7 --planner best-first
  jepa plan runs/a/export --goal goal.png --success state:7 --runtime wasm --json
  jepa plan runs/pendulum --planner icem --horizon 20
  jepa plan runs/b/export --in gym:CartPole-v1 --goal avoid:terminations

What the planners do, what success means, and measured rates: docs/planning.md`,
    )
    .action((folder, flags) => runPlan(terminal, folder, flags));
}

async function runPlan(terminal: Terminal, folder: string, flags: PlanFlags): Promise<void> {
  const { createPlanner } = await import('../../src/planning/index.ts');
  const { runtimeNames, unknownRuntime } = await import('../../src/runtimes/index.ts');
  if (!runtimeNames.includes(flags.runtime)) throw unknownRuntime('--runtime', flags.runtime, runtimeNames);
  if (flags.openLoop && flags.replan !== undefined)
    throw new UsageError(`--open-loop: expected no --replan beside it, got ${flags.replan}`);
  const { horizon, samples, iterations } = flags;
  const planner = createPlanner(flags.planner, {
    ...(horizon === undefined ? {} : { horizon }),
    ...(samples === undefined ? {} : { samples }),
    ...(iterations === undefined ? {} : { iterations }),
    ...parsePlannerAssignments(flags.set),
  });
  await ensureRuntimePackages(terminal, [flags.runtime]);
  const { goal, success, fold, trueEnvironment, replan, openLoop, discount, episodes, maxSteps } = flags;
  const options: PlanOptions = {
    planner,
    goal: parseGoal(goal),
    success: success === undefined ? undefined : parseSuccess(success),
    fold: fold === undefined ? undefined : await parseFold(fold),
    discount,
    episodes,
    maxSteps,
    trueEnvironment: trueEnvironment === true ? undefined : trueEnvironment,
    actionsTaken: openLoop ? Number.POSITIVE_INFINITY : replan,
    runtime: flags.runtime,
    threads: flags.threads,
    seed: flags.seed,
    simulator: simulatorOf(flags),
    report: flags.record,
    onProgress: noteTo(terminal.stderr),
    onNote: noteTo(terminal.stderr, 'jepa: '),
  };
  const { planRun } = await import('../../pipeline/plan/run.ts');
  const record = await planRun(folder, options);
  terminal.stdout.write(flags.json ? formatJson(record) : renderPlan(record));
}

function simulatorOf({ in: name, option = [], render, python, timeLimit }: PlanFlags): SimulatorChoice {
  return {
    name,
    options: option.length > 0 ? parseOptions(option) : undefined,
    render,
    python,
    timeLimitMs: timeLimit === undefined ? undefined : timeLimit * 1000,
  };
}

function renderPlan(record: PlanRecord): string {
  const { planner, baselines, gap } = record;
  const options = Object.entries(planner.options).map(([name, value]) => `${name} ${value}`);
  const truth = baselines.trueEnvironment;
  const share = truth && truth.episodes < record.episodes ? `, ${truth.episodes} of ${record.episodes} episodes` : '';
  const rowOf = (name: string, { successRate, meanReturn, meanSteps, decisionMs }: ActingSummary) => [
    name,
    percentage(successRate),
    meanReturn.toFixed(3),
    meanSteps?.toFixed(2) ?? '-',
    decisionMs.toFixed(2),
  ];
  const rows = [
    ['', 'success', 'mean return', 'mean steps', 'ms a decision'],
    rowOf(`planned in latents (${record.runtime.runtime})`, record),
    ...(truth ? [rowOf(`planned in the true environment${share}`, truth)] : []),
    rowOf('random actions', baselines.random),
  ];
  const table = alignedTable(rows, 1);
  return [
    `${record.run}: ${record.episodes} episodes of ${record.environment.name}, goal ${record.goal}, success: ${record.success}`,
    `planner ${planner.name}: ${options.join(', ')}; ${record.predictionsPerDecision.toFixed(0)} latents a decision`,
    '',
    ...table,
    '',
    [
      `at most ${record.maxSteps} actions`,
      ...(record.meanFewestSteps === null
        ? []
        : [`the fewest would be ${record.meanFewestSteps.toFixed(2)} on average`]),
      ...(gap
        ? [
            `gap to the true environment: ${percentage(gap.successRate)} of the episodes, return ${gap.meanReturn.toFixed(3)}`,
          ]
        : []),
    ].join('; '),
    '',
  ].join('\n');
}

// The flags by which a simulator is recorded, shared by `jepa record` and `jepa train`.
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { UsageError } from '../../src/error.ts';
import type { PolicyOpener } from '../../src/simulation/policy.ts';
import type { RecordOptions, SimulatorRecording } from '../../src/simulation/record-simulator.ts';
import type { Terminal } from '../terminal.ts';
import { noteTo } from '../text/option.ts';
import { parseGoal } from './goal.ts';
import { collect, parseNonNegative, parseWhole } from './number.ts';

/** How a simulator is opened, whatever it is for. */
export interface SimulatorFlags {
  readonly render?: boolean;
  readonly python?: string;
  readonly timeLimit?: number;
  readonly option?: readonly string[];
}

export interface SimulationFlags extends SimulatorFlags {
  readonly episodes?: number;
  readonly steps?: number;
  /** The name of `steps` where a training has steps of its own. */
  readonly episodeSteps?: number;
  readonly policy?: string;
  readonly actionPersistence?: number;
  readonly randomShare?: number;
  readonly lanes?: number;
  readonly seed?: number;
  readonly imageSize?: readonly [number, number];
}

/** Attributes of the flags that `withSimulationFlags` adds. */
export const simulationFlagNames = [
  ...['episodes', 'steps', 'episodeSteps', 'policy', 'actionPersistence', 'randomShare'],
  ...['render', 'python', 'lanes', 'timeLimit', 'option'],
] as const;

const DEFAULT_EPISODES = 200;
const DEFAULT_STEPS = 100;

export function withSimulatorFlags(command: Command): Command {
  return command
    .option('--option <key=value>', 'an option of the simulator, its value as JSON or text; repeatable', collect, [])
    .option('--render', 'of gym: observe the frames that the environment draws instead of its numbers')
    .option('--python <program>', 'of gym: the Python that has Gymnasium (default: JEPA_PYTHON, or python3)')
    .option(
      '--time-limit <seconds>',
      'of gym: longest time of one answer of Python (default: 120)',
      parseWhole('--time-limit', 1),
    );
}

export function withSimulationFlags(command: Command, stepsFlag: '--steps' | '--episode-steps'): Command {
  const recording = command
    .option(
      '--episodes <number>',
      `episodes of a simulator (default: ${DEFAULT_EPISODES})`,
      parseWhole('--episodes', 1),
    )
    .option(
      `${stepsFlag} <number>`,
      `actions after which an episode is cut off (default: ${DEFAULT_STEPS})`,
      parseWhole(stepsFlag, 1),
    )
    .option('--policy <policy>', POLICIES)
    .option(
      '--random-share <share>',
      'of another policy than random: how likely an action is drawn at random instead (default: 0)',
      parseShare('--random-share'),
    )
    .option(
      '--action-persistence <share>',
      'how likely the random policy repeats its action instead of drawing (default: 0)',
      parseShare('--action-persistence'),
    )
    .option(
      '--lanes <number>',
      'of gym: environments that are stepped together (default: 8)',
      parseWhole('--lanes', 1),
    );
  return withSimulatorFlags(recording);
}

/** What the flags say of a recording; notes and progress go to stderr. */
export async function recordOptionsOf(terminal: Terminal, flags: SimulationFlags): Promise<RecordOptions> {
  const episodes = flags.episodes ?? DEFAULT_EPISODES;
  return {
    episodes,
    steps: flags.steps ?? flags.episodeSteps ?? DEFAULT_STEPS,
    seed: flags.seed ?? 0,
    actionPersistence: flags.actionPersistence ?? 0,
    policy: await openerOf(flags),
    randomShare: flags.randomShare,
    imageSize: flags.imageSize,
    simulatorOptions: parseOptions(flags.option ?? []),
    render: flags.render,
    python: flags.python,
    lanes: flags.lanes,
    ...(flags.timeLimit === undefined ? {} : { limitMs: flags.timeLimit * 1000 }),
    onNote: noteTo(terminal.stderr, 'jepa: '),
    onEpisode: progressOf(terminal, episodes),
  };
}

export function noteRecorded(
  terminal: Terminal,
  simulator: string,
  path: string,
  { episodes, steps }: Pick<SimulatorRecording, 'episodes' | 'steps'>,
): void {
  terminal.stderr.write(`${path}: ${episodes} episodes of ${simulator}, ${steps} steps\n`);
}

const LINE_EVERY_MS = 5000;

/** A line now and then. */
function progressOf(terminal: Terminal, episodes: number): (finished: number) => void {
  let writtenAt = performance.now();
  return (finished) => {
    const now = performance.now();
    if (now - writtenAt < LINE_EVERY_MS) return;
    writtenAt = now;
    terminal.stderr.write(`episode ${finished}/${episodes}\n`);
  };
}

/** `key=value`, the value as JSON where it is some. */
export function parseOptions(assignments: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    assignments.map((assignment) => {
      const equals = assignment.indexOf('=');
      if (equals < 1) throw new UsageError(`--option: expected key=value, got "${assignment}"`);
      const text = assignment.slice(equals + 1);
      try {
        return [assignment.slice(0, equals), JSON.parse(text)] as const;
      } catch {
        return [assignment.slice(0, equals), text] as const;
      }
    }),
  );
}

function parseShare(flag: string): (text: string) => number {
  return (text) => {
    const value = parseNonNegative(flag)(text);
    if (value >= 1) throw new UsageError(`${flag}: expected a number below 1, got "${text}"`);
    return value;
  };
}

const POLICIES =
  'what acts in a simulator: random, a module, an ONNX file, or planner:RUN[@GOAL] of an exported run (default: random)';

/** Undefined: random. */
async function openerOf({
  policy = 'random',
  actionPersistence,
  randomShare,
}: SimulationFlags): Promise<PolicyOpener | undefined> {
  const of = (flag: string, value: unknown, expected: string) => {
    if (value !== undefined) throw new UsageError(`${flag}: expected ${expected}, got --policy ${policy}`);
  };
  if (policy === 'random') {
    of('--random-share', randomShare, 'another policy than random');
    return undefined;
  }
  of('--action-persistence', actionPersistence, 'the random policy');
  const [, folder, goal = 'reward'] = /^planner:([^@]+)(?:@(.+))?$/s.exec(policy) ?? [];
  if (folder !== undefined)
    return (await import('../../pipeline/plan/policy.ts')).plannerPolicy(folder, parseGoal(goal));
  const { isModulePath } = await import('../../src/machine/user-module.ts');
  if (isModulePath(policy)) return (await import('../../src/simulation/module-policy.ts')).modulePolicy(policy);
  if (policy.toLowerCase().endsWith('.onnx')) {
    if (!existsSync(policy)) throw new UsageError(`--policy: expected an ONNX file, got ${policy}, which is not there`);
    return (await import('../../src/run/onnx-policy.ts')).onnxPolicy(policy);
  }
  throw new UsageError(
    `--policy: expected random, a module (./my-policy.ts), an ONNX file or planner:RUN, got "${policy}"`,
  );
}

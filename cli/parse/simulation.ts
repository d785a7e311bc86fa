// The flags by which a simulator is recorded, shared by `jepa record` and `jepa train`.
import { type Command, Option } from 'commander';
import { UsageError } from '../../src/error.ts';
import type { RecordOptions, SimulatorRecording } from '../../src/simulation/record-simulator.ts';
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
  readonly lanes?: number;
  readonly seed?: number;
  readonly imageSize?: readonly [number, number];
}

/** Attributes of the flags that `withSimulationFlags` adds. */
export const simulationFlagNames = [
  ...['episodes', 'steps', 'episodeSteps', 'policy', 'actionPersistence'],
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
    .addOption(new Option('--policy <name>', 'what acts in a simulator (default: random)').choices(['random']))
    .option(
      '--action-persistence <share>',
      'how likely the random policy repeats its action instead of drawing (default: 0)',
      parseShare,
    )
    .option(
      '--lanes <number>',
      'of gym: environments that are stepped together (default: 8)',
      parseWhole('--lanes', 1),
    );
  return withSimulatorFlags(recording);
}

export interface RecordingTarget {
  /** Of the new file. */
  readonly path: string;
  /** Called before anything is written: until then an interruption finds nothing on disk. */
  readonly beforeWriting?: (() => void) | undefined;
}

/** Records with the flags; progress on stderr. */
export async function recordWithFlags(
  simulator: string,
  { path, beforeWriting }: RecordingTarget,
  flags: SimulationFlags,
): Promise<SimulatorRecording> {
  const { recordSimulator } = await import('../../src/simulation/record-simulator.ts');
  const episodes = flags.episodes ?? DEFAULT_EPISODES;
  const options: RecordOptions = {
    episodes,
    steps: flags.steps ?? flags.episodeSteps ?? DEFAULT_STEPS,
    seed: flags.seed ?? 0,
    actionPersistence: flags.actionPersistence ?? 0,
    imageSize: flags.imageSize,
    simulatorOptions: parseOptions(flags.option ?? []),
    render: flags.render,
    python: flags.python,
    lanes: flags.lanes,
    ...(flags.timeLimit === undefined ? {} : { limitMs: flags.timeLimit * 1000 }),
    ...(beforeWriting === undefined ? {} : { beforeWriting }),
    onNote: (note) => process.stderr.write(`jepa: ${note}\n`),
    onEpisode: progressOf(episodes),
  };
  const recorded = await recordSimulator(simulator, path, options);
  process.stderr.write(`${path}: ${recorded.episodes} episodes of ${simulator}, ${recorded.steps} steps\n`);
  return recorded;
}

const LINE_EVERY_MS = 5000;

/** A line now and then. */
function progressOf(episodes: number): (finished: number) => void {
  let writtenAt = performance.now();
  return (finished) => {
    const now = performance.now();
    if (now - writtenAt < LINE_EVERY_MS) return;
    writtenAt = now;
    process.stderr.write(`episode ${finished}/${episodes}\n`);
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

function parseShare(text: string): number {
  const value = parseNonNegative('--action-persistence')(text);
  if (value >= 1) throw new UsageError(`--action-persistence: expected a number below 1, got "${text}"`);
  return value;
}

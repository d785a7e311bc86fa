// What a run keeps of the simulator that its recording was made of (simulation.json): what it takes to record it again, and to
// act in it.
import { dirname } from 'node:path';
import * as z from 'zod';
import { FormatError } from '../error.ts';
import { formatJson } from '../json.ts';
import { type NamedCode, recognizeCode } from '../machine/code-permission.ts';
import { writeFileAtomic } from '../storage/atomic-file.ts';
import { readTextIfPresent } from '../storage/file-system.ts';

/** Raised when a field changes its meaning. Fields may be added without. */
const SIMULATION_FORMAT = 1;

const count = z.int().min(1);

const simulationSchema = z.looseObject({
  format: z.literal(SIMULATION_FORMAT),
  simulator: z.string().describe('as the user wrote it: ./my-env.ts, gym:CartPole-v1'),
  seed: z.int(),
  policy: z.string(),
  actionPersistence: z.number(),
  randomShare: z.number().optional().describe('share of actions that were drawn at random instead of the policy'),
  maximalSteps: count.describe('actions after which an episode was cut off'),
  options: z.record(z.string(), z.unknown()).describe("the simulator's own"),
  render: z.boolean().optional().describe('whether frames were observed instead of numbers'),
  imageSize: z.tuple([count, count]).optional(),
  layout: z
    .looseObject({
      observation: z
        .array(z.looseObject({ name: z.string(), kind: z.enum(['image', 'vector']), size: z.int().min(1) }).readonly())
        .readonly(),
      action: z.array(z.string()).readonly(),
    })
    .optional()
    .describe("where the parts of the simulator's spaces went: channels of the image, numbers of the vector, in order"),
  versions: z.record(z.string(), z.string()),
  episodes: count,
  steps: count.describe('of all episodes together'),
});
export type SimulationRecord = z.output<typeof simulationSchema>;

export function writeSimulationRecord(path: string, record: Omit<SimulationRecord, 'format'>): void {
  const content = simulationSchema.parse({ format: SIMULATION_FORMAT, ...record });
  writeFileAtomic(path, formatJson(content));
}

/** The code that a simulation's record names, which runs only with the user's permission. */
export function namedSimulator({ simulator, options }: Pick<SimulationRecord, 'simulator' | 'options'>): NamedCode {
  return { kind: 'simulator', name: simulator, options };
}

/** Undefined where there is none. @throws FormatError where it is something else, or of another format */
export function readSimulationRecord(path: string): SimulationRecord | undefined {
  const text = readTextIfPresent(path);
  if (text === undefined) return undefined;
  try {
    const record = simulationSchema.parse(JSON.parse(text));
    recognizeCode(dirname(path), [namedSimulator(record)]);
    return record;
  } catch (cause) {
    const issue =
      cause instanceof z.ZodError ? `${cause.issues[0].path.join('.')}: ${cause.issues[0].message}` : 'none';
    throw new FormatError(`${path}: expected what a run keeps of its simulator, got ${issue}`, { cause });
  }
}

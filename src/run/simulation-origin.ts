// Which simulator the observations of a run were recorded in, as an export and an evaluation say it. Written from what the run
// keeps (simulation.json); read leniently, since none of it decides anything.
import * as z from 'zod';
import { FormatError } from '../error.ts';

const count = z.int().min(1);

export const simulationOriginSchema = z.looseObject({
  simulator: z.string().describe('gym:CartPole-v1, or the file of a module'),
  seed: z.int(),
  policy: z.string().describe('what acted'),
  actionPersistence: z.number().describe('how likely the policy repeated its action'),
  maximalSteps: count.describe('actions after which an episode was cut off'),
  options: z.record(z.string(), z.unknown()).describe("the simulator's own"),
  render: z.boolean().optional().describe('whether frames were observed instead of numbers'),
  versions: z.record(z.string(), z.string()),
  episodes: count,
  steps: count.describe('of all episodes together'),
});
export type SimulationOrigin = z.output<typeof simulationOriginSchema>;

/** @throws FormatError where it is something else */
export function parseSimulationOrigin(where: string, value: unknown): SimulationOrigin {
  const parsed = simulationOriginSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new FormatError(`${where}: expected the simulator of the run, got ${issue.path.join('.')}: ${issue.message}`);
}

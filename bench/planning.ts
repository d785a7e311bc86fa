// Time of a decision of every planner, in turns: the same observations, the reward (or the latent of a state) as the goal.
// node --import tsx bench/planning.ts RUN [rounds] [runtime] [goal state]
import { cpus } from 'node:os';
import { openEnvironmentSetting } from '../pipeline/plan/environment.ts';
import { resolvePlanOptions } from '../pipeline/plan/option.ts';
import { createEnvironment } from '../src/environments/index.ts';
import { createPlanner, plannerNames } from '../src/planning/index.ts';
import { latentWorld } from '../src/planning/latent-world.ts';
import { randomFor } from '../src/random.ts';
import { openSubject } from '../src/run/subject.ts';
import { openWorldSession } from '../src/run/world-session.ts';
import { openRuntime } from '../src/runtimes/index.ts';
import { requireEnvironmentConfiguration } from '../src/training/configuration.ts';

const [folder, rounds = '20', runtimeName = 'cpu', state] = process.argv.slice(2);
const subject = openSubject(folder);
const { configuration } = subject;
const { name, ...options } = requireEnvironmentConfiguration(folder, configuration);
const environment = createEnvironment(name, options);
const runtime = await openRuntime(runtimeName, { threads: 1 });
const session = await openWorldSession(runtime, subject, environment.observationShape);
const setting = await openEnvironmentSetting(
  resolvePlanOptions({
    planner: createPlanner('cem', {}),
    ...(state === undefined ? {} : { goal: { kind: 'state', name: state } }),
    episodes: Number(rounds) + 1,
  }),
  { configuration, environment, session },
);
const world = latentWorld(session, setting.arena.actions);
const measured = new Map(plannerNames.map((planner) => [planner, { ms: [0].slice(1), predictions: 0 }]));
const encodingMs: number[] = [];

for (let round = 0; round < setting.episodes; round++) {
  const random = randomFor('bench planning', round);
  const observation = (await setting.arena.startEpisode(round)).observe();
  const encodingBegan = performance.now();
  const { values: latent } = await session.encode(observation);
  const encoded = performance.now() - encodingBegan;
  const objective = await setting.goal.objectiveOf(round);
  if (round > 0) encodingMs.push(encoded);
  for (const [planner, { ms }] of measured) {
    const decide = createPlanner(planner).startEpisode();
    const began = performance.now();
    const plan = await decide({ world, objective, latent, random, taken: 0 });
    // The first round warms up.
    if (round === 0) continue;
    ms.push(performance.now() - began);
    const entry = measured.get(planner);
    if (entry) entry.predictions += plan.predictions / Number(rounds);
  }
}
await session.dispose();
await runtime.dispose();

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const { version, provider } = runtime.describe();
process.stdout.write(`${cpus()[0].model}, node ${process.version}, ${version}, ${provider}, 1 thread\n`);
process.stdout.write(`${subject.name}: goal ${state ?? 'reward'}, ${rounds} decisions each, in turns; median times\n`);
process.stdout.write(`encoding an observation: ${median(encodingMs).toFixed(2)} ms\n`);
for (const [planner, { ms, predictions }] of measured)
  process.stdout.write(
    `${planner.padEnd(16)} ${median(ms).toFixed(2).padStart(8)} ms  ${predictions.toFixed(0).padStart(6)} latents  ` +
      `${(median(ms) / median(measured.get('exhaustive')?.ms ?? ms)).toFixed(2).padStart(6)} x exhaustive\n`,
  );

// How far the predictions of an exported run stay in the right class, and which classes its latents mix up. Classes are those
// of dynamics and reward, the centroids are of encoded observations, words are drawn evenly; observations as in `jepa evaluate`.
// node --import tsx bench/prediction.ts RUN... [--json]
import { createEnvironment } from '../src/environments/index.ts';
import { rewardClasses } from '../src/evaluation/class/bisimulation.ts';
import { environmentEvaluationSource } from '../src/evaluation/held-out/held-out.ts';
import { type CentroidMeasures, centroidsOf, measureCentroids } from '../src/measures/centroid.ts';
import { createLatents, type Latents, labelLatents } from '../src/measures/latents.ts';
import { randomFor } from '../src/random.ts';
import { openSubject } from '../src/run/subject.ts';
import { openWorldSession } from '../src/run/world-session.ts';
import { openRuntime, type Runtime } from '../src/runtimes/index.ts';
import { requireEnvironmentConfiguration } from '../src/training/configuration.ts';

const OBSERVATIONS = 2048;
/** Actions after which the class is looked at. */
const LENGTHS = [1, 2, 4, 8];

const folders = process.argv.slice(2).filter((each) => each !== '--json');
const runtime = await openRuntime('cpu', { threads: 1 });
for (const folder of folders) {
  const measured = await measure(folder, runtime);
  const { run, accuracy, mistakes, ofEqualReward, rightAfter } = measured;
  const text =
    `${run}: accuracy ${accuracy.toFixed(3)}, ${mistakes} mistakes, ${ofEqualReward} between classes of one reward; ` +
    `predicted latents nearest to the right centroid after ${LENGTHS.map((length, i) => `${length}: ${rightAfter[i].toFixed(3)}`).join(', ')}`;
  process.stdout.write(`${process.argv.includes('--json') ? JSON.stringify(measured) : text}\n`);
}
await runtime.dispose();

async function measure(folder: string, runtime: Runtime) {
  const subject = openSubject(folder);
  const { name, ...options } = requireEnvironmentConfiguration(folder, subject.configuration);
  const environment = createEnvironment(name, options);
  const { classOf, count } = rewardClasses(environment);
  const session = await openWorldSession(runtime, subject, environment.observationShape);
  const label = (latents: Latents, states: Int32Array) =>
    labelLatents(
      latents,
      states.map((state) => classOf[state]),
      count,
    );
  const { judged, centroids: others } = await environmentEvaluationSource(environment).draw(OBSERVATIONS, 0);
  const centroids = centroidsOf(label(await session.encode(others.observations), others.states));
  let latents = await session.encode(judged.observations);
  const encoded = measureCentroids(label(latents, judged.states), centroids);
  const random = randomFor('bench prediction');
  const states = Int32Array.from(judged.states);
  const rightAfter: number[] = [];
  for (let length = 1; length <= Math.max(...LENGTHS); length++) {
    const actions = new Float32Array(OBSERVATIONS * environment.actionSize);
    for (let n = 0; n < OBSERVATIONS; n++) {
      const action = random.integer(environment.actionNames.length);
      environment.encodeAction(action, random, actions, n * environment.actionSize);
      states[n] = environment.next(states[n], action);
    }
    latents = createLatents(await session.predict(latents, actions), latents.size);
    if (LENGTHS.includes(length)) rightAfter.push(measureCentroids(label(latents, states), centroids).accuracy);
  }
  await session.dispose();
  const rewardOf = new Float64Array(count);
  classOf.forEach((label, state) => {
    rewardOf[label] = environment.reward(state);
  });
  return { run: subject.name, accuracy: encoded.accuracy, ...countMistakes(encoded, rewardOf), rightAfter };
}

/** Observations nearest to another class's centroid, and how many of them to one of the same reward. */
function countMistakes({ confusion }: CentroidMeasures, rewardOf: Float64Array) {
  let mistakes = 0;
  let ofEqualReward = 0;
  confusion.forEach((observations, index) => {
    const own = Math.floor(index / rewardOf.length);
    const taken = index % rewardOf.length;
    if (own === taken) return;
    mistakes += observations;
    if (rewardOf[own] === rewardOf[taken]) ofEqualReward += observations;
  });
  return { mistakes, ofEqualReward };
}

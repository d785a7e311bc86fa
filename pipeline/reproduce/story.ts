// What the story page of a reproduction shows: arms of a claims file trained on one seed, looked at on the way. Each arm is kept
// as it ends, so that an interrupted story goes on.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { distinguishingWord } from '../../src/bisimulation/index.ts';
import { labelledObservations } from '../../src/data/environment-source.ts';
import type { LabelledObservations } from '../../src/data/transition.ts';
import { createEnvironment, type Environment } from '../../src/environments/index.ts';
import { JepaError, UsageError } from '../../src/error.ts';
import { rewardBisimulation } from '../../src/evaluation/class/bisimulation.ts';
import { pixelInput } from '../../src/evaluation/evaluate.ts';
import { decodeLatents } from '../../src/evaluation/readout/decoder.ts';
import { parseJsonIfAny } from '../../src/json.ts';
import { centroidsOf, measureCentroids } from '../../src/measures/centroid.ts';
import { type Latents, labelLatents } from '../../src/measures/latents.ts';
import { measurePairs } from '../../src/measures/pair-distance.ts';
import { observationPng } from '../../src/report/picture.ts';
import type { ClaimsFile } from '../../src/report/reproduction/claim/claims-file.ts';
import {
  projectFrames,
  STORY_FORMAT,
  type Story,
  type StoryArm,
  storyArmSchema,
} from '../../src/report/story/story.ts';
import { openRuntime, type Runtime } from '../../src/runtimes/index.ts';
import { elementCount } from '../../src/shape.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { makeFolder } from '../../src/storage/file-system.ts';
import { loadTensorFlow } from '../../src/tensorflow/load.ts';
import { exportDecoder } from '../evaluate/readout.ts';
import { calibrateBatchNorm, exportObservationNetwork } from '../network/observation.ts';
import { decoderDefaults, trainDecoder } from '../train/decoder.ts';
import { configurationOf } from './claims-run.ts';
import { withCourse } from './course.ts';
import { encodeHeldOut } from './held-out.ts';

export interface StoryOptions {
  /** Of what is kept of each arm. */
  readonly folder: string;
  readonly arms: readonly string[];
  readonly seed: number;
  readonly threads: number;
  /** Steps of each decoder. Default: those of evaluations. */
  readonly decoderSteps?: number;
  readonly onNote?: ((note: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const RUNTIME = 'cpu';
/** Close together where much happens, as parts of the training. */
const FRAMES = [0, 0.015, 0.03, 0.06, 0.1, 0.15, 0.2, 0.25, 0.32, 0.4, 0.5, 0.6, 0.75, 1];
/** Of each state, in the film. */
const SHOWN_PER_STATE = 18;
/** Observations that accuracies are of, and others for centroids and decoders. */
const JUDGED_PER_STATE = 80;
const OTHERS = 1024;
/** That batch norms take their statistics from, as training does from its batches. */
const CALIBRATION = 256;

/** @throws the reason of `signal` where it stopped this; what is done is kept */
export async function recordStory(claims: ClaimsFile, options: StoryOptions): Promise<Story> {
  const { folder, arms: ids, seed, threads, signal, onNote = () => {} } = options;
  makeFolder(folder);
  const environment = createEnvironment(claims.environment);
  const judged = shownFirst(
    labelledObservations(environment, JUDGED_PER_STATE * environment.stateCount, seed, 'story'),
    environment,
  );
  const arms: StoryArm[] = [];
  for (const id of ids) {
    const path = join(folder, `${id}-seed-${seed}.json`);
    let arm = readArm(path);
    if (arm === undefined) {
      await loadTensorFlow({ threads, ...(signal && { signal }) });
      arm = await recordArm(claims, id, judged, options);
      writeFileAtomic(path, JSON.stringify(arm));
      onNote(`${arms.length + 1} of ${ids.length} trainings done: ${arm.name}`);
    }
    arms.push(arm);
  }
  const system = rewardBisimulation(environment);
  const states = Array.from({ length: environment.stateCount }, (_, state) => state);
  const shown = SHOWN_PER_STATE * environment.stateCount;
  return {
    format: STORY_FORMAT,
    environment: environment.name,
    seed,
    states: states.map((state) => environment.stateName(state)),
    rewards: states.map((state) => environment.reward(state)),
    actions: [...environment.actionNames],
    next: states.map((state) => environment.actionNames.map((_, action) => environment.next(state, action))),
    words: states.map((a) => states.map((b) => distinguishingWord(system, a, b) ?? null)),
    labels: Array.from(judged.states.subarray(0, shown)),
    examples: picturesOf(judged.observations, environment),
    arms,
  };
}

function readArm(path: string): StoryArm | undefined {
  if (!existsSync(path)) return undefined;
  return storyArmSchema.safeParse(parseJsonIfAny(readFileSync(path, 'utf8'))).data;
}

/** State by state in turns: the first S are one of each, the first S x 18 are what is shown. */
function shownFirst({ observations, states }: LabelledObservations, environment: Environment): LabelledObservations {
  if (!(observations instanceof Uint8Array)) throw new UsageError('story: expected images of an environment');
  const size = elementCount(environment.observationShape);
  const rowsOf = Array.from({ length: environment.stateCount }, (): number[] => []);
  states.forEach((state, row) => {
    rowsOf[state].push(row);
  });
  const order = Array.from({ length: JUDGED_PER_STATE }, (_, turn) =>
    rowsOf.flatMap((rows) => rows[turn] ?? []),
  ).flat();
  const sorted = new Uint8Array(order.length * size);
  order.forEach((row, index) => {
    sorted.set(observations.subarray(row * size, (row + 1) * size), index * size);
  });
  return { observations: sorted, states: Int32Array.from(order, (row) => states[row]) };
}

/** The first S images as PNG. */
function picturesOf(
  images: LabelledObservations['observations'],
  { observationShape, stateCount }: Environment,
): string[] {
  if (!(images instanceof Uint8Array)) throw new UsageError('story: expected images of an environment');
  const size = elementCount(observationShape);
  return Array.from({ length: stateCount }, (_, n) =>
    observationPng(images.subarray(n * size, (n + 1) * size), observationShape),
  );
}

async function recordArm(
  claims: ClaimsFile,
  id: string,
  judged: LabelledObservations,
  { seed, threads, decoderSteps = decoderDefaults.steps, signal, onNote = () => {} }: StoryOptions,
): Promise<StoryArm> {
  const configuration = configurationOf(claims, id, seed, threads);
  const { steps } = configuration.optimization;
  const { name } = claims.arms[id];
  const runtime = await openRuntime(RUNTIME, { threads });
  try {
    return await withCourse(
      configuration,
      () => signal?.throwIfAborted(),
      async ({ parts, training, advance }) => {
        const { environment, model } = parts;
        const others = labelledObservations(environment, OTHERS, seed, 'story others');
        const calibration = labelledObservations(environment, CALIBRATION, 0, 'calibration').observations;
        const shape = environment.observationShape;
        const frames: { step: number; latents: Latents; accuracy: number; distance: number }[] = [];
        let last = { judged: emptyLatents, others: emptyLatents };
        for (const step of new Set(FRAMES.map((part) => Math.round(part * steps)))) {
          const divergedAt = await advance(step);
          if (divergedAt !== undefined)
            throw new JepaError(`story: expected finite losses of ${id}, seed ${seed}, got none at step ${divergedAt}`);
          training.copyToModels(model);
          await calibrateBatchNorm(model.encoder, {
            observations: calibration,
            shape,
            input: pixelInput,
            runtime,
          });
          const encoder = exportObservationNetwork(model.encoder, pixelInput);
          last = await encodeHeldOut(runtime, encoder, { judged, others }, shape);
          const labelled = labelLatents(last.judged, judged.states, environment.stateCount);
          const centroids = centroidsOf(labelLatents(last.others, others.states, environment.stateCount));
          frames.push({
            step,
            latents: last.judged,
            accuracy: measureCentroids(labelled, centroids).accuracy,
            distance: measurePairs(labelled).meanDistance,
          });
          onNote(`${name}: step ${step} of ${steps}`);
        }
        const projected = projectFrames(
          frames.map(({ latents }) => firstRows(latents, SHOWN_PER_STATE * environment.stateCount)),
        );
        return {
          id,
          name,
          frames: frames.map(({ step, accuracy, distance }, index) => ({
            step,
            points: projected[index],
            accuracy: rounded(accuracy),
            spread: rounded(distance / frames[0].distance),
          })),
          drawn: await draw(runtime, last, { judged, others, environment, seed, steps: decoderSteps }),
        };
      },
    );
  } finally {
    await runtime.dispose();
  }
}

const emptyLatents: Latents = { values: new Float32Array(0), size: 1, count: 0 };

function firstRows({ values, size }: Latents, count: number): Latents {
  return { values: values.slice(0, count * size), size, count };
}

const rounded = (value: number) => Number(value.toPrecision(4));

interface Drawing {
  readonly judged: LabelledObservations;
  readonly others: LabelledObservations;
  readonly environment: Environment;
  readonly seed: number;
  readonly steps: number;
}

/** A decoder is trained on other observations; what it makes of the first of each state, as PNG. */
async function draw(
  runtime: Runtime,
  latents: { readonly judged: Latents; readonly others: Latents },
  { others, environment, seed, steps }: Drawing,
): Promise<string[]> {
  const { observations } = others;
  if (!(observations instanceof Uint8Array)) throw new UsageError('story: expected images of an environment');
  const decoder = trainDecoder(
    { latents: latents.others, observations, observationShape: environment.observationShape },
    { seed, steps },
  );
  const model = exportDecoder(decoder);
  decoder.dispose();
  const session = await runtime.load(model);
  try {
    return picturesOf(await decodeLatents(session, firstRows(latents.judged, environment.stateCount)), environment);
  } finally {
    await session.dispose();
  }
}

// One training of the playground: the step that `jepa export --training-step` writes, run by onnxruntime-web, with the classes and
// the measures of `jepa evaluate` on held-out observations. Knows no page: the worker drives it, and tests do.
// Letters: N held-out observations, D latent.
import * as tf from '@tensorflow/tfjs';
import { encodeModel, exportOnnx } from '../../export/index.ts';
import { buildTrainingProgram, flatten, type TrainingProgram } from '../../export/training/index.ts';
import { buildWorldModel, type WorldModel } from '../../models/world-model.ts';
import {
  describeNetworks,
  originOf,
  planNetworksOf,
  resolveNetworkOptions,
} from '../../pipeline/export/network-plan.ts';
import { calibrateBatchNorm } from '../../pipeline/network/observation.ts';
import { OnnxTrainingStep } from '../../pipeline/train/onnx-step.ts';
import { type Auxiliary, auxiliarySizeOf, joinStateTables } from '../../src/auxiliary/auxiliary.ts';
import { environmentContext } from '../../src/auxiliary/context.ts';
import { createRandomProjection } from '../../src/auxiliary/random-projection.ts';
import { createReward } from '../../src/auxiliary/reward.ts';
import { environmentSource, labelledObservations } from '../../src/data/environment-source.ts';
import type { TransitionSource } from '../../src/data/transition.ts';
import { createEnvironment, type Environment } from '../../src/environments/index.ts';
import { UsageError } from '../../src/error.ts';
import { rewardClasses, type StateClasses } from '../../src/evaluation/class/bisimulation.ts';
import { formatJson } from '../../src/json.ts';
import { createLatents, type Latents } from '../../src/measures/latents.ts';
import type { Runtime, RuntimeSession } from '../../src/runtimes/runtime.ts';
import { EXPORT_DESCRIPTION_NAME } from '../../src/storage/export-format.ts';
import { setNamedWeights } from '../../src/tensorflow/weight.ts';
import type { StepResult, StepState } from '../../src/training/backend.ts';
import type { Configuration } from '../../src/training/configuration.ts';
import { learningRateAt } from '../../src/training/schedule.ts';
import { meanDistanceOf } from './judge.ts';

/** Held-out observations of each of the two sets, at least; and of every state. */
const HELD_OUT = 240;
const LEAST_PER_STATE = 4;
/** T: with their next observations one run of the encoder. */
const TRANSITIONS = 32;
/** Observations that the batch norms of the untrained encoder are calibrated on. */
const CALIBRATION = 256;

export interface HeldOut {
  /** [N, H, W, C] */
  readonly observations: Uint8Array;
  /** [N] */
  readonly states: Int32Array;
}

/** T transitions that training never sees: what a prediction is compared with. */
export interface HeldOutTransitions {
  /** [2 T, H, W, C]: first those that actions are taken at, then those they lead to. */
  readonly observations: Uint8Array;
  /** [T, A] */
  readonly actions: Float32Array;
}

/** The files of an export: name -> content. */
export type ExportFiles = ReadonlyMap<string, Uint8Array>;

/** Builds everything that a training needs, and trains. Whoever opened it disposes it. */
export class Learner {
  readonly configuration: Configuration;
  readonly environment: Environment;
  readonly classes: StateClasses;
  /** Those that are shown and judged, and those that the centroids are taken from. */
  readonly judged: HeldOut;
  readonly others: HeldOut;
  readonly transitions: HeldOutTransitions;
  readonly program: TrainingProgram;
  /** Of the judged latents before training. */
  untrainedMeanDistance = 0;
  readonly #auxiliaries: readonly Auxiliary[];
  readonly #model: WorldModel;
  readonly #source: TransitionSource;
  readonly #step: OnnxTrainingStep;
  readonly #encoder: RuntimeSession;
  #stepsDone = 0;
  /** Read once for each step, where anybody asks. */
  #state: { readonly step: number; readonly read: Promise<StepState> } | undefined;

  private constructor(
    parts: Parts,
    transitions: HeldOutTransitions,
    program: TrainingProgram,
    step: OnnxTrainingStep,
    encoder: RuntimeSession,
  ) {
    const { configuration, environment, auxiliaries, model } = parts;
    this.configuration = configuration;
    this.environment = environment;
    this.classes = rewardClasses(environment);
    this.program = program;
    this.transitions = transitions;
    this.#auxiliaries = auxiliaries;
    this.#model = model;
    this.#step = step;
    this.#encoder = encoder;
    this.#source = environmentSource(environment, {
      seed: configuration.seed,
      stream: 'train',
      auxiliary: joinStateTables(auxiliaries, environment.stateCount),
      actionPersistence: configuration.objective.actionPersistence,
    });
    const count = Math.max(HELD_OUT, LEAST_PER_STATE * environment.stateCount);
    this.judged = heldOut(environment, count, 'evaluation');
    this.others = heldOut(environment, count, 'evaluation centroids');
  }

  /** @throws what the runtime throws where it cannot run the step */
  static async open(configuration: Configuration, runtime: Runtime): Promise<Learner> {
    // Advice to install tfjs-node would be for another place.
    tf.enableProdMode();
    await tf.setBackend('cpu');
    const parts = await buildParts(configuration);
    const { environment, auxiliaries, model } = parts;
    await calibrateBatchNorm(model.encoder, {
      observations: heldOut(environment, CALIBRATION, 'calibration').observations,
      shape: environment.observationShape,
      input: { name: 'observation', layout: 'nhwc', type: 'uint8' },
      runtime,
    });
    const { objective, optimization, seed } = configuration;
    const program = buildTrainingProgram(
      model,
      {
        observationShape: environment.observationShape,
        observationType: 'uint8',
        actionSize: environment.actionSize,
        auxiliarySize: joinStateTables(auxiliaries, environment.stateCount).size,
      },
      { objective, optimization, auxiliaries, hasFixedBatch: true },
    );
    const step = await OnnxTrainingStep.open(program, runtime, { seed });
    const encoder = await runtime.load(encodeModel(program.encoder()));
    const learner = new Learner(parts, await heldOutTransitions(environment), program, step, encoder);
    learner.untrainedMeanDistance = meanDistanceOf(await learner.encode(learner.judged.observations));
    return learner;
  }

  get stepsDone(): number {
    return this.#stepsDone;
  }

  get isDone(): boolean {
    return this.#stepsDone >= this.configuration.optimization.steps;
  }

  /** One step of training on a batch that is a function of the seed and of the step's number. */
  async train(): Promise<StepResult> {
    const { objective, optimization } = this.configuration;
    const number = this.#stepsDone;
    const batch = await this.#source.batch(number, optimization.batchSize, objective.horizon);
    const result = await this.#step.run(batch, number, learningRateAt(number, optimization));
    this.#stepsDone = number + 1;
    return result;
  }

  /** [N, H, W, C] -> latents [N, D] of the encoder as it is now, batch norms by their averages. */
  async encode(observations: Uint8Array): Promise<Latents> {
    const { layout, built } = this.program;
    const { weights } = await this.read();
    const rows = built.inference?.rows ?? 1;
    const { rowSize, latentSize } = this.#step;
    const count = observations.length / rowSize;
    const values = new Float32Array(count * latentSize);
    const state = Object.fromEntries(
      (['weights', 'averages'] as const).flatMap((name) => {
        const data = flatten(layout[name], weights);
        return data.length === 0 ? [] : [[name, { type: 'float32' as const, data, shape: [data.length] }]];
      }),
    );
    for (let start = 0; start < count; start += rows) {
      const end = Math.min(count, start + rows);
      const data = new Uint8Array(rows * rowSize);
      data.set(observations.subarray(start * rowSize, end * rowSize));
      const shape = [rows, ...this.environment.observationShape];
      const fed = { ...state, observations: { type: 'uint8' as const, data, shape } };
      const { latent } = await this.#encoder.run(fed);
      if (latent.data instanceof Float32Array)
        values.set(latent.data.subarray(0, (end - start) * latentSize), start * latentSize);
    }
    return createLatents(values, latentSize);
  }

  /** The predictor as it is now: latents [n, D] after actions [n, A]. */
  async predict(latents: Float32Array, actions: Float32Array): Promise<Float32Array> {
    const { predictor } = this.#model;
    const size = this.#step.latentSize;
    const count = latents.length / size;
    setNamedWeights(predictor, 'predictor', (await this.read()).weights);
    return tf.tidy(() => {
      const next = predictor.predict([
        tf.tensor2d(latents, [count, size]),
        tf.tensor2d(actions, [count, this.environment.actionSize]),
      ]);
      if (Array.isArray(next)) throw new UsageError('predictor: expected one output, got several');
      return Float32Array.from(next.dataSync());
    });
  }

  /** What training changes; another learner of the same configuration goes on from it. */
  read(): Promise<StepState> {
    if (this.#state?.step !== this.#stepsDone) this.#state = { step: this.#stepsDone, read: this.#step.read() };
    return this.#state.read;
  }

  /** The networks as they are now, as `jepa export` writes them: the same bytes for the same weights. */
  async export(name: string, version: string): Promise<ExportFiles> {
    await this.#step.copyToModels(this.#model);
    return exportNetworks({ name, version, stepsDone: this.#stepsDone, ...this.#parts() });
  }

  #parts(): Parts {
    return {
      configuration: this.configuration,
      environment: this.environment,
      auxiliaries: this.#auxiliaries,
      model: this.#model,
    };
  }

  async dispose(): Promise<void> {
    await this.#step.dispose();
    await this.#encoder.dispose();
    const { encoder, predictor, auxiliary } = this.#model;
    for (const network of [encoder, predictor, auxiliary]) network?.dispose();
    for (const each of this.#auxiliaries) if (each.of === 'pixels') each.model.dispose();
  }
}

interface Parts {
  readonly configuration: Configuration;
  readonly environment: Environment;
  readonly auxiliaries: readonly Auxiliary[];
  readonly model: WorldModel;
}

async function buildParts(configuration: Configuration): Promise<Parts> {
  const { name = '', ...options } = configuration.environment ?? {};
  const environment = createEnvironment(name, options);
  const context = environmentContext(environment, configuration.seed);
  const auxiliaries: Auxiliary[] = [];
  for (const each of configuration.auxiliary) {
    if (each.kind === 'reward') auxiliaries.push(createReward(each, context));
    else if (each.kind === 'random-projection') auxiliaries.push(await createRandomProjection(each, context));
    else throw new UsageError(`playground: expected the auxiliary reward or random-projection, got ${each.kind}`);
  }
  const { observationShape, actionSize } = environment;
  const shape = { observationShape, actionSize, auxiliarySize: auxiliarySizeOf(auxiliaries) };
  return {
    configuration,
    environment,
    auxiliaries,
    model: buildWorldModel(configuration.model, shape, configuration.seed),
  };
}

function heldOut(environment: Environment, count: number, stream: string): HeldOut {
  const { observations, states } = labelledObservations(environment, count, 0, stream);
  return { observations: Uint8Array.from(observations), states };
}

async function heldOutTransitions(environment: Environment): Promise<HeldOutTransitions> {
  const auxiliary = { size: 0, table: new Float32Array(0) };
  const source = environmentSource(environment, { seed: 0, stream: 'evaluation transitions', auxiliary });
  const { observations, actions } = await source.batch(0, TRANSITIONS, 1);
  return { observations: Uint8Array.from(observations), actions };
}

function exportNetworks({
  name,
  version,
  stepsDone,
  configuration,
  environment,
  auxiliaries,
  model,
}: Parts & { readonly name: string; readonly version: string; readonly stepsDone: number }): ExportFiles {
  const { observationShape, actionSize } = environment;
  const run = { environment, observationShape, actionSize, auxiliaries, model, configuration, step: stepsDone };
  const options = resolveNetworkOptions({});
  const plans = planNetworksOf(run, options, originOf(name, run, version));
  const files = new Map(plans.map((plan) => [`${plan.name}.onnx`, exportOnnx(plan.model, plan.exportOptions)]));
  const description = { format: 1, ...describeNetworks(name, run, options) };
  files.set(EXPORT_DESCRIPTION_NAME, new TextEncoder().encode(formatJson(description)));
  return files;
}

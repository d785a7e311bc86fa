// A training that shows itself: trains as fast as it can, and between steps makes pictures and judgements, which may take a fixed
// share of the time.

import { encodeOneHot } from '../../src/environments/environment.ts';
import { createLatents, type Latents } from '../../src/measures/latents.ts';
import type { Runtime } from '../../src/runtimes/runtime.ts';
import { elementCount } from '../../src/shape.ts';
import type { StepResult } from '../../src/training/backend.ts';
import { classNames } from './class-name.ts';
import { dreamOf } from './dream.ts';
import { type Judgement, judge, labelled, meanDistanceOf, type Witness, witnessesOf } from './judge.ts';
import { Learner } from './learner.ts';
import { SteadyPlane } from './plane.ts';
import { measurePrediction, type Prediction } from './prediction.ts';
import type { Frame, Imagined, Labelling, Opened } from './protocol.ts';
import { configurationOf, type Setting } from './setting.ts';

/** Between two pictures: at least so many milliseconds, and so many times as long as one takes. */
const PICTURE_PAUSE_MS = 50;
const PICTURE_SHARE = 3;
/** The same of judgements, which take longer. */
const JUDGEMENT_PAUSE_MS = 500;
const JUDGEMENT_SHARE = 8;
/** Predictions that a picture shows. */
const SHOWN_PREDICTIONS = 12;

export class PlaySession {
  readonly #learner: Learner;
  readonly #plane = new SteadyPlane();
  readonly #witnessOf: (first: number, second: number) => Witness | undefined;
  #encoded: { readonly step: number; readonly latents: Latents } | undefined;
  #judgement: Judgement | undefined;
  #last: StepResult | undefined;
  #elapsedMs = 0;
  #nextPictureAt = 0;
  #nextJudgementAt = 0;

  private constructor(learner: Learner) {
    this.#learner = learner;
    this.#witnessOf = witnessesOf(learner.environment, learner.classes);
  }

  static async open(setting: Setting, runtime: Runtime): Promise<PlaySession> {
    return new PlaySession(await Learner.open(configurationOf(setting), runtime));
  }

  get isDone(): boolean {
    return this.#learner.isDone;
  }

  get stepsDone(): number {
    return this.#learner.stepsDone;
  }

  describe(threads: number): Opened {
    const { environment, judged, classes, program, configuration } = this.#learner;
    const { states, observations } = judged;
    const [height, width, channels] = environment.observationShape;
    const factors = (environment.factors ?? []).map(
      ({ name, size, of }): Labelling => ({
        name,
        names: Array.from({ length: size }, (_, value) => `${name} ${value}`),
        labels: states.map(of),
      }),
    );
    return {
      observations,
      shape: [height, width, channels],
      labellings: [
        {
          name: 'class',
          names: classNames(environment, classes),
          labels: states.map((state) => classes.classOf[state]),
        },
        ...factors,
      ],
      actionNames: environment.actionNames,
      steps: configuration.optimization.steps,
      parameters: program.layout.weights.reduce((sum, { shape }) => sum + elementCount(shape), 0),
      nodes: program.step.graph.nodes.length,
      threads,
    };
  }

  /** One step; a frame where one is due, and after the last step. */
  async train(): Promise<Frame | undefined> {
    const start = performance.now();
    this.#last = await this.#learner.train();
    this.#elapsedMs += performance.now() - start;
    return this.isDone || performance.now() >= this.#nextPictureAt ? this.look() : undefined;
  }

  /** The latents as they are now; judged where that is due, or `isFinal`. */
  async look(isFinal = this.isDone): Promise<Frame> {
    const learner = this.#learner;
    const start = performance.now();
    const latents = await this.#latentsNow();
    const { points, radius } = this.#plane.follow(latents);
    const { prediction, misses } = await this.#predictions();
    const pictured = performance.now();
    this.#nextPictureAt = pictured + Math.max(PICTURE_PAUSE_MS, PICTURE_SHARE * (pictured - start));
    if (this.#judgement === undefined || isFinal || pictured >= this.#nextJudgementAt) {
      const others = labelled(
        await learner.encode(learner.others.observations),
        learner.others.states,
        learner.classes,
      );
      const own = labelled(latents, learner.judged.states, learner.classes);
      this.#judgement = judge(own, others, learner.untrainedMeanDistance);
      const judged = performance.now();
      this.#nextJudgementAt = judged + Math.max(JUDGEMENT_PAUSE_MS, JUDGEMENT_SHARE * (judged - pictured));
    }
    this.#elapsedMs += performance.now() - start;
    const { centroids: _, ...judgement } = this.#judgement;
    return {
      step: learner.stepsDone,
      points,
      radius,
      misses,
      prediction,
      spread: meanDistanceOf(latents) / learner.untrainedMeanDistance,
      loss: this.#last?.loss,
      terms: this.#last?.terms ?? {},
      judgement,
      witness: this.#witnessOf(...judgement.worst.pair),
      elapsedMs: this.#elapsedMs,
    };
  }

  /** How the predictor does on held-out transitions, and some of its predictions in the picture's plane. */
  async #predictions(): Promise<{ readonly prediction: Prediction; readonly misses: Float32Array }> {
    const learner = this.#learner;
    const { observations, actions } = learner.transitions;
    const { values, size } = await learner.encode(observations);
    const half = values.length / 2;
    const next = values.subarray(half);
    const predicted = await learner.predict(values.subarray(0, half), actions);
    const shown = SHOWN_PREDICTIONS * size;
    const ends = [predicted, next].map((each) => this.#plane.project(each.subarray(0, shown)));
    const misses = Float32Array.from(
      { length: 4 * SHOWN_PREDICTIONS },
      (_, i) => ends[(i >> 1) % 2][2 * (i >> 2) + (i % 2)],
    );
    return {
      prediction: measurePrediction(predicted, createLatents(next, size), learner.untrainedMeanDistance),
      misses,
    };
  }

  /** Of the judged observations as the encoder is now; encoded once for each moment of the training. */
  async #latentsNow(): Promise<Latents> {
    const step = this.#learner.stepsDone;
    if (this.#encoded?.step !== step)
      this.#encoded = { step, latents: await this.#learner.encode(this.#learner.judged.observations) };
    return this.#encoded.latents;
  }

  /** The way that actions lead from one held-out observation on, the start first, and the dreams on it. The predictor never looks at an image again. */
  async imagine(observation: number, actions: readonly number[]): Promise<Imagined[]> {
    const { environment, classes, judged, untrainedMeanDistance } = this.#learner;
    // Without an action nothing is predicted: the last picture's latents will do, and training is not kept waiting.
    const latents = (actions.length === 0 ? this.#encoded?.latents : undefined) ?? (await this.#latentsNow());
    const known = { latents, observations: judged.observations, untrainedDistance: untrainedMeanDistance };
    const { size } = latents;
    const centroids = this.#judgement?.centroids ?? new Float64Array(0);
    let latent: Float32Array = latents.values.slice(observation * size, (observation + 1) * size);
    let state = judged.states[observation];
    const at = (): Imagined => {
      const [x, y] = this.#plane.project(latent);
      return {
        point: [x, y],
        nearest: nearestRow(latents.values, latent),
        landedClass: nearestRow(centroids, latent),
        trueClass: classes.classOf[state],
        dream: dreamOf(latent, known, observation),
      };
    };
    const steps = [at()];
    for (const action of actions) {
      const encoded = new Float32Array(environment.actionSize);
      encodeOneHot(action, environment.actionSize, encoded, 0);
      latent = await this.#learner.predict(latent, encoded);
      state = environment.next(state, action);
      steps.push(at());
    }
    return steps;
  }

  export(version: string): Promise<ReadonlyMap<string, Uint8Array>> {
    return this.#learner.export('playground', version);
  }

  dispose(): Promise<void> {
    return this.#learner.dispose();
  }
}

/** The row of `rows` [n, D] that is nearest to `vector` [D]. */
function nearestRow(rows: Float32Array | Float64Array, vector: Float32Array): number {
  const size = vector.length;
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let n = 0; n < rows.length / size; n++) {
    let sum = 0;
    for (let k = 0; k < size; k++) sum += (rows[n * size + k] - vector[k]) ** 2;
    if (sum >= least) continue;
    least = sum;
    best = n;
  }
  return best;
}

// A training step on a runtime that runs ONNX files: the graph that TensorFlow would run, its state carried from step to step.
import { encodeModel } from '../../export/index.ts';
import {
  flatTensorsOf,
  flattenState,
  nextName,
  probeName,
  type TrainingProgram,
  unflattenState,
} from '../../export/training/index.ts';
import type { TransitionBatch } from '../../src/data/transition.ts';
import { JepaError } from '../../src/error.ts';
import { carryingSession } from '../../src/runtimes/carrying.ts';
import type { CarryingSession, Runtime, RuntimeSession, RuntimeTensor } from '../../src/runtimes/index.ts';
import { elementCount } from '../../src/shape.ts';
import type { NamedArray } from '../../src/storage/safetensors.ts';
import { setNetworkWeights } from '../../src/tensorflow/weight.ts';
import type { StepResult, StepState, TrainingBackend } from '../../src/training/backend.ts';
import type { Networks } from '../../src/training/objective.ts';
import { type ProbedTensor, probedTensors } from '../../src/training/probe.ts';
import { sigregFeeds } from '../../src/training/regularizer.ts';

type State = Readonly<Record<string, RuntimeTensor>>;

/** Owns the sessions of a step and of its encoder; the runtime stays the caller's. */
export class OnnxTrainingStep implements TrainingBackend {
  readonly #program: TrainingProgram;
  readonly #runtime: Runtime;
  readonly #seed: number;
  readonly #session: CarryingSession;
  readonly rowSize: number;
  readonly latentSize: number;
  /** Opened when something is measured. */
  #measuring: Promise<RuntimeSession> | undefined;

  private constructor(program: TrainingProgram, runtime: Runtime, session: CarryingSession, seed: number) {
    this.#program = program;
    this.#runtime = runtime;
    this.#session = session;
    this.#seed = seed;
    const [, ...observationShape] = program.built.graph.placeholders.get('observations')?.shape ?? [];
    this.rowSize = elementCount(observationShape);
    this.latentSize = program.built.latentSize;
    session.write(this.#stateOf(program.initial));
  }

  /**
   * Opens the step on `runtime`, with the networks' own weights and a fresh optimizer.
   * @throws what the runtime throws where it cannot run the step
   */
  static async open(
    program: TrainingProgram,
    runtime: Runtime,
    { seed = 0 }: { readonly seed?: number } = {},
  ): Promise<OnnxTrainingStep> {
    const model = encodeModel(program.step);
    const carried = carriedBy(program);
    const session =
      (await runtime.loadCarrying?.(model, carried)) ?? carryingSession(await runtime.load(model), carried);
    return new OnnxTrainingStep(program, runtime, session, seed);
  }

  async run(batch: TransitionBatch, step: number, rate: number): Promise<StepResult> {
    const { termNames } = this.#program.built;
    const scalar = (value: number): RuntimeTensor => ({ type: 'float32', data: Float32Array.of(value), shape: [] });
    const outputs = await runWith(this.#session, {
      ...this.#batchFeeds(batch, step),
      rate: scalar(rate),
      step: scalar(step + 1),
    });
    const numberOf = (name: string): number => Number(outputs[name].data[0]);
    return {
      loss: numberOf('loss'),
      terms: Object.fromEntries(termNames.map((name) => [name, numberOf(name)])),
      latentDeviation: numberOf('latent_deviation'),
    };
  }

  #batchFeeds(batch: TransitionBatch, step: number): Record<string, RuntimeTensor> {
    const { graph, observedNumbers } = this.#program.built;
    const shaped = (name: string, data: Float32Array | Uint8Array): RuntimeTensor => ({
      type: data instanceof Uint8Array ? 'uint8' : 'float32',
      data,
      shape: graph.placeholders.get(name)?.shape ?? [],
    });
    const fed: Record<string, RuntimeTensor> = {
      // Time-major: what is encoded comes first.
      observations: shaped('observations', batch.observations.subarray(0, observedNumbers)),
      actions: shaped('actions', batch.actions),
      targets: shaped('targets', batch.auxiliary),
    };
    for (const [name, values] of Object.entries(sigregFeeds(graph, this.#seed, step)))
      fed.directions = shaped(name, values);
    return fed;
  }

  get probed(): readonly ProbedTensor[] {
    return probedTensors(this.#program.built);
  }

  async probe(batch: TransitionBatch, step: number, tensors: readonly ProbedTensor[]): Promise<Float32Array[]> {
    const session = await this.#runtime.load(encodeModel(this.#program.probe(tensors)));
    try {
      const outputs = await runWith(session, { ...this.#batchFeeds(batch, step), ...(await this.#session.read()) });
      return tensors.map((_, i) => floatsOf(outputs[probeName(i)]));
    } finally {
      await session.dispose();
    }
  }

  async encode(observations: Uint8Array | Float32Array): Promise<Float32Array> {
    const count = observations.length / this.rowSize;
    const encoded = new Float32Array(count * this.latentSize);
    for (let start = 0; start < count; start += this.#rows) {
      const end = Math.min(count, start + this.#rows);
      const { latent } = await this.#measure(observations.subarray(start * this.rowSize, end * this.rowSize));
      encoded.set(floatsOf(latent).subarray(0, (end - start) * this.latentSize), start * this.latentSize);
    }
    return encoded;
  }

  async jacobianGram(observation: Uint8Array | Float32Array): Promise<Float32Array> {
    const rows = this.#rows;
    const length = rows * observation.length;
    const all = observation instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
    for (let row = 0; row < rows; row++) all.set(observation, row * observation.length);
    const { gram } = await this.#measure(all);
    const corner = new Float32Array(this.latentSize ** 2);
    const products = floatsOf(gram);
    for (let row = 0; row < this.latentSize; row++)
      corner.set(products.subarray(row * rows, row * rows + this.latentSize), row * this.latentSize);
    return corner;
  }

  /** Rows of one run of the encoder. */
  get #rows(): number {
    return this.#program.built.inference?.rows ?? 0;
  }

  /** The encoder on at most as many observations as it takes; the rest of the run is zeros. */
  async #measure(observations: Uint8Array | Float32Array): Promise<Record<string, RuntimeTensor>> {
    this.#measuring ??= this.#runtime.load(encodeModel(this.#program.jacobian()));
    const session = await this.#measuring;
    const shape = this.#program.built.inference?.observations.shape ?? [];
    const isPixels = observations instanceof Uint8Array;
    const data = isPixels ? new Uint8Array(elementCount(shape)) : new Float32Array(elementCount(shape));
    data.set(observations);
    const fed: Record<string, RuntimeTensor> = {
      ...(await this.#session.read()),
      observations: { type: isPixels ? 'uint8' : 'float32', data, shape },
    };
    return runWith(session, fed);
  }

  async read(): Promise<StepState> {
    const state = await this.#session.read();
    const flat = new Map(Object.entries(state).map(([name, tensor]) => [name, floatsOf(tensor)]));
    return unflattenState(this.#program, flat);
  }

  restore(state: StepState): void {
    this.#session.write(this.#stateOf(new Map([...state.weights, ...state.optimizer])));
  }

  #stateOf(values: ReadonlyMap<string, NamedArray>): State {
    const flat = [...flattenState(this.#program.layout, values)];
    return Object.fromEntries(
      flat.map(([name, data]): [string, RuntimeTensor] => [name, { type: 'float32', data, shape: [data.length] }]),
    );
  }

  async copyToModels(networks: Networks): Promise<void> {
    setNetworkWeights(networks, (await this.read()).weights);
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
    if (this.#measuring) await (await this.#measuring).dispose();
    this.#measuring = undefined;
  }
}

/** What a step carries: an input of the state -> the output that is its next value. */
function carriedBy({ layout }: TrainingProgram): Record<string, string> {
  return Object.fromEntries(flatTensorsOf(layout).map(({ name }) => [name, nextName(name)]));
}

/** Runs a session with those of `fed` that it takes. */
const runWith = (session: Pick<RuntimeSession, 'inputs' | 'run'>, fed: Readonly<Record<string, RuntimeTensor>>) =>
  session.run(Object.fromEntries(session.inputs.map(({ name }) => [name, fed[name]])));

function floatsOf({ data, type }: RuntimeTensor): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new JepaError(`training step: expected float32, got ${type}`);
}

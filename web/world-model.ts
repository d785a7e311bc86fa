// An exported world model behind onnxruntime-web: encode observations, predict latents, ask the auxiliary head.
// Letters: N observations, H W C image, D latent, A action, M numbers of all auxiliaries.
import { FormatError, UnavailableError, UsageError } from '../src/error.ts';
import { observationTensor } from '../src/run/encode.ts';
import { firstLine, type Onnxruntime, openSession } from '../src/runtimes/onnxruntime-session.ts';
import type { RuntimeSession, RuntimeTensor, TensorSpec } from '../src/runtimes/runtime.ts';
import type { ExportDescription } from '../src/storage/export-format.ts';
import { type ExportFiles, type Fetch, openExportFiles } from './export-files.ts';
import { chooseRuntime, type RuntimeChoice, type RuntimeRequest, surroundings, wasmChoice } from './runtime-choice.ts';

/** Where the files of an export come from, and what runs them. */
export interface LoadOptions {
  /** Default `auto`: WebGPU where a real graphics adapter is there, else WebAssembly. */
  readonly runtime?: RuntimeRequest | undefined;
  /** Threads of WebAssembly, one number for a page's whole life. Default: the cores, at most 4; 1 where the page is not isolated. */
  readonly threads?: number | undefined;
  /**
   * Where onnxruntime-web's own files lie, by the module that starts the runtime. Default: where onnxruntime-web finds
   * them by itself, which is beside it with most bundlers.
   */
  readonly runtimeFiles?: RuntimeFiles | undefined;
  /** Default: the global fetch. */
  readonly fetch?: Fetch | undefined;
  /** Told in a few words what is being done. */
  readonly onProgress?: ((message: string) => void) | undefined;
}

/** Addresses of onnxruntime-web's WebAssembly, for each of the two ways. */
export type RuntimeFiles = Readonly<Record<RuntimeChoice['runtime'], { readonly mjs: string; readonly wasm: string }>>;

/** What actually runs, and why. */
export interface WorldModelRuntime extends RuntimeChoice {
  /** `onnxruntime-web 1.30.0` */
  readonly version: string;
}

/** An export that is loaded in a page: encodes observations and predicts latents. */
export interface WorldModel {
  readonly description: ExportDescription;
  readonly runtime: WorldModelRuntime;
  /** H, W, C of images; [V] of an encoder of vectors. */
  readonly observationShape: readonly number[];
  /** V: numbers of a vector, alone or beside an image; 0 for an encoder of images alone. */
  readonly vectorSize: number;
  /** D */
  readonly latentSize: number;
  /** A */
  readonly actionSize: number;
  /** M; 0 where the run had no auxiliary. */
  readonly auxiliarySize: number;
  /**
   * Bytes of N images, [N, H, W, C] -> latents [N, D]. Layout and type of the file's own input are taken care of. An encoder
   * of vectors takes their numbers, [N, V], as they were recorded; one of both takes the images, then the vectors.
   */
  encode(observations: Uint8Array | Uint8ClampedArray | Float32Array, vectors?: Float32Array): Promise<Float32Array>;
  /** Latents [N, D] and encoded actions [N, A] -> the predicted next latents [N, D]. */
  predict(latents: Float32Array, actions: Float32Array): Promise<Float32Array>;
  /**
   * Latents [N, D] -> outputs of the auxiliary head [N, M]: logits where the run trained it by cross-entropy.
   * @throws UsageError where the run had no auxiliary.
   */
  auxiliary(latents: Float32Array): Promise<Float32Array>;
  /** Frees the models' memory. Nothing else may be called afterwards. */
  dispose(): Promise<void>;
}

/**
 * Loads an export folder: export.json and the files that it names.
 * @param folder its address, relative to the page
 * @throws UnavailableError where WebGPU was asked for and is not there.
 * @throws JepaError where a file is missing, FormatError where it is another model's or none.
 */
export async function loadWorldModel(folder: string | URL, options: LoadOptions = {}): Promise<WorldModel> {
  const progress = options.onProgress ?? (() => {});
  const request = options.runtime ?? 'auto';
  const choice = await chooseRuntime(request, options.threads, surroundings());
  progress('Loading the models');
  const files = await openExportFiles(folder, options.fetch ?? ((url) => fetch(url)));
  const models = await readModels(files);
  progress('Starting onnxruntime-web');
  try {
    return await start(files.description, models, choice, options);
  } catch (error) {
    if (request !== 'auto' || choice.runtime !== 'webgpu') throw error;
    const reason = `WebAssembly, because WebGPU failed here (${firstLine(error)}).`;
    return start(files.description, models, wasmChoice(reason, options.threads, surroundings()), options);
  }
}

interface Models {
  readonly encoder: Uint8Array;
  readonly predictor: Uint8Array;
  readonly auxiliary: Uint8Array | undefined;
}

async function readModels({ description, read }: ExportFiles): Promise<Models> {
  const [encoder, predictor, auxiliary] = await Promise.all([
    read(description.encoder.file),
    read(description.predictor.file),
    description.auxiliary && read(description.auxiliary.file),
  ]);
  return { encoder, predictor, auxiliary };
}

async function start(
  description: ExportDescription,
  models: Models,
  choice: RuntimeChoice,
  options: LoadOptions,
): Promise<WorldModel> {
  const onnxruntime = await startOnnxruntime(choice, options.runtimeFiles);
  const sessionOptions = {
    executionProviders: [choice.runtime],
    logSeverityLevel: 4 as const,
    // Nodes that WebGPU cannot run would go to the CPU without a word.
    ...(choice.runtime === 'webgpu' ? { extra: { session: { disable_cpu_ep_fallback: '1' } } } : {}),
  };
  const sessions: RuntimeSession[] = [];
  const open = async (bytes: Uint8Array, file: string) => {
    const session = await openSession(onnxruntime, bytes, sessionOptions, file).catch(explainBackend);
    sessions.push(session);
    return session;
  };
  const dispose = async () => {
    for (const session of sessions.splice(0)) await session.dispose();
  };
  try {
    const { encoder, predictor, auxiliary } = description;
    const networks: Networks = {
      encoder: await open(models.encoder, encoder.file),
      predictor: await open(models.predictor, predictor.file),
      auxiliary: auxiliary && models.auxiliary && (await open(models.auxiliary, auxiliary.file)),
    };
    checkNetworks(description, networks);
    const { env } = onnxruntime;
    return {
      ...methodsOf(description, networks),
      description,
      runtime: {
        ...choice,
        // onnxruntime-web writes 1 here where the engine has no shared memory.
        threads: env.wasm.numThreads ?? choice.threads,
        version: `onnxruntime-web ${env.versions.web}`,
      },
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

type OnnxruntimeWeb = Onnxruntime & typeof import('onnxruntime-web');

/** The number of threads with which each of the two modules was started; it holds as long as the page. */
const startedThreads = new Map<RuntimeChoice['runtime'], number>();

async function startOnnxruntime(
  { runtime, threads }: RuntimeChoice,
  files: RuntimeFiles | undefined,
): Promise<OnnxruntimeWeb> {
  const started = startedThreads.get(runtime);
  if (started !== undefined && started !== threads)
    throw new UsageError(`threads: expected the ${started} that this page started with, got ${threads}`, {
      remedy: 'Use one number of threads in one page.',
    });
  // Two modules, so that a page that needs no WebGPU does not fetch the twice as large one.
  const onnxruntime: OnnxruntimeWeb =
    runtime === 'webgpu' ? await import('onnxruntime-web/webgpu') : await import('onnxruntime-web/wasm');
  const { env } = onnxruntime;
  env.logLevel = 'fatal';
  env.wasm.numThreads = threads;
  if (files !== undefined) env.wasm.wasmPaths = { ...files[runtime] };
  startedThreads.set(runtime, threads);
  return onnxruntime;
}

/** The first model that is opened starts the runtime, whose own failures are no fault of the model's. */
function explainBackend(error: unknown): never {
  const reason = firstLine(error);
  if (!reason.includes('no available backend')) throw error;
  throw new UnavailableError(
    `onnxruntime-web: expected to start, got: ${reason.replace(/^.*no available backend found\. ?/, '')}`,
    {
      remedy: 'Serve its .mjs and .wasm files, and name them in `runtimeFiles` where they do not lie beside it.',
      cause: error,
    },
  );
}

interface Networks {
  readonly encoder: RuntimeSession;
  readonly predictor: RuntimeSession;
  readonly auxiliary: RuntimeSession | undefined;
}

/** The files must be those that export.json describes. */
function checkNetworks(description: ExportDescription, networks: Networks): void {
  const { encoder, predictor, auxiliary } = description;
  const { input, vector } = encoder;
  const latentSize = encoder.output.size;
  checkPort(encoder.file, networks.encoder.inputs, { name: input.name, type: input.type, row: rowOf(input) });
  if (vector)
    checkPort(encoder.file, networks.encoder.inputs, { name: vector.name, type: 'float32', row: [vector.size] });
  checkPort(encoder.file, networks.encoder.outputs, { ...encoder.output, type: 'float32', row: [latentSize] });
  const { latent, action } = predictor.inputs;
  checkPort(predictor.file, networks.predictor.inputs, { name: latent, type: 'float32', row: [latentSize] });
  checkPort(predictor.file, networks.predictor.inputs, { name: action, type: 'float32', row: [predictor.actionSize] });
  checkPort(predictor.file, networks.predictor.outputs, { ...predictor.output, type: 'float32', row: [latentSize] });
  if (auxiliary === undefined || networks.auxiliary === undefined) return;
  checkPort(auxiliary.file, networks.auxiliary.inputs, { ...auxiliary.input, type: 'float32', row: [latentSize] });
  const { name: output, size } = auxiliary.output;
  checkPort(auxiliary.file, networks.auxiliary.outputs, { name: output, type: 'float32', row: [size] });
}

/** The shape of an input without the axis N. */
function rowOf(input: ExportDescription['encoder']['input']): number[] {
  if (input.layout === 'flat') return [input.size];
  const { layout, height, width, channels } = input;
  return layout === 'nchw' ? [channels, height, width] : [height, width, channels];
}

interface Port {
  readonly name: string;
  readonly type: string;
  /** The shape without the axis N. */
  readonly row: readonly number[];
}

function checkPort(file: string, found: readonly TensorSpec[], { name, type, row }: Port): void {
  const spec = found.find((each) => each.name === name);
  const fits =
    spec !== undefined &&
    spec.type === type &&
    spec.shape.length === row.length + 1 &&
    row.every((side, axis) => typeof spec.shape[axis + 1] === 'string' || spec.shape[axis + 1] === side);
  if (fits) return;
  const seen = found.map((each) => `"${each.name}" ${each.type} [${each.shape.join(', ')}]`).join(', ');
  throw new FormatError(`${file}: expected "${name}" ${type} [N, ${row.join(', ')}], got ${seen}`, {
    remedy: 'The file and export.json do not belong together: export the run again.',
  });
}

function methodsOf(
  description: ExportDescription,
  networks: Networks,
): Omit<WorldModel, 'description' | 'runtime' | 'dispose'> {
  const { encoder, predictor, auxiliary } = description;
  const latentSize = encoder.output.size;
  const { actionSize } = predictor;
  const inTurn = createTurns();
  const rows: CountRows = (what, values, size) => {
    if (values.length > 0 && values.length % size === 0) return values.length / size;
    throw new UsageError(`${what}: expected rows of ${size} numbers, got ${values.length} numbers`);
  };
  const run = (session: RuntimeSession, output: string, feeds: Record<string, RuntimeTensor>) =>
    inTurn(async () => {
      const { [output]: tensor } = await session.run(feeds);
      if (tensor?.data instanceof Float32Array) return tensor.data;
      throw new FormatError(`output "${output}": expected float32, got ${tensor?.type ?? 'nothing'}`);
    });
  return {
    ...observationSizes(description),
    latentSize,
    actionSize,
    auxiliarySize: auxiliary?.output.size ?? 0,
    async encode(observations, vectors) {
      return run(networks.encoder, encoder.output.name, encoderFeeds(description, rows, observations, vectors));
    },
    async predict(latents, actions) {
      const count = rows('predict: latents', latents, latentSize);
      if (rows('predict: actions', actions, actionSize) !== count)
        throw new UsageError(
          `predict: expected an action for each of ${count} latents, got ${actions.length / actionSize}`,
        );
      return run(networks.predictor, predictor.output.name, {
        [predictor.inputs.latent]: matrix(latents, count),
        [predictor.inputs.action]: matrix(actions, count),
      });
    },
    async auxiliary(latents) {
      const { auxiliary: session } = networks;
      if (session === undefined || auxiliary === undefined)
        throw new UsageError('auxiliary: expected a world model with an auxiliary head, got one without', {
          remedy: 'Train with an auxiliary function.',
        });
      const count = rows('auxiliary: latents', latents, latentSize);
      return run(session, auxiliary.output.name, { [auxiliary.input.name]: matrix(latents, count) });
    },
  };
}

function observationSizes({ encoder }: ExportDescription): Pick<WorldModel, 'observationShape' | 'vectorSize'> {
  const { input, vector } = encoder;
  if (input.layout === 'flat') return { observationShape: [input.size], vectorSize: input.size };
  return { observationShape: [input.height, input.width, input.channels], vectorSize: vector?.size ?? 0 };
}

/** How many rows of a size there are. @throws UsageError where they are not whole */
type CountRows = (what: string, values: ArrayLike<number>, size: number) => number;

function encoderFeeds(
  { encoder }: ExportDescription,
  rows: CountRows,
  observations: Uint8Array | Uint8ClampedArray | Float32Array,
  vectors: Float32Array | undefined,
): Record<string, RuntimeTensor> {
  const { input, vector } = encoder;
  const isVector = input.layout === 'flat';
  if (isVector !== observations instanceof Float32Array)
    throw new UsageError(
      `encode: expected ${isVector ? 'vectors of numbers (Float32Array)' : 'images as bytes'}, got ${observations.constructor.name}`,
    );
  if ((vector === undefined) !== (vectors === undefined))
    throw new UsageError(
      `encode: expected ${vector ? 'a vector beside every image' : 'one input'}, got ${vectors ? 'two' : 'images alone'}`,
    );
  if (input.layout === 'flat') {
    const numbers = Float32Array.from(observations);
    return { [input.name]: matrix(numbers, rows('encode', numbers, input.size)) };
  }
  const { height, width, channels } = input;
  const count = rows('encode', observations, height * width * channels);
  const pixels = observations instanceof Uint8Array ? observations : Uint8Array.from(observations);
  const image = { [input.name]: observationTensor(pixels, [count, height, width, channels], input) };
  if (vector === undefined || vectors === undefined) return image;
  if (rows('encode: vectors', vectors, vector.size) !== count)
    throw new UsageError(`encode: expected a vector for each of ${count} images, got ${vectors.length / vector.size}`);
  return { ...image, [vector.name]: matrix(vectors, count) };
}

function matrix(data: Float32Array, count: number): RuntimeTensor {
  return { type: 'float32', data, shape: [count, data.length / count] };
}

/** onnxruntime-web takes one run at a time; callers need not know. */
function createTurns(): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work, work);
    last = turn;
    return turn;
  };
}

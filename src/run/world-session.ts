// The three networks of a world model behind one runtime, called by what they do.
import { FormatError, UsageError } from '../error.ts';
import type { Latents } from '../measures/latents.ts';
import type { Runtime, RuntimeSession, RuntimeTensor } from '../runtimes/index.ts';
import { encodeObservations, type Observations } from './encode.ts';
import type { EncoderFiles, EncoderSubject, EvaluationSubject, ModelFiles } from './subject.ts';

export interface EncoderSession {
  readonly files: EncoderFiles;
  /** For what needs more of it than `encode` gives. */
  readonly encoder: RuntimeSession;
  /** [N, ...observationShape] -> [N, D] */
  encode(observations: Observations): Promise<Latents>;
  dispose(): Promise<void>;
}

export interface WorldSession extends EncoderSession {
  readonly files: ModelFiles;
  /** [N, D], [N, A] -> [N, D] */
  predict(latents: Latents, actions: Float32Array): Promise<Float32Array>;
  /** [N, D] -> [N, M]; undefined where the world model has no auxiliary head. */
  auxiliary?(latents: Latents): Promise<Float32Array>;
}

/** @throws UsageError where the subject has no files for this kind of runtime. */
export function filesFor<Files extends EncoderFiles>(
  runtime: Runtime,
  subject: EncoderSubject & { readonly onnx?: Files; readonly tfjs?: Files },
): Files {
  const files = subject[runtime.format];
  if (files !== undefined) return files;
  const isOnnx = runtime.format === 'onnx';
  throw new UsageError(
    `${subject.folder}: expected ${isOnnx ? 'an export' : 'saved tfjs models'} for the runtime ` +
      `${runtime.describe().runtime}, found none`,
    {
      remedy: isOnnx
        ? `Export the run: jepa export ${subject.folder}`
        : 'Evaluate the finished run that was exported, or choose another runtime.',
    },
  );
}

/** Loads the encoder alone; whoever calls this disposes the session. */
export async function openEncoderSession(
  runtime: Runtime,
  subject: EncoderSubject,
  observationShape: readonly number[],
): Promise<EncoderSession> {
  const files = filesFor(runtime, subject);
  const encoder = await runtime.load(files.encoder.path);
  return {
    files,
    encoder,
    encode: (observations) => encodeObservations(encoder, observations, observationShape, files.encoder.input),
    dispose: () => encoder.dispose(),
  };
}

/** Loads the networks; whoever calls this disposes the session. */
export async function openWorldSession(
  runtime: Runtime,
  subject: EvaluationSubject,
  observationShape: readonly number[],
): Promise<WorldSession> {
  const files = filesFor(runtime, subject);
  const sessions: RuntimeSession[] = [];
  const load = async (path: string) => {
    const session = await runtime.load(path);
    sessions.push(session);
    return session;
  };
  const dispose = async () => {
    for (const session of sessions) await session.dispose();
  };
  try {
    const encoder = await load(files.encoder.path);
    const predictor = await load(files.predictor.path);
    const head = files.auxiliary && { session: await load(files.auxiliary.path), latent: files.auxiliary.latent };
    return {
      files,
      encoder,
      encode: (observations) => encodeObservations(encoder, observations, observationShape, files.encoder.input),
      predict: (latents, actions) =>
        runOne(predictor, {
          [files.predictor.latent]: tensorOf(latents.values, latents.count),
          [files.predictor.action]: tensorOf(actions, latents.count),
        }),
      ...(head && {
        auxiliary: (latents: Latents) =>
          runOne(head.session, { [head.latent]: tensorOf(latents.values, latents.count) }),
      }),
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function tensorOf(data: Float32Array, count: number): RuntimeTensor {
  return { type: 'float32', data, shape: [count, data.length / count] };
}

/** Runs a network with one float32 output. */
export async function runOne(session: RuntimeSession, feeds: Record<string, RuntimeTensor>): Promise<Float32Array> {
  const { name } = session.outputs[0];
  const { [name]: output } = await session.run(feeds);
  if (output.data instanceof Float32Array) return output.data;
  throw new FormatError(`output "${name}": expected float32, got ${output.type}`);
}

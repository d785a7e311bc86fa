// Probes and decoders of `jepa evaluate`: what else can be read from the latents, beside what was evaluated.
import type { LayersModel } from '@tensorflow/tfjs';
import { exportOnnx } from '../../export/index.ts';
import { option, UsageError } from '../../src/error.ts';
import type { Evaluation } from '../../src/evaluation/evaluate.ts';
import { decodeLatents, nuisanceScore, pixelError, withNoise } from '../../src/evaluation/readout/decoder.ts';
import { probeReadout } from '../../src/evaluation/readout/probes.ts';
import { type ReadoutSample, sampleReadout } from '../../src/evaluation/readout/readout.ts';
import { meanImage, readoutTargets } from '../../src/evaluation/readout/target.ts';
import {
  type DecoderReadoutRecord,
  type ProbeReadoutRecord,
  type ReadoutEncoder,
  readoutEncoders,
} from '../../src/evaluation/schema/readout.ts';
import type { ReportSection } from '../../src/report/report.ts';
import { type DrawnImages, decoderSection } from '../../src/report/section/decoder.ts';
import { probeSection } from '../../src/report/section/probe.ts';
import { openRuntime } from '../../src/runtimes/index.ts';
import { decoderDefaults, trainDecoder } from '../train/decoder.ts';

export interface ReadoutOptions {
  readonly probes: boolean;
  readonly decoder: boolean;
  /** Of the decoder, in units of the latents' root mean square deviation. */
  readonly decoderNoise: number;
  readonly seed: number;
  readonly threads?: number | undefined;
  readonly onProgress: (message: string) => void;
}

export interface Readout {
  readonly record: { readonly probes?: ProbeReadoutRecord; readonly decoder?: DecoderReadoutRecord };
  readonly sections: readonly ReportSection[];
  /** The decoder of the trained encoder's latents as an ONNX file. */
  readonly decoder?: Uint8Array;
}

/** TensorFlow must be loaded. The networks run on the first of the evaluated runtimes that takes ONNX files. */
export async function readOut(evaluation: Evaluation, options: ReadoutOptions): Promise<Readout> {
  const { input } = evaluation;
  const { seed, threads, onProgress } = options;
  const runtime = evaluation.options.runtimes.find((name) => name !== 'tfjs') ?? 'cpu';
  onProgress('encoding for probes and decoders');
  const sample = await sampleReadout(evaluation, runtime, threads);
  const probes = options.probes
    ? await probeReadout(sample, readoutTargets(sample, input.classes, input.environment), { seed, onProgress })
    : undefined;
  const drawn = options.decoder ? await decode(evaluation, sample, runtime, options) : undefined;
  return {
    record: { ...(probes && { probes }), ...(drawn && { decoder: drawn.record }) },
    sections: [
      ...(drawn ? [decoderSection(drawn.record, drawn.images)] : []),
      ...(probes ? [probeSection(probes)] : []),
    ],
    ...(drawn && { decoder: drawn.model }),
  };
}

interface Decoded {
  readonly record: DecoderReadoutRecord;
  readonly images: DrawnImages;
  readonly model: Uint8Array;
}

async function decode(
  { input }: Evaluation,
  sample: ReadoutSample,
  runtime: string,
  { decoderNoise: noise, seed, threads, onProgress }: ReadoutOptions,
): Promise<Decoded> {
  const { train, test } = sample;
  const [height, width, channels, ...others] = sample.observationShape;
  if (
    others.length > 0 ||
    channels === undefined ||
    !(train.observations instanceof Uint8Array) ||
    !(test.observations instanceof Uint8Array)
  )
    throw new UsageError(
      `${option('decoder')}: expected images, got observations of shape [${sample.observationShape}]`,
    );
  const observationShape = [height, width, channels] as const;
  const truth = test.observations;
  const models: Partial<Record<ReadoutEncoder, Uint8Array>> = {};
  const images: Record<ReadoutEncoder, Uint8Array> = { trained: truth, untrained: truth };
  const opened = await openRuntime(runtime, { threads });
  try {
    for (const encoder of readoutEncoders) {
      onProgress(`training a decoder on latents of the ${encoder} encoder`);
      const latents = train.latents[encoder];
      const model = trainDecoder({ latents, observations: train.observations, observationShape }, { seed, noise });
      models[encoder] = exportDecoder(model);
      model.dispose();
      const session = await opened.load(models[encoder]);
      images[encoder] = await decodeLatents(session, withNoise(test.latents[encoder], noise, seed));
      await session.dispose();
    }
  } finally {
    await opened.dispose();
  }
  const mean = meanImage(train.observations, height * width * channels);
  const meanBytes = Uint8Array.from(mean, Math.round);
  const meanImageError = pixelError(truth, mean);
  return {
    record: {
      runtime,
      noise,
      steps: decoderDefaults.steps,
      observations: train.latents.trained.count,
      testObservations: test.latents.trained.count,
      meanImageError,
      pixelError: {
        trained: pixelError(truth, images.trained) / meanImageError,
        untrained: pixelError(truth, images.untrained) / meanImageError,
      },
      scores: (input.environment?.nuisances ?? []).map((nuisance) => {
        const scoreOf = (drawn: Uint8Array) => {
          const score = nuisanceScore(nuisance, truth, drawn, observationShape);
          return Number.isFinite(score) ? score : null;
        };
        return {
          target: nuisance.name,
          measure: nuisance.kind === 'class' ? ('accuracy' as const) : ('squared-correlation' as const),
          trained: scoreOf(images.trained),
          untrained: scoreOf(images.untrained),
          meanImage: scoreOf(meanBytes),
        };
      }),
    },
    images: { observationShape, truth, ...images, labels: labelsOf(input, test.states) },
    model: models.trained ?? new Uint8Array(0),
  };
}

/** The class of each observation; all one where a recording names none. */
function labelsOf({ classes }: Evaluation['input'], states: Int32Array): DrawnImages['labels'] {
  return { names: classes.names, of: states.map((state) => classes.classOf[state]) };
}

export function exportDecoder(model: LayersModel): Uint8Array {
  return exportOnnx(model, {
    layout: 'nhwc',
    inputNames: ['latent'],
    outputNames: ['observation'],
    doc: 'Draws the observation that a latent was made from. Pixels / 255; clip them to 0..1.',
  });
}

// A world whose latents can be worked out by hand: places 0..4 on a line, seen as two numbers; the encoder is one product, the
// predictor adds the action. And the same as an image of 2 x 2 pixels, whose channel means are the latent.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { exportOnnx } from '../../export/index.ts';
import type { EvaluationSource } from '../../src/evaluation/held-out/held-out.ts';
import { randomFor } from '../../src/random.ts';
import type { EvaluationSubject } from '../../src/run/subject.ts';
import { resolveConfiguration } from '../../src/training/presets.ts';
import type { FoundRunner, Runner } from '../../src/verification/runner.ts';
import type { VerificationInput } from '../../src/verification/verify.ts';
import { pixelSumModel } from '../runtimes/onnx-fixture.ts';

const places = 5;

/** latent = observation * kernel + bias, [N, 2] -> [N, 2] */
export function encoderBytes(kernel = [1, 0, 0, 1], bias: readonly number[] = [0, 0]): Uint8Array {
  const layer = tf.layers.dense({ units: 2, inputShape: [2], name: 'project' });
  const model = tf.sequential({ layers: [layer] });
  layer.setWeights([tf.tensor2d(kernel, [2, 2]), tf.tensor1d([...bias])]);
  return exportOnnx(model, { inputNames: ['observation'], outputNames: ['latent'] });
}

/** next = latent + (action, 0, ...) */
export function predictorBytes(size = 2): Uint8Array {
  const latent = tf.input({ shape: [size], name: 'latent' });
  const action = tf.input({ shape: [1], name: 'action' });
  const joined = tf.layers.concatenate().apply([latent, action]) as tf.SymbolicTensor;
  const layer = tf.layers.dense({ units: size });
  const model = tf.model({ inputs: [latent, action], outputs: layer.apply(joined) as tf.SymbolicTensor });
  const kernel = tf.buffer([size + 1, size]);
  for (let k = 0; k < size; k++) kernel.set(1, k, k);
  kernel.set(1, size, 0);
  layer.setWeights([kernel.toTensor(), tf.zeros([size])]);
  return exportOnnx(model, { inputNames: ['latent', 'action'], outputNames: ['next_latent'] });
}

function labelled(count: number, seed: number, stream: string): { states: Int32Array; observations: Float32Array } {
  const random = randomFor('line world', stream, seed);
  const states = Int32Array.from({ length: count }, (_, i) => i % places);
  const observations = new Float32Array(2 * count);
  states.forEach((state, i) => {
    observations[2 * i] = state + 0.1 * random.normal();
    observations[2 * i + 1] = 0.1 * random.normal();
  });
  return { states, observations };
}

const lineSource: EvaluationSource = {
  name: 'line',
  description: {},
  observationShape: [2],
  draw(count, seed) {
    const { states, observations } = labelled(count, seed, 'transitions');
    const actions = Float32Array.from(states, (_, i) => (i % 2 === 0 ? 1 : -1));
    return {
      judged: labelled(count, seed, 'judged'),
      centroids: labelled(count, seed, 'centroids'),
      transitions: { observations, nextObservations: observations, actions, states },
    };
  },
};

/** The place in the brightness of the first channel; the two others are noise that differs from pixel to pixel. */
const imageSource: EvaluationSource = {
  ...lineSource,
  name: 'line of images',
  observationShape: [2, 2, 3],
  async draw(count, seed) {
    const paint = ({ states }: { states: Int32Array }, stream: string) => {
      const random = randomFor('line of images', stream, seed);
      const observations = new Uint8Array(states.length * 12);
      states.forEach((state, i) => {
        for (let pixel = 0; pixel < 4; pixel++)
          for (let channel = 0; channel < 3; channel++)
            observations[12 * i + 3 * pixel + channel] = (channel === 0 ? 50 * state : 100) + random.integer(8);
      });
      return { states, observations };
    };
    const { judged, centroids, transitions } = await lineSource.draw(count, seed);
    const { observations, states } = paint(transitions, 'transitions');
    return {
      judged: paint(judged, 'judged'),
      centroids: paint(centroids, 'centroids'),
      transitions: { ...transitions, observations, nextObservations: observations, states },
    };
  },
};

export interface LineWorldOptions {
  readonly encoder?: Uint8Array;
  /** As images; the file is NCHW, whatever the description says. */
  readonly images?: { readonly described: 'nchw' | 'nhwc' };
}

/** All of a verification but the runners. */
export function lineWorld(
  folder: string,
  { encoder, images }: LineWorldOptions = {},
): Omit<VerificationInput, 'runners' | 'references'> {
  tf.enableProdMode();
  const path = (name: string) => join(folder, name);
  const encoderFile = encoder ?? (images ? pixelSumModel('float32', 'nchw') : encoderBytes());
  const size = images ? 3 : 2;
  writeFileSync(path('encoder.onnx'), encoderFile);
  writeFileSync(path('predictor.onnx'), predictorBytes(size));
  const subject: EvaluationSubject = {
    name: 'line',
    folder,
    configuration: resolveConfiguration({
      preset: 'small',
      environment: 'counting',
      threads: 1,
      assignments: [`model.latentSize=${size}`],
    }),
    onnx: {
      encoder: {
        path: path('encoder.onnx'),
        input: { name: 'observation', layout: images?.described ?? 'flat', type: 'float32' },
      },
      predictor: { path: path('predictor.onnx'), latent: 'latent', action: 'action' },
    },
  };
  return {
    subject,
    source: images ? imageSource : lineSource,
    classes: {
      of: 'state',
      count: places,
      classOf: Int32Array.from({ length: places }, (_, place) => place),
      names: ['0', '1', '2', '3', '4'],
    },
    // As wide as the trained one.
    untrainedEncoder: {
      model: encoderFile,
      input: { name: 'observation', layout: images ? 'nchw' : 'flat', type: 'float32' },
    },
  };
}

const script = join(import.meta.dirname, 'faithful-runner.mjs');

/** A runner by the protocol, faithful but for what the words make it do. */
export function faithful(name: string, words: readonly string[] = [], encoder?: string): Runner {
  return scripted(name, { program: process.execPath, arguments: [script, ...words], ...(encoder ? { encoder } : {}) });
}

export function scripted(name: string, found: FoundRunner): Runner {
  return {
    name,
    format: 'onnx',
    model: 'float32',
    isInHouse: false,
    isRequired: false,
    isJudged: true,
    find: async () => found,
  };
}

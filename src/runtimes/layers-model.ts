// Reads a tf.LayersModel from the folder that tfjs itself would load: model.json and the weight files that it names.
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { FormatError } from '../error.ts';
import { readModelFile } from './model-file.ts';
import { weightFileName } from './weight-file-name.ts';

/** The part of model.json that is needed to find the weights; the topology is checked by tfjs. */
const modelJson = z.looseObject({
  modelTopology: z.looseObject({}),
  weightsManifest: z.array(
    z.looseObject({
      paths: z.array(z.string()),
      weights: z.array(z.looseObject({ name: z.string(), shape: z.array(z.int().min(0)), dtype: z.string() })),
    }),
  ),
});

/**
 * @param path of a model.json
 * @throws FormatError where the file, or a file of weights that it names, is not what it should be.
 */
export function readLayersModel(path: string): {
  readonly where: string;
  readonly artifacts: tf.io.ModelArtifacts;
  /** What else model.json says: the format, the signature of a graph model. */
  readonly json: Readonly<Record<string, unknown>>;
} {
  const { bytes, where } = readModelFile(path);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new FormatError(`${where}: expected the JSON of a tfjs model, got text that is none`, { cause: error });
  }
  const parsed = modelJson.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FormatError(
      `${where}: expected a tfjs model.json, got ${issue.path.join('.') || 'a value'}: ${issue.message}`,
    );
  }
  const { modelTopology, weightsManifest } = parsed.data;
  const files = weightsManifest.flatMap((group) =>
    group.paths.map((written) => {
      const name = weightFileName(written, where);
      const file = join(dirname(path), name);
      if (!statSync(file, { throwIfNoEntry: false })?.isFile())
        throw new FormatError(`${where}: expected its weights in ${name}, found no such file`);
      return readFileSync(file);
    }),
  );
  const weights = Buffer.concat(files);
  return {
    where,
    json: parsed.data,
    artifacts: {
      modelTopology,
      // The parser's boundary: dtypes and quantisation are checked by tfjs as it decodes.
      weightSpecs: weightsManifest.flatMap((group) => group.weights) as unknown as tf.io.WeightsManifestEntry[],
      weightData: weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.byteLength),
    },
  };
}

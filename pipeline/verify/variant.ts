// Beside the files of an export: its encoder in half precision and in 8 bits, made for one verification, and its recorded
// test data.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { calibrate, decodeModel, decodeTensor, encodeModel, toFloat16, toInt8 } from '../../export/index.ts';
import { FormatError, UnavailableError } from '../../src/error.ts';
import type { EvaluationSource } from '../../src/evaluation/held-out/held-out.ts';
import { observationFeeds } from '../../src/run/encode.ts';
import type { EvaluationSubject } from '../../src/run/subject.ts';
import { openRuntime } from '../../src/runtimes/index.ts';
import { elementCount } from '../../src/shape.ts';
import type { RecordedLatents } from '../../src/verification/held-out-files.ts';

/** Observations that the ranges of an 8-bit encoder are taken from; none of them is judged. */
const CALIBRATION_OBSERVATIONS = 256;
const CALIBRATION_BATCH = 32;

/** Writes the encoder in another precision into `folder`; ports stay as they are. @returns its path */
export async function makeVariant(
  precision: 'float16' | 'int8',
  folder: string,
  subject: EvaluationSubject,
  source: EvaluationSource,
  seed: number,
): Promise<string> {
  const { onnx } = subject;
  if (onnx === undefined)
    throw new UnavailableError(`${subject.folder}: expected an export, found none`, {
      remedy: `Export the run: jepa export ${subject.folder}`,
    });
  const model = decodeModel(readFileSync(onnx.encoder.path), 'encoder.onnx');
  const path = join(folder, `encoder-${precision}.onnx`);
  if (precision === 'float16') {
    writeFileSync(path, encodeModel(toFloat16(model, { keepPorts: true })));
    return path;
  }
  // Another stream than that of the judged observations.
  const { judged } = await source.draw(CALIBRATION_OBSERVATIONS, seed + 1);
  const rowSize = elementCount(source.observationShape);
  const runtime = await openRuntime('cpu');
  try {
    const session = await runtime.load(onnx.encoder.path);
    const feedsOf = observationFeeds(session.inputs, source.observationShape, onnx.encoder.input);
    await session.dispose();
    const samples = function* () {
      for (let start = 0; start < judged.observations.length; start += CALIBRATION_BATCH * rowSize)
        yield feedsOf(judged.observations.subarray(start, start + CALIBRATION_BATCH * rowSize));
    };
    const ranges = await calibrate(model, (bytes) => runtime.load(bytes), samples());
    writeFileSync(path, encodeModel(toInt8(model, ranges)));
    return path;
  } finally {
    await runtime.dispose();
  }
}

/** The encoder's test data of an export: what the framework gave for these observations. Undefined where there are none. */
export function readRecorded(subject: EvaluationSubject): RecordedLatents | undefined {
  if (subject.onnx === undefined) return undefined;
  const folder = join(dirname(subject.onnx.encoder.path), 'test_data', 'encoder');
  if (!existsSync(folder)) return undefined;
  const sets = readdirSync(folder).filter((name) => /^test_data_set_\d+$/.test(name));
  if (sets.length === 0) return undefined;
  const inputCount = subject.onnx.encoder.input.vector === undefined ? 1 : 2;
  const read = (set: string, file: string) =>
    decodeTensor(readFileSync(join(folder, set, file)), `test_data/encoder/${set}/${file}`);
  const observations: Uint8Array[][] = Array.from({ length: inputCount }, () => []);
  const latents: number[] = [];
  let count = 0;
  for (const set of sets) {
    const output = read(set, 'output_0.pb');
    for (const [index, parts] of observations.entries()) {
      const input = read(set, `input_${index}.pb`);
      if (!(output.data instanceof Float32Array) || input.shape[0] !== output.shape[0])
        throw new FormatError(
          `test_data: expected float32 latents of ${input.shape[0]} observations, got ${output.type}`,
        );
      if (!(input.data instanceof Float32Array) && !(input.data instanceof Uint8Array))
        throw new FormatError(`test_data: expected observations as float32 or uint8, got ${input.type}`);
      parts.push(new Uint8Array(input.data.buffer, input.data.byteOffset, input.data.byteLength));
    }
    latents.push(...Array.from(output.data, Number));
    count += output.shape[0];
  }
  return {
    count,
    observations: observations.map((parts) => new Uint8Array(Buffer.concat(parts))),
    latents: Float32Array.from(latents),
  };
}

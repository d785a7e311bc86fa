// The format of an export folder's export.json, as plain data: a page reads it as well as Node. Reading and writing the file
// is export-description.ts.
import * as z from 'zod';
import { FormatError, UsageError } from '../error.ts';

export const EXPORT_DESCRIPTION_NAME = 'export.json';
/** Raised when a field changes its meaning; a newer one is refused. Fields may be added without. */
export const EXPORT_FORMAT = 1;

/** A plain name beside the description: a path could lead out of the folder. */
const fileName = z.string().regex(/^[^/\\\0]+\.onnx$/, 'expected the name of an .onnx file in the same folder');
const size = z.int().min(1);

const imageInput = z.looseObject({
  name: z.string(),
  layout: z.enum(['nchw', 'nhwc']),
  type: z.enum(['float32', 'uint8']).describe('float32: pixels in 0..1; uint8: pixels in 0..255'),
  height: size,
  width: size,
  channels: size,
});
export type ImageInput = z.output<typeof imageInput>;

const vectorInput = z.looseObject({
  name: z.string(),
  layout: z.literal('flat'),
  type: z.literal('float32').describe('numbers as they were recorded'),
  size,
});

export const exportDescriptionSchema = z.looseObject({
  format: z.literal(EXPORT_FORMAT),
  run: z.string().describe('name of the run that was exported'),
  step: z.int().min(0).describe('training steps done'),
  state: z
    .string()
    .optional()
    .describe("name of the file that the weights were read from, where the run's training step was run elsewhere"),
  license: z.string().optional().describe('of the weights, where their owner stated one'),
  configuration: z.record(z.string(), z.unknown()).describe("the run's resolved configuration, as in its config.json"),
  encoder: z.looseObject({
    file: fileName,
    input: z.discriminatedUnion('layout', [imageInput, vectorInput]),
    vector: z
      .looseObject({ name: z.string(), size })
      .optional()
      .describe('a second input beside the image: numbers as they were recorded'),
    output: z.looseObject({ name: z.string(), size: size.describe('D') }),
  }),
  predictor: z.looseObject({
    file: fileName,
    inputs: z.looseObject({ latent: z.string(), action: z.string() }).describe('names of its two inputs'),
    actionSize: size.describe('A'),
    output: z.looseObject({ name: z.string() }),
  }),
  auxiliary: z
    .looseObject({
      file: fileName,
      input: z.looseObject({ name: z.string() }),
      output: z.looseObject({ name: z.string(), size: size.describe('M, of all auxiliaries side by side') }),
    })
    .optional()
    .describe('absent where the run had no auxiliary'),
  recording: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('what the run kept of its recording (recording.json): parts of observations and actions, statistics'),
  simulation: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('what the recording was made of (simulation.json), where that was a simulator: its name, seed, versions'),
});
/** What export.json says of its files and of the run that they are of. */
export type ExportDescription = z.output<typeof exportDescriptionSchema>;

/** @throws UsageError where the encoder takes something else than one image; `where` names what needs it. */
export function requireImageInput(where: string, { encoder }: ExportDescription): ImageInput {
  const { input, vector } = encoder;
  if (input.layout !== 'flat' && vector === undefined) return input;
  throw new UsageError(
    `${where}: expected an encoder of images, got one of ${vector ? 'an image and a vector' : 'a vector'}`,
  );
}

/**
 * @param where the file, for messages
 * @throws FormatError where the text is no JSON, or JSON of something else: a model of TensorFlow.js is told apart.
 */
export function parseExportDescription(where: string, text: string): ExportDescription {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${where}: expected JSON, got ${text.length} characters that are not`, { cause });
  }
  const result = exportDescriptionSchema.safeParse(value);
  if (result.success) return result.data;
  if (isLayersModel(value))
    throw new FormatError(`${where}: expected an export of format ${EXPORT_FORMAT}, got a model of TensorFlow.js`, {
      remedy: 'Name the folder that `jepa export` wrote, not the saved model.',
    });
  const [issue] = result.error.issues;
  throw new FormatError(
    `${where}: expected an export of format ${EXPORT_FORMAT}, got ${issue.path.join('.')}: ${issue.message}`,
    {
      remedy: 'Export the run again with this version of jepa-onnx.',
    },
  );
}

/** A saved model named in an export's place. */
function isLayersModel(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'modelTopology' in value;
}

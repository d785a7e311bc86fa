// model.json of an export folder: all that a user of the ONNX files needs and cannot read from them in every runtime
// (onnxruntime's JavaScript API shows no metadata). The folder can be evaluated, served and planned with on its own.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { FormatError, UsageError } from '../error.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { systemErrorCode } from './file-system.ts';

export const EXPORT_DESCRIPTION_NAME = 'model.json';
/** Raised when a field changes its meaning; a newer one is refused. Fields may be added without. */
const EXPORT_FORMAT = 1;

/** A plain name beside the description: a path could lead out of the folder. */
const fileName = z.string().regex(/^[^/\\\0]+\.onnx$/, 'expected the name of an .onnx file in the same folder');
const size = z.int().min(1);

export const exportDescriptionSchema = z.looseObject({
  format: z.literal(EXPORT_FORMAT),
  run: z.string().describe('name of the run that was exported'),
  step: z.int().min(0).describe('training steps done'),
  configuration: z.record(z.string(), z.unknown()).describe("the run's resolved configuration, as in its config.json"),
  encoder: z.looseObject({
    file: fileName,
    input: z.looseObject({
      name: z.string(),
      layout: z.enum(['nchw', 'nhwc']),
      type: z.enum(['float32', 'uint8']).describe('float32: pixels in 0..1; uint8: pixels in 0..255'),
      height: size,
      width: size,
      channels: size,
    }),
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
});
export type ExportDescription = z.output<typeof exportDescriptionSchema>;

export function writeExportDescription(folder: string, description: Omit<ExportDescription, 'format'>): void {
  const content = exportDescriptionSchema.parse({ format: EXPORT_FORMAT, ...description });
  writeFileAtomic(join(folder, EXPORT_DESCRIPTION_NAME), `${JSON.stringify(content, undefined, 2)}\n`);
}

/** @throws UsageError where there is none, FormatError where it is not of this format. */
export function readExportDescription(folder: string): ExportDescription {
  const path = join(folder, EXPORT_DESCRIPTION_NAME);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const found = systemErrorCode(cause) === 'ENOENT' ? `none at ${path}` : String(cause);
    throw new UsageError(`${folder}: expected an export with its ${EXPORT_DESCRIPTION_NAME}, found ${found}`, {
      remedy: 'Exports are made by: jepa export RUN',
      cause,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${path}: expected JSON, got ${text.length} characters that are not`, { cause });
  }
  const result = exportDescriptionSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new FormatError(
    `${path}: expected an export of format ${EXPORT_FORMAT}, got ${issue.path.join('.')}: ${issue.message}`,
    {
      remedy: 'Export the run again with this version of jepa-onnx.',
    },
  );
}

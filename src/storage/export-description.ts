// model.json of an export folder: all that a user of the ONNX files needs and cannot read from them in every runtime
// (onnxruntime's JavaScript API shows no metadata). The folder can be evaluated, served and planned with on its own.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../error.ts';
import { writeFileAtomic } from './atomic-file.ts';
import {
  EXPORT_DESCRIPTION_NAME,
  EXPORT_FORMAT,
  type ExportDescription,
  exportDescriptionSchema,
  parseExportDescription,
} from './export-format.ts';
import { describeFolder, systemErrorCode } from './file-system.ts';

export { EXPORT_DESCRIPTION_NAME, type ExportDescription, exportDescriptionSchema } from './export-format.ts';

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
    const found =
      systemErrorCode(cause) === 'ENOENT'
        ? `none at ${path}`
        : describeFolder(folder, `whose ${EXPORT_DESCRIPTION_NAME} cannot be read`);
    throw new UsageError(`${folder}: expected an export with its ${EXPORT_DESCRIPTION_NAME}, found ${found}`, {
      remedy: 'Exports are made by: jepa export RUN',
      cause,
    });
  }
  return parseExportDescription(path, text);
}

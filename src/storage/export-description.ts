// export.json of an export folder: all that a user of the ONNX files needs and cannot read from them in every runtime
// (onnxruntime's JavaScript API shows no metadata). The folder can be evaluated, served and planned with on its own.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FormatError, UsageError } from '../error.ts';
import { formatJson } from '../json.ts';
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
  writeFileAtomic(join(folder, EXPORT_DESCRIPTION_NAME), formatJson(content));
}

/** What the file was called before it had a name of its own: TensorFlow.js calls every saved model so. */
const EARLIER_NAME = 'model.json';

/** Whether the folder holds an export, of this version or of an earlier one. */
export function holdsExport(folder: string): boolean {
  return existsSync(join(folder, EXPORT_DESCRIPTION_NAME)) || isEarlierExport(folder);
}

function isEarlierExport(folder: string): boolean {
  return existsSync(join(folder, EARLIER_NAME)) && existsSync(join(folder, 'encoder.onnx'));
}

/** @throws UsageError where there is none, FormatError where it is not of this format or of an earlier version. */
export function readExportDescription(folder: string): ExportDescription {
  const path = join(folder, EXPORT_DESCRIPTION_NAME);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (isEarlierExport(folder))
      throw new FormatError(
        `${folder}: expected an export with its ${EXPORT_DESCRIPTION_NAME}, found one of an earlier version, described in ${EARLIER_NAME}`,
        {
          remedy: `Export the run again, or rename the file to ${EXPORT_DESCRIPTION_NAME}: its content is the same.`,
          cause,
        },
      );
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

// The files that make an export ready to be published: its model card (README.md), and MLmodel with what MLflow reads beside
// it. All of them follow from files and weights of the run: the same run gives the same bytes.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { FormatError } from '../../src/error.ts';
import { packageVersion } from '../../src/machine/package.ts';
import { randomFor } from '../../src/random.ts';
import { type CardEvaluation, cardEvaluationSchema } from '../../src/report/model-card/evaluation.ts';
import { type CardNetwork, modelCard, UNSTATED_LICENSE } from '../../src/report/model-card/model-card.ts';
import { runPath } from '../../src/run/folder.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import {
  EXPORT_DESCRIPTION_NAME,
  type ExportDescription,
  readExportDescription,
} from '../../src/storage/export-description.ts';
import {
  MLFLOW_EXAMPLE_NAME,
  MLFLOW_MODEL_NAME,
  MLFLOW_REQUIREMENTS_NAME,
  mlflowExample,
  mlflowModel,
  mlflowRequirements,
} from '../../src/storage/mlflow-model.ts';
import type { LoadedRun } from '../load.ts';
import type { NetworkPlan } from './plan.ts';

export const MODEL_CARD_NAME = 'README.md';
const PARITY_NAME = 'parity.json';

const parityReports = z.record(
  z.string(),
  z.looseObject({
    runtime: z.looseObject({ version: z.string() }),
    reference: z.string(),
    outputs: z.array(z.looseObject({ maxAbsError: z.number() })).min(1),
  }),
);

/**
 * Writes the card of the export in `exportFolder` from its export.json and parity.json and from the evaluation of the run, where there
 * is one of the same training step and the weights are the run's own.
 * @throws UsageError where there is no export, FormatError where one of these files is not of its format
 */
export function writeModelCard(exportFolder: string, runFolder: string): void {
  const description = readExportDescription(exportFolder);
  const networks: CardNetwork[] = Object.entries(readParity(join(exportFolder, PARITY_NAME))).map(
    ([name, { outputs, runtime, reference }]) => ({
      name,
      file: `${name}.onnx`,
      maxAbsError: Math.max(...outputs.map((output) => output.maxAbsError)),
      runtime: runtime.version,
      reference,
    }),
  );
  const card = modelCard({
    description,
    networks,
    evaluation: description.state === undefined ? readEvaluation(runFolder, description.step) : undefined,
    license: description.license ?? UNSTATED_LICENSE,
    generator: `jepa-onnx ${packageVersion()}`,
  });
  writeFileAtomic(join(exportFolder, MODEL_CARD_NAME), card);
}

function readParity(path: string): z.output<typeof parityReports> {
  const result = parityReports.safeParse(readJson(path));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new FormatError(`${path}: expected what jepa export measured, got ${issue.path.join('.')}: ${issue.message}`, {
    remedy: 'Export the run again.',
  });
}

function readJson(path: string): unknown {
  const text = readFileSync(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${path}: expected JSON, got ${text.length} characters that are not`, { cause });
  }
}

/** Brings the card of a run's own export up to date after an evaluation; does nothing where there is no export. */
export function refreshModelCard(runFolder: string): void {
  const exportFolder = runPath(runFolder, 'export');
  const isExport = [EXPORT_DESCRIPTION_NAME, PARITY_NAME].every((name) => existsSync(join(exportFolder, name)));
  if (isExport) writeModelCard(exportFolder, runFolder);
}

/** Of this step: an older one says nothing about these weights. */
function readEvaluation(runFolder: string, step: number): CardEvaluation | undefined {
  const path = runPath(runFolder, 'evaluation');
  if (!existsSync(path)) return undefined;
  const result = cardEvaluationSchema.safeParse(readJson(path));
  return result.success && result.data.step === step ? result.data : undefined;
}

export function writeMlflowModel(
  exportFolder: string,
  run: LoadedRun,
  encoder: { readonly plan: NetworkPlan; readonly bytes: Uint8Array },
): void {
  const description = readExportDescription(exportFolder);
  const write = (name: string, text: string) => writeFileAtomic(join(exportFolder, name), text);
  write(MLFLOW_MODEL_NAME, mlflowModel(description, encoder.bytes));
  write(MLFLOW_EXAMPLE_NAME, mlflowExample(description, exampleValues(run, description, encoder.plan)));
  write(MLFLOW_REQUIREMENTS_NAME, mlflowRequirements());
}

/** One observation: of the environment, or with the statistics of the recording. One array an input of the encoder. */
function exampleValues(
  { environment }: LoadedRun,
  { encoder }: ExportDescription,
  plan: NetworkPlan,
): readonly ArrayLike<number>[] {
  const { input } = encoder;
  if (!environment || input.layout === 'flat') {
    const tensors = plan.inputs?.(1) ?? [];
    return tensors.map(({ data }) => Array.from(data, Number));
  }
  const { height, width, channels } = input;
  const random = randomFor('export example');
  const pixels = new Uint8Array(height * width * channels);
  // State 0 may well show nothing at all.
  environment.render(Math.floor(environment.stateCount / 2), environment.drawAppearance(random), random, pixels);
  const scale = input.type === 'uint8' ? 1 : 255;
  if (input.layout === 'nhwc') return [Array.from(pixels, (value) => value / scale)];
  const area = height * width;
  return [Array.from(pixels, (_, i) => pixels[(i % area) * channels + Math.floor(i / area)] / scale)];
}

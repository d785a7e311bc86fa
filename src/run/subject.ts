// What is evaluated: a run's folder or an export by itself, with the files that each kind of runtime reads.
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseRecordingRecord, type RecordingRecord, readRecordingRecord } from '../data/recording-description.ts';
import { UsageError } from '../error.ts';
import { recognizeCode } from '../machine/code-permission.ts';
import { readSimulationRecord } from '../simulation/provenance.ts';
import {
  EXPORT_DESCRIPTION_NAME,
  type ExportDescription,
  holdsExport,
  readExportDescription,
} from '../storage/export-description.ts';
import { describeFolder } from '../storage/file-system.ts';
import { type Configuration, namedCodeOf, parseConfiguration } from '../training/configuration.ts';
import type { ObservationInput } from './encode.ts';
import { readConfiguration, runPath } from './folder.ts';
import { parseSimulationOrigin, type SimulationOrigin } from './simulation-origin.ts';

/** An encoder's file, and what it takes. */
export interface EncoderFiles {
  readonly encoder: { readonly path: string; readonly input: ObservationInput };
}

/** The files of one form of the networks, and how their inputs are called. */
export interface ModelFiles extends EncoderFiles {
  readonly predictor: { readonly path: string; readonly latent: string; readonly action: string };
  readonly auxiliary?: { readonly path: string; readonly latent: string } | undefined;
}

/** The encoder of a run or an export, or one from anywhere. */
export interface EncoderSubject {
  readonly name: string;
  readonly folder: string;
  readonly onnx?: EncoderFiles;
  readonly tfjs?: EncoderFiles;
}

/** What is evaluated: a run or an export by itself, with the files of its networks. */
export interface EvaluationSubject extends EncoderSubject {
  readonly configuration: Configuration;
  /** What the run kept of its recording; absent where it is of an environment. */
  readonly recording?: RecordingRecord | undefined;
  /** The simulator that the recording was made of, where it was one. */
  readonly simulation?: SimulationOrigin | undefined;
  /** Training steps done, where the export says so. */
  readonly step?: number;
  /** Absent where the run was not exported. */
  readonly onnx?: ModelFiles;
  /** Absent in an export by itself, and in a run that was not finished. */
  readonly tfjs?: ModelFiles;
}

/** @throws UsageError where the folder is neither a run nor an export. */
export function openSubject(folder: string): EvaluationSubject {
  if (existsSync(runPath(folder, 'configuration'))) return openRun(folder);
  if (holdsExport(folder)) return openExport(folder);
  const found = describeFolder(folder, `with neither config.json nor ${EXPORT_DESCRIPTION_NAME}`);
  throw new UsageError(`${folder}: expected the folder of a run or of an export, got ${found}`, {
    remedy: 'Runs are made by: jepa train counting --out FOLDER, exports by: jepa export RUN',
  });
}

function openRun(folder: string): EvaluationSubject {
  const configuration = readConfiguration(folder);
  const exported = runPath(folder, 'export');
  const recording = readRecordingRecord(runPath(folder, 'recording'));
  const description = holdsExport(exported) ? readExportDescription(exported) : undefined;
  return {
    name: basename(resolve(folder)),
    folder,
    configuration,
    ...(description ? { onnx: onnxFiles(exported, description), step: description.step } : {}),
    ...tfjsFiles(runPath(folder, 'models'), recording),
    recording,
    simulation: readSimulationRecord(runPath(folder, 'simulation')),
  };
}

function openExport(folder: string): EvaluationSubject {
  const description = readExportDescription(folder);
  const where = join(folder, EXPORT_DESCRIPTION_NAME);
  const configuration = parseConfiguration(where, description.configuration);
  recognizeCode(folder, namedCodeOf(configuration));
  return {
    name: description.run,
    folder,
    configuration,
    step: description.step,
    ...(description.recording ? { recording: parseRecordingRecord(where, description.recording) } : {}),
    ...(description.simulation ? { simulation: parseSimulationOrigin(where, description.simulation) } : {}),
    onnx: onnxFiles(folder, description),
  };
}

function onnxFiles(folder: string, { encoder, predictor, auxiliary }: ExportDescription): ModelFiles {
  const { name, layout, type } = encoder.input;
  return {
    encoder: {
      path: join(folder, encoder.file),
      input: { name, layout, type, ...(encoder.vector ? { vector: encoder.vector.name } : {}) },
    },
    predictor: { path: join(folder, predictor.file), ...predictor.inputs },
    auxiliary: auxiliary && { path: join(folder, auxiliary.file), latent: auxiliary.input.name },
  };
}

/** As models/ builds them: NHWC pixels in 0..1, numbers as they are. */
export function builtInput(recording: RecordingRecord | undefined): ObservationInput {
  const kinds = recording?.observation.map(({ kind }) => kind) ?? ['image'];
  if (kinds.length > 1) return { name: 'image', layout: 'nhwc', type: 'float32', vector: 'vector' };
  return { name: 'observation', layout: kinds[0] === 'vector' ? 'flat' : 'nhwc', type: 'float32' };
}

function tfjsFiles(folder: string, recording: RecordingRecord | undefined): Pick<EvaluationSubject, 'tfjs'> {
  const file = (network: string) => join(folder, network, 'model.json');
  if (!existsSync(file('encoder'))) return {};
  return {
    tfjs: {
      encoder: { path: file('encoder'), input: builtInput(recording) },
      predictor: { path: file('predictor'), latent: 'latent', action: 'action' },
      auxiliary: existsSync(file('auxiliary')) ? { path: file('auxiliary'), latent: 'latent' } : undefined,
    },
  };
}

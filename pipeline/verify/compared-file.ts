// A file that is compared: by its own path, or the encoder of a run or an export.
import { readFileSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { inspectOnnx, type NodeSummary } from '../../export/inspect.ts';
import { FormatError, UsageError } from '../../src/error.ts';
import { type FoundInput, findObservationInput } from '../../src/evaluation/foreign-encoder.ts';
import type { ObservationInput, PixelNormalization } from '../../src/run/encode.ts';
import { type EvaluationSubject, openSubject } from '../../src/run/subject.ts';
import type { TensorSpec } from '../../src/runtimes/index.ts';
import { requireFile } from '../../src/storage/file-system.ts';
import type { FedFile } from '../../src/verification/file/feeds.ts';
import { lookAtEncoder } from '../encoder/file.ts';
import { besideEncoder } from '../encoder/report-file.ts';

export interface ComparedFile extends FedFile {
  readonly path: string;
  readonly sha256: string;
  readonly precision: string;
  readonly opset: number;
  readonly bytes: number;
  readonly nodes: readonly NodeSummary[];
  /** The run or the export that it is of. */
  readonly subject: EvaluationSubject | undefined;
}

/**
 * The files that are compared, under names that differ.
 * @throws UsageError where one is not there, or a folder has no export
 */
export async function openComparedFiles(paths: readonly string[]): Promise<ComparedFile[]> {
  const located = paths.map(locateFile);
  const names = namesOf(located.map(({ path }) => path));
  const files: ComparedFile[] = [];
  for (const [i, { path, subject }] of located.entries()) {
    requireFile(path, 'an ONNX file');
    const { where, sha256, precision } = await lookAtEncoder(path);
    const { inputs, nodes, opsets } = inspectOnnx(readFileSync(path), where);
    for (const { name, type } of inputs)
      if (type === '?')
        throw new FormatError(`${where}: expected tensors as inputs, got "${name}", which is a sequence or a map`);
    files.push({
      name: names[i],
      path,
      inputs: inputs as readonly TensorSpec[],
      sha256,
      precision,
      opset: opsets['ai.onnx'] ?? 0,
      bytes: statSync(path).size,
      nodes,
      subject,
    });
  }
  return files;
}

/** The file of a path: its own, or the encoder's in a run or an export. */
export function locateFile(path: string): { readonly path: string; readonly subject: EvaluationSubject | undefined } {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return { path, subject: undefined };
  const subject = openSubject(path);
  if (subject.onnx === undefined)
    throw new UsageError(`${path}: expected an export to compare, found none`, {
      remedy: `Export the run: jepa export ${path}`,
    });
  return { path: subject.onnx.encoder.path, subject };
}

/** The last parts of the paths, as many as make them differ. */
function namesOf(paths: readonly string[]): string[] {
  const parts = paths.map((path) =>
    resolve(path)
      .split(/[\\/]/)
      .filter((part) => part !== ''),
  );
  const longest = Math.max(...parts.map((each) => each.length));
  for (let count = 1; count <= longest; count++) {
    const names = parts.map((each) => each.slice(-count).join('/'));
    if (new Set(names).size === names.length) return names;
  }
  throw new UsageError(`verify: expected different files, got ${basename(paths[0])} twice`, {
    remedy: 'One file by itself is compared on several runtimes.',
  });
}

/**
 * How the file takes observations.
 * @throws UsageError where it has several inputs, or does not say enough
 */
export function observationInputOf(
  { name, inputs, subject }: ComparedFile,
  answers: { readonly layout?: 'nhwc' | 'nchw' | undefined; readonly pixels?: PixelNormalization | undefined },
): ObservationInput {
  if (subject?.onnx !== undefined) return subject.onnx.encoder.input;
  // Bytes have no scale to choose.
  const normalization = inputs[0]?.type === 'uint8' ? undefined : answers.pixels;
  return findObservationInput(name, inputs, { layout: answers.layout, normalization }).input;
}

/** The images that a file takes, as far as it says; undefined for numbers. */
export function imageSizeOf(file: ComparedFile, layout: 'nhwc' | 'nchw' | undefined): FoundInput['imageSize'] {
  return file.subject === undefined ? findObservationInput(file.name, file.inputs, { layout }).imageSize : undefined;
}

/** Where a comparison is written: NAME.verify.json and NAME.verify.html beside the last of the files. */
export function comparisonPath(file: Pick<ComparedFile, 'path'>, extension: 'json' | 'html'): string {
  return besideEncoder(file.path, `verify.${extension}`);
}

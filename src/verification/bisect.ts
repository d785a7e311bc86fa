// The first node whose value differs between two runtimes, on a copy of the encoder that gives out all of its values.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { option, UsageError } from '../error.ts';
import type { EvaluationSource } from '../evaluation/held-out/held-out.ts';
import { runCommand } from '../machine/command.ts';
import type { EvaluationSubject } from '../run/subject.ts';
import { makeScratch, removeScratch } from '../storage/scratch.ts';
import { drawActions, observationParts, writeFirstRows, writeObservations } from './held-out-files.ts';
import { expectSuccess, type RunnerLimits, THREADS_VARIABLE } from './protocol.ts';
import type { Runner } from './runner.ts';
import type { Bisection } from './schema.ts';

/** Observations that the values are compared on: the values of all nodes are kept in memory. */
const BISECTED_OBSERVATIONS = 8;
/** Names of the values, in the order of their files. */
export const VALUES_NAME = 'values.json';
/** Asks `jepa runner` for all outputs of the encoder instead of the protocol's files. */
export const VALUES_FLAG = '--values';

/** A value of a node, and the output that carries it. */
export interface NamedValue {
  readonly value: string;
  readonly node: string;
  readonly operator: string;
  readonly output: string;
}

export interface BisectionInput {
  readonly subject: EvaluationSubject;
  readonly source: EvaluationSource;
  readonly runners: readonly [Runner, Runner];
  /** A copy of an encoder's file with all values as outputs. */
  readonly expose: (path: string) => { readonly bytes: Uint8Array; readonly values: readonly NamedValue[] };
  /** Errors above this part of a value's scale are differences. */
  readonly tolerance: number;
  readonly seed: number;
  readonly threads: number;
  readonly limits: RunnerLimits;
}

/** @throws UsageError for a runtime that reads no ONNX files or is a program in another language */
export async function bisect(input: BisectionInput): Promise<Bisection> {
  const scratch = makeScratch('bisect');
  try {
    const heldOut = await input.source.draw(BISECTED_OBSERVATIONS, input.seed);
    const files = input.subject.onnx;
    if (files === undefined)
      throw new UsageError(`${input.subject.folder}: expected an export to bisect, found none`, {
        remedy: `Export the run: jepa export ${input.subject.folder}`,
      });
    const { observationShape } = input.source;
    const form = { parts: observationParts(input.subject, observationShape), input: files.encoder.input };
    const observations = writeObservations(join(scratch, 'all.bin'), heldOut, form);
    const count = Math.min(observations.count, BISECTED_OBSERVATIONS);
    const actions = drawActions(heldOut, { count: observations.count, seed: input.seed, observationShape });
    const rows = writeFirstRows(scratch, { observations, actions }, count);
    const [a, b] = input.runners;
    const first = await valuesOf(a, input, { ...rows, count }, scratch);
    const second = await valuesOf(b, input, { ...rows, count }, scratch);
    return {
      between: [a.name, b.name],
      tolerance: input.tolerance,
      observations: count,
      ...compareValues(first, second, input.tolerance),
    };
  } finally {
    removeScratch(scratch);
  }
}

/** One value as a runtime computed it. */
export interface ComputedValue extends NamedValue {
  readonly data: Float32Array;
}

/** Compares values of one name, in the order of the first list. */
export function compareValues(
  first: readonly ComputedValue[],
  second: readonly ComputedValue[],
  tolerance: number,
): Pick<Bisection, 'compared' | 'first' | 'worst'> {
  const others = new Map(second.map((each) => [each.value, each.data]));
  let compared = 0;
  let firstDifference: Bisection['first'] = null;
  let worst: Bisection['worst'] = null;
  let worstRatio = 0;
  for (const { node, operator, value, data } of first) {
    const other = others.get(value);
    if (other === undefined || other.length !== data.length) continue;
    compared++;
    let error = 0;
    let scale = 0;
    for (let i = 0; i < data.length; i++) {
      const difference = Math.abs(data[i] - other[i]);
      // The same infinity, or NaN, on both is no difference between them.
      if (Number.isNaN(difference)) error = Object.is(data[i], other[i]) ? error : Number.POSITIVE_INFINITY;
      else if (difference > error) error = difference;
      if (Number.isFinite(data[i])) scale = Math.max(scale, Math.abs(data[i]));
    }
    const ratio = error === 0 ? 0 : scale > 0 ? error / scale : Number.POSITIVE_INFINITY;
    const difference = { node, operator, value, error: Number.isFinite(error) ? error : null, scale };
    if (ratio > worstRatio) {
      worstRatio = ratio;
      worst = difference;
    }
    if (ratio > tolerance) firstDifference ??= difference;
  }
  return { compared, first: firstDifference, worst };
}

async function valuesOf(
  runner: Runner,
  { subject, expose, threads, limits }: BisectionInput,
  rows: { readonly observations: string; readonly actions: string; readonly count: number },
  scratch: string,
): Promise<ComputedValue[]> {
  const { onnx } = subject;
  if (onnx === undefined || !runner.isInHouse || runner.format !== 'onnx')
    throw new UsageError(
      `${option('bisection')}: expected runtimes of this program that read ONNX files, got ${runner.name}`,
      {
        remedy: 'Choose two of cpu, cuda, webgpu, wasm, chromium:wasm, chromium:webgpu, cpu:fp16, cpu:int8.',
      },
    );
  const found = await runner.find(scratch);
  const exposed = expose(found.encoder ?? onnx.encoder.path);
  const folder = mkdtempSync(join(scratch, 'values-'));
  const encoder = join(folder, 'encoder.onnx');
  writeFileSync(encoder, exposed.bytes);
  const out = join(folder, 'out');
  const { observations, actions, count } = rows;
  const files = [encoder, onnx.predictor.path, observations, actions, String(count), String(count), out];
  const result = await runCommand(found.program, [...found.arguments, ...files, VALUES_FLAG], {
    limitMs: limits.timeMs,
    memoryLimitByteLength: limits.memoryByteLength,
    environment: { ...process.env, [THREADS_VARIABLE]: String(threads) },
  });
  expectSuccess(found.program, result, limits);
  const names = z.array(z.string()).parse(JSON.parse(readFileSync(join(out, VALUES_NAME), 'utf8')));
  return exposed.values.flatMap((value): ComputedValue[] => {
    const index = names.indexOf(value.output);
    if (index < 0) return [];
    const bytes = readFileSync(join(out, `value_${index}.bin`));
    const data = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    return [{ ...value, data }];
  });
}

// What a checkpoint says of the run that it is of: its configuration, what computed it, and the rows of its logs. Whoever goes
// on from it compares: a run whose files were edited, cut short or mixed up is not gone on with as if nothing had happened.
import { join } from 'node:path';
import * as z from 'zod';
import { FormatError } from '../error.ts';
import type { Checkpoint, Json } from '../storage/checkpoint.ts';
import { type LogDigest, logDigest } from '../storage/jsonl.ts';
import type { Configuration } from '../training/configuration.ts';
import { RUN_FILES, runPath } from './folder.ts';

/**
 * What decides the bits beside the configuration: another version may compute another sum. A run has that which trained it last,
 * TensorFlow or a provider of onnxruntime: going on in another place is asked for by name.
 */
const BACKEND_KEYS: readonly string[] = ['tensorflow', 'onnx:cpu', 'onnx:wasm', 'onnx:webgpu', 'onnx:cuda', 'tfjs'];

/** Where a recording is, what decodes it and with how many threads changes no number. */
const PLACE_KEYS: readonly string[] = ['recording.path', 'recording.ffmpeg', 'recording.workers'];

/** The one key that a run may have changed since: it was prolonged. */
export const STEPS_KEY = 'optimization.steps';

const digest = z.strictObject({ rows: z.int().min(0), sha256: z.string() });
const sealSchema = z.strictObject({
  /** Key -> its value as JSON. */
  configuration: z.record(z.string(), z.string()),
  backend: z.record(z.string(), z.string()),
  logs: z.record(z.string(), digest),
});
export type RunSeal = z.output<typeof sealSchema>;

type Provenance = Readonly<Record<string, string | number>>;

/** The logs that a checkpoint vouches for. */
export const SEALED_LOGS = ['metrics', 'measures'] as const;

export function sealOf(
  configuration: Configuration,
  provenance: Provenance,
  logs: Readonly<Record<(typeof SEALED_LOGS)[number], LogDigest>>,
): RunSeal {
  return { configuration: sealedConfigurationOf(configuration), backend: backendOf(provenance), logs };
}

/** The seal of a checkpoint; undefined where it was written before there were any. */
export function readSeal({ state, folder }: Pick<Checkpoint, 'state' | 'folder'>): RunSeal | undefined {
  const found: unknown = typeof state === 'object' && state !== null ? Reflect.get(state, 'run') : undefined;
  if (found === undefined) return undefined;
  const parsed = sealSchema.safeParse(found);
  if (parsed.success) return parsed.data;
  throw new FormatError(`${folder}: expected what it says of its run, got ${parsed.error.issues[0].message}`);
}

/** The state of a checkpoint with another seal. */
export function resealed({ state }: Pick<Checkpoint, 'state'>, seal: RunSeal): Json {
  return { ...(typeof state === 'object' && state !== null && !Array.isArray(state) ? state : {}), run: seal };
}

/**
 * @param isProlonged whether the number of steps is meant to be another
 * @throws FormatError that names the first key of config.json whose value is not the one that was trained with
 */
export function requireSealedConfiguration(
  runFolder: string,
  configuration: Configuration,
  checkpoint: Checkpoint,
  isProlonged = false,
): void {
  const sealed = readSeal(checkpoint)?.configuration;
  if (sealed === undefined) return;
  const found = sealedConfigurationOf(configuration);
  const key = differingKey(sealed, found, isProlonged ? [STEPS_KEY] : []);
  if (key === undefined) return;
  throw new FormatError(
    `${runPath(runFolder, 'configuration')}: ${key}: expected ${sealed[key] ?? 'nothing'}, with which the checkpoint of step ${checkpoint.step} was trained, got ${found[key] ?? 'nothing'}`,
    {
      remedy:
        key === STEPS_KEY
          ? `Put it back; to prolong the run: jepa train --resume ${runFolder} --set ${STEPS_KEY}=N`
          : 'Put it back, or start a new run with it.',
    },
  );
}

/** The first key of two sealed configurations whose values differ; undefined where none does but those that may. */
export function differingKey(
  expected: Readonly<Record<string, string>>,
  found: Readonly<Record<string, string>>,
  mayDiffer: readonly string[] = [],
): string | undefined {
  const keys = new Set([...Object.keys(expected), ...Object.keys(found)]);
  return [...keys].find((key) => expected[key] !== found[key] && !mayDiffer.includes(key));
}

/** @throws FormatError where environment.json, or this process, is of another backend than the checkpoint */
export function requireSealedBackend(
  runFolder: string,
  checkpoint: Checkpoint,
  { here, recorded }: { readonly here: Provenance; readonly recorded: Provenance | undefined },
): void {
  const sealed = readSeal(checkpoint)?.backend;
  if (sealed === undefined) return;
  const trained = `with which the checkpoint of step ${checkpoint.step} was trained`;
  for (const [key, value] of Object.entries(sealed)) {
    const written = recorded?.[key];
    if (written !== undefined && String(written) !== value)
      throw new FormatError(
        `${runPath(runFolder, 'environment')}: ${key}: expected ${value}, ${trained}, got ${written}`,
        { remedy: 'Put it back, or start a new run.' },
      );
    if (here[key] !== undefined && String(here[key]) !== value)
      throw new FormatError(`run ${runFolder}: ${key}: expected ${value}, ${trained}, got ${here[key]} here`, {
        remedy: 'The numbers would be others: use that one, or start a new run.',
      });
  }
}

/** Why the logs are not those that the checkpoint was written with; undefined where they are. */
export function findLogFault(runFolder: string, checkpoint: Checkpoint): string | undefined {
  const sealed = readSeal(checkpoint)?.logs;
  if (sealed === undefined) return undefined;
  for (const name of SEALED_LOGS) {
    const expected = sealed[name];
    if (expected === undefined) continue;
    const found = logDigest(join(runFolder, RUN_FILES[name]), expected.rows);
    const where = `${runPath(runFolder, name)}: expected the ${expected.rows} rows of the checkpoint of step ${checkpoint.step}`;
    if (found.rows < expected.rows) return `${where}, got ${found.rows}`;
    if (found.sha256 !== expected.sha256) return `${where}, got others`;
  }
  return undefined;
}

function backendOf(provenance: Provenance): Record<string, string> {
  return Object.fromEntries(
    BACKEND_KEYS.flatMap((key) => (provenance[key] === undefined ? [] : [[key, String(provenance[key])]])),
  );
}

/** `optimization.learningRate` -> `0.008`; lists as a whole. */
export function sealedConfigurationOf(configuration: Configuration): Record<string, string> {
  const flat: Record<string, string> = {};
  const visit = (value: unknown, path: string): void => {
    if (value === undefined || PLACE_KEYS.includes(path)) return;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) flat[path] = JSON.stringify(value);
    else for (const [name, inner] of Object.entries(value)) visit(inner, path === '' ? name : `${path}.${name}`);
  };
  visit(configuration, '');
  return flat;
}

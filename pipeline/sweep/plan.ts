// The plan of a sweep: one unit of work a line of plan.jsonl, each with its whole configuration, checked before anything runs.
// A line never changes: an engine runs "unit i of n", and again when that dies. More seeds add lines at the end.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { parseAuxiliary, parseAuxiliaryNames } from '../../src/auxiliary/index.ts';
import { FormatError, option, UsageError } from '../../src/error.ts';
import { formatJson } from '../../src/json.ts';
import { isSimulatorName } from '../../src/simulation/index.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { describeFolder, makeFolder, readTextIfPresent } from '../../src/storage/file-system.ts';
import { sha256 } from '../../src/storage/sha256.ts';
import { type Configuration, parseConfiguration } from '../../src/training/configuration.ts';
import { type ResolveTrainingOptions, resolveTraining } from '../train/configuration.ts';
import { pointsOf, type SweepPoint } from './search.ts';
import { parseSweep, type SweepSpecification } from './specification.ts';

export const PLAN_NAME = 'plan.jsonl';
const SPECIFICATION_NAME = 'sweep.json';
/** Raised when a field changes its meaning. */
const SWEEP_FORMAT = 1;

const unitSchema = z.strictObject({
  unit: z.int().min(0),
  id: z.string(),
  point: z.string(),
  parameters: z.record(z.string(), z.unknown()),
  seed: z.int().min(0),
  configuration: z.looseObject({}),
});

/** A unit of the plan: one run, trained, exported and evaluated. */
export interface SweepUnit {
  /** Its number, from 0. */
  readonly unit: number;
  /** `003-seed-1`: of its folder in runs/. */
  readonly id: string;
  readonly point: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly configuration: Configuration;
}

/** A sweep as its folder holds it. */
export interface SweepPlan {
  readonly folder: string;
  readonly specification: SweepSpecification;
  readonly units: readonly SweepUnit[];
}

/** What `planSweep` wrote, or found. */
export interface PlannedSweep extends SweepPlan {
  /** How many of its units were there before: all of the same plan, the first ones where seeds were added. */
  readonly earlierUnits: number;
}

/**
 * Writes plan.jsonl and sweep.json into `folder`.
 *
 * @param where the name of the sweep's file, for errors
 * @param value what the file holds: docs/sweep.md has every key
 * @returns the plan; where `folder` has the same one on fewer seeds, it has grown by the units of the others
 * @throws UsageError for a wrong key or value of the file or of any run's configuration, and where the folder has another plan
 */
export async function planSweep(
  where: string,
  value: unknown,
  folder: string,
  options: ResolveTrainingOptions = {},
): Promise<PlannedSweep> {
  const specification = parseSweep(where, value);
  const points = pointsOf(where, specification);
  const configurations: Configuration[] = [];
  for (const point of points)
    configurations.push(await configure(`${where}: ${point.name}`, specification, point, options));
  // Seed by seed: what is done of an unfinished sweep compares all configurations on as many seeds.
  const units = specification.seeds.flatMap((seed, round) =>
    points.map(
      ({ name, parameters }, index): SweepUnit => ({
        unit: round * points.length + index,
        id: `${name}-seed-${seed}`,
        point: name,
        parameters,
        seed,
        configuration: { ...configurations[index], seed },
      }),
    ),
  );
  const text = units.map((unit) => `${JSON.stringify(unit)}\n`).join('');
  const path = join(folder, PLAN_NAME);
  const settings = formatJson({ format: SWEEP_FORMAT, plan: sha256(text), ...specification });
  const earlier = readTextIfPresent(path);
  const earlierSettings = readTextIfPresent(join(folder, SPECIFICATION_NAME));
  // One without its other half is of a planning that was interrupted.
  if (earlier !== undefined && earlierSettings !== undefined) {
    const other = differenceOf(parseObject(join(folder, SPECIFICATION_NAME), earlierSettings), specification);
    const isSame = earlier === text;
    const isGrown = text.startsWith(earlier) && specification.rungs === undefined;
    if (other !== undefined || !(isSame || isGrown))
      throw new UsageError(
        `${folder}: expected no sweep or this one, got another with ${countLines(earlier)} units${other === undefined ? '' : `, of ${other}`}`,
        { remedy: `Choose another ${option('out')}: results of two plans must not mix.` },
      );
  }
  const earlierUnits = earlierSettings === undefined ? 0 : countLines(earlier);
  makeFolder(folder);
  writeFileAtomic(path, text);
  writeFileAtomic(join(folder, SPECIFICATION_NAME), settings);
  return { folder, specification, units, earlierUnits };
}

/** What another sweep says otherwise, the seeds aside, which only add units: `seeds` and `plan` are compared as units are. */
function differenceOf(
  earlier: Readonly<Record<string, unknown>>,
  specification: SweepSpecification,
): string | undefined {
  const { format, plan, seeds, ...found } = earlier;
  const { seeds: _, ...wanted }: Record<string, unknown> = JSON.parse(JSON.stringify(specification));
  if (format !== SWEEP_FORMAT) return `format ${JSON.stringify(format)}`;
  const key = [...new Set([...Object.keys(found), ...Object.keys(wanted)])].find(
    (name) => !isDeepStrictEqual(found[name], wanted[name]),
  );
  return key === undefined ? undefined : `${key} ${JSON.stringify(found[key])?.slice(0, 80) ?? 'none'}`;
}

async function configure(
  where: string,
  { environment, data, preset, threads, set, rungs }: SweepSpecification,
  point: SweepPoint,
  options: ResolveTrainingOptions,
): Promise<Configuration> {
  if (environment !== undefined && isSimulatorName(environment))
    throw new UsageError(`${where}: expected an environment of ours, got the simulator ${environment}`, {
      remedy:
        'Record it once, and sweep over that: jepa record SIMULATOR --out recording.npz, then data: recording.npz.',
    });
  const assignments = Object.entries({ ...set, ...point.parameters }).map(
    ([key, value]) => `${key}=${JSON.stringify(key === 'auxiliary' ? auxiliaries(where, value) : value)}`,
  );
  const steps = rungs?.steps[0];
  try {
    const { configuration, recording } = await resolveTraining(
      {
        preset,
        environment,
        ...(data === undefined ? {} : { recording: { path: resolve(data) } }),
        assignments: steps === undefined ? assignments : [...assignments, `optimization.steps=${steps}`],
        flags: { threads },
        threads,
      },
      options,
    );
    await recording?.dispose();
    return configuration;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${where}: ${error.message}`, { cause: error, ...(error.remedy && { remedy: error.remedy }) });
  }
}

/** Names as after the option, or a list of names and objects. */
function auxiliaries(where: string, value: unknown): unknown {
  if (typeof value === 'string') return parseAuxiliaryNames(`${where}: auxiliary`, value);
  if (Array.isArray(value)) return value.map((each: unknown) => parseAuxiliary(`${where}: auxiliary`, each));
  return value;
}

/** @throws UsageError where `folder` holds no plan, FormatError where one of its files was changed or is of another version */
export function readSweep(folder: string): SweepPlan {
  const path = join(folder, PLAN_NAME);
  const text = readTextIfPresent(path);
  const settings = readTextIfPresent(join(folder, SPECIFICATION_NAME));
  if (text === undefined || settings === undefined)
    throw new UsageError(
      `${folder}: expected the folder of a sweep, got ${existsSync(folder) ? describeFolder(folder, `without ${PLAN_NAME}`) : 'no folder'}`,
      { remedy: 'Sweeps are made by: jepa sweep plan sweep.yaml --out FOLDER' },
    );
  const { format, plan, ...specification } = parseObject(join(folder, SPECIFICATION_NAME), settings);
  if (format !== SWEEP_FORMAT)
    throw new FormatError(`${folder}: expected a sweep of format ${SWEEP_FORMAT}, got ${JSON.stringify(format)}`, {
      remedy: 'It was made by another version of jepa-onnx: use that one.',
    });
  if (plan !== sha256(text))
    throw new FormatError(`${path}: expected the plan that was written, got one that was changed`, {
      remedy: 'Plan again into another folder.',
    });
  const units = text
    .trimEnd()
    .split('\n')
    .map((line, index) => {
      const unit = unitSchema.parse(parseObject(`${path}: line ${index + 1}`, line));
      return { ...unit, configuration: parseConfiguration(`${path}: line ${index + 1}`, unit.configuration) };
    });
  return { folder, specification: parseSweep(join(folder, SPECIFICATION_NAME), specification), units };
}

function parseObject(where: string, text: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch (cause) {
    throw new FormatError(`${where}: expected a JSON object, got ${JSON.stringify(text.slice(0, 40))}`, { cause });
  }
}

function countLines(text: string | undefined): number {
  return text?.trimEnd().split('\n').length ?? 0;
}

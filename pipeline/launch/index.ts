// A sweep's plan as the script of an engine that users have: the engine runs "unit i of n", and again when it dies.
import { basename, resolve } from 'node:path';
import { unknownName } from '../../src/error.ts';
import { readSweep } from '../sweep/plan.ts';
import { rungSizes } from '../sweep/rung.ts';
import { kubernetesManifest } from './kubernetes.ts';
import type { LaunchOptions, LaunchPlan } from './plan.ts';
import { rayScript } from './ray.ts';
import { slurmScript } from './slurm.ts';

interface Engine {
  readonly script: (plan: LaunchPlan, options: LaunchOptions) => string;
  /** Of the file that holds the script. */
  readonly extension: string;
  /** Words before the file's name that submit it. */
  readonly submit: readonly string[];
}

const engines: Readonly<Record<string, Engine>> = {
  slurm: { script: slurmScript, extension: 'sh', submit: ['bash'] },
  ray: { script: rayScript, extension: 'py', submit: ['python3'] },
  kubernetes: { script: kubernetesManifest, extension: 'yaml', submit: ['kubectl', 'apply', '-f'] },
};

export type { LaunchOptions } from './plan.ts';

/** Names of engines. */
export const engineNames: readonly string[] = Object.keys(engines);

/** A script, and how it is submitted. */
export interface Launch {
  readonly script: string;
  /** Of the file, without a folder. */
  readonly fileName: string;
  readonly submit: readonly string[];
}

/**
 * The script that runs all units of a sweep on an engine. Nothing is submitted and nothing is written.
 * @param engine slurm, ray or kubernetes
 * @throws UsageError for another engine, and where `folder` holds no sweep
 */
export function launchSweep(
  engine: string,
  folder: string,
  options: LaunchOptions & Required<Pick<LaunchOptions, 'command'>>,
): Launch {
  if (!Object.hasOwn(engines, engine)) throw unknownName('launch', 'an engine', engine, engineNames);
  const { script, extension, submit } = engines[engine];
  const plan = readSweep(folder);
  let first = 0;
  const rungs = rungSizes(plan).map((size) => {
    first += size;
    return { first: first - size, size };
  });
  const whole = resolve(folder);
  const text = script(
    {
      folder: whole,
      name: `jepa-${basename(whole)}`
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, '-')
        .replace(/-+$/, '')
        .slice(0, 50),
      rungs,
      threads: plan.specification.threads,
      command: options.command ?? ['jepa'],
      arguments: options.arguments ?? [],
      allowCode: options.allowCode ?? false,
    },
    options,
  );
  return { script: text, fileName: `launch.${extension}`, submit };
}

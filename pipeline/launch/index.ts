// A sweep's plan as the script of an engine that users have: the engine runs "unit i of n", and again when it dies.
import { basename, resolve } from 'node:path';
import { unknownName } from '../../src/error.ts';
import { readSweep } from '../sweep/plan.ts';
import { rungRanges } from '../sweep/rung.ts';
import { kubernetesManifest } from './kubernetes.ts';
import type { LaunchOptions, LaunchPlan } from './plan.ts';
import { rayScript } from './ray.ts';
import { slurmScript } from './slurm.ts';

interface Engine {
  readonly script: (plan: LaunchPlan) => string;
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
export function launchSweep(engine: string, folder: string, options: LaunchOptions): Launch {
  if (!Object.hasOwn(engines, engine)) throw unknownName('launch', 'an engine', engine, engineNames);
  const { script, extension, submit } = engines[engine];
  const plan = readSweep(folder);
  const whole = resolve(folder);
  const text = script({
    ...options,
    folder: whole,
    name: jobName(basename(whole)),
    rungs: rungRanges(plan),
    threads: plan.specification.threads,
  });
  return { script: text, fileName: `launch.${extension}`, submit };
}

/** As Kubernetes wants labels, with room for what is put behind it. */
function jobName(folder: string): string {
  return `jepa-${folder}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 50)
    .replace(/-+$/, '');
}

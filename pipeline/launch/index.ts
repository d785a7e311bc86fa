// A plan, of a sweep or of an evaluation in shards, as the script of an engine that users have: the engine runs "task i of n", and again
// when it dies.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { JepaError, option, UsageError, unknownName } from '../../src/error.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { passes } from '../stream/pass.ts';
import { readStreamPlan, STREAM_PLAN } from '../stream/plan.ts';
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
  readonly engine: string;
  readonly script: string;
  /** Of the file, without a folder. */
  readonly fileName: string;
  readonly submit: readonly string[];
}

/**
 * The script that runs all units of a sweep, or all shards of an evaluation, on an engine. Nothing is submitted and nothing is written.
 * @param engine slurm, ray or kubernetes
 * @throws UsageError for another engine, and where `folder` holds no plan
 */
export function launchScript(engine: string, folder: string, options: LaunchOptions): Launch {
  if (!Object.hasOwn(engines, engine)) throw unknownName('launch', 'an engine', engine, engineNames);
  const { script, extension, submit } = engines[engine];
  const whole = resolve(folder);
  const tasks = existsSync(join(folder, STREAM_PLAN))
    ? shardsOf(folder, whole, options)
    : unitsOf(folder, whole, options);
  const text = script({ ...options, ...tasks, folder: whole, name: jobName(basename(whole)) });
  return { engine, script: text, fileName: `launch.${extension}`, submit };
}

type Tasks = Pick<LaunchPlan, 'subject' | 'task' | 'stages' | 'threads'>;

function unitsOf(folder: string, whole: string, { allowCode, shards }: LaunchOptions): Tasks {
  const plan = readSweep(folder);
  if (shards !== undefined)
    throw new UsageError(`${option('shards')}: expected the plan of an evaluation, got the sweep ${folder}`);
  const rungs = rungRanges(plan);
  const words = ['sweep', 'run', whole, ...(allowCode ? ['--allow-code'] : []), '--unit'];
  return {
    subject: 'sweep',
    task: 'unit',
    threads: plan.specification.threads,
    stages: rungs.map(({ first, size }, rung) => ({
      ...{ first, size, words, suffix: '' },
      ...(rung === rungs.length - 1 ? { after: ['sweep', 'collect', whole], afterName: 'collect' } : {}),
    })),
  };
}

function shardsOf(folder: string, whole: string, { allowCode, shards }: LaunchOptions): Tasks {
  const { plan } = readStreamPlan(folder);
  if (shards === undefined)
    throw new UsageError(`${option('shards')}: expected how many shards run side by side, got nothing`, {
      remedy: 'For example: --shards 16',
    });
  if (allowCode) throw new UsageError(`${option('allowCode')}: expected a sweep, got the evaluation ${folder}`);
  return {
    subject: 'evaluation',
    task: 'shard',
    threads: (plan.subject.of === 'encoder' ? plan.subject.threads : undefined) ?? 1,
    stages: passes.map((pass) => ({
      ...{ first: 0, size: shards, suffix: `/${shards}` },
      words: ['evaluate', '--partial', whole, '--pass', String(pass), '--shard'],
      after: ['evaluate', '--merge', whole, '--pass', String(pass)],
      afterName: `merge-${pass}`,
    })),
  };
}

/** As Kubernetes wants labels, with room for what is put behind it. */
function jobName(folder: string): string {
  return `jepa-${folder}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 50)
    .replace(/-+$/, '');
}

/**
 * Writes the script into `folder` and hands it to the engine.
 * @returns what the engine printed
 * @throws JepaError where its program is not here, or refuses
 */
export function submitLaunch(folder: string, { engine, script, fileName, submit }: Launch): string {
  const path = join(folder, fileName);
  writeFileAtomic(path, script);
  const [program, ...words] = [...submit, path];
  const { status, error, stdout } = spawnSync(program, words, {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (status !== 0)
    throw new JepaError(`${path}: expected ${program} to submit it, got ${error?.message ?? `exit code ${status}`}`, {
      remedy: `Run it where ${engine} is: ${[...submit, path].join(' ')}`,
    });
  return stdout ?? '';
}

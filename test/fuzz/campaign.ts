// The campaign: for each target mutants of its files, until its share of the time is over. A mutant is accepted or refused;
// whatever else happens is a finding, and its file is kept.
import { type ChildProcess, fork } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { MutantOutcome, MutantRequest } from './child.ts';
import { createGenerator } from './mutate.ts';
import type { FuzzTarget } from './target.ts';

/** After so long without an answer a mutant counts as endless. */
const SILENT_MS = 20_000;
/** However little time there is: the first ones wait for threads to start. */
const LEAST_MUTANTS = 25;
const MAXIMAL_MEGABYTES = 1024;

export interface Finding {
  readonly target: string;
  readonly what: string;
  /** The mutant that shows it. */
  readonly path: string;
}

export interface TargetReport {
  readonly accepted: number;
  readonly refused: number;
  readonly findings: readonly Finding[];
}

export interface CampaignOptions {
  readonly seed: number;
  readonly milliseconds: number;
  /** Where mutants are made, and where those that show a fault are kept. */
  readonly folder: string;
  readonly kept: string;
}

export async function fuzz(target: FuzzTarget, options: CampaignOptions): Promise<TargetReport> {
  const { seed, milliseconds, folder, kept } = options;
  const findings: Finding[] = [];
  let accepted = 0;
  let refused = 0;
  let child: Child | undefined;
  // A process takes a while to start, which is not the target's fault.
  let deadline: number | undefined;
  try {
    for (let index = 0; index < LEAST_MUTANTS || deadline === undefined || Date.now() < deadline; index++) {
      const path = join(folder, `mutant-${index}`);
      target.write(path, createGenerator(seed * 1_000_003 + index));
      child ??= await startChild();
      deadline ??= Date.now() + milliseconds;
      const outcome = await child.read({ target: target.name, path });
      const what = whatIsWrong(outcome);
      if (what !== undefined) {
        const saved = join(kept, `${target.name.replaceAll(' ', '-')}-${seed}-${index}`);
        mkdirSync(kept, { recursive: true });
        cpSync(path, saved, { recursive: true });
        findings.push({ target: target.name, what, path: saved });
        // It may hang, or hold what it has taken.
        child.end();
        child = undefined;
      } else if (typeof outcome === 'object' && outcome.kind === 'accepted') accepted++;
      else refused++;
      rmSync(path, { recursive: true, force: true });
    }
  } finally {
    child?.end();
  }
  return { accepted, refused, findings };
}

function whatIsWrong(outcome: MutantOutcome | 'endless' | 'died'): string | undefined {
  if (outcome === 'endless') return `no answer in ${SILENT_MS / 1000} s`;
  if (outcome === 'died') return 'the process died';
  if (outcome.kind === 'foreign') return outcome.message;
  if (outcome.megabytes > MAXIMAL_MEGABYTES) return `${Math.round(outcome.megabytes)} MB`;
  return undefined;
}

interface Child {
  read(request: MutantRequest): Promise<MutantOutcome | 'endless' | 'died'>;
  end(): void;
}

async function startChild(): Promise<Child> {
  const process_: ChildProcess = fork(join(import.meta.dirname, 'child.ts'), {
    execArgv: ['--import', import.meta.resolve('tsx')],
    // Decoders that never end are given up well before this campaign calls a mutant endless.
    env: { ...process.env, JEPA_ONNX_DECODE_SECONDS: '4' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  await new Promise<void>((resolve, reject) => {
    process_.once('message', () => resolve());
    process_.once('error', reject);
    process_.once('exit', () => reject(new Error('expected a child that reads mutants, got one that ended')));
  });
  return {
    read: (request) =>
      new Promise((resolve) => {
        let timer: NodeJS.Timeout | undefined;
        const onMessage = (message: unknown) => {
          if (message === 'begin') timer = setTimeout(() => finish('endless'), SILENT_MS);
          else finish(message as MutantOutcome);
        };
        const onExit = () => finish('died');
        function finish(outcome: MutantOutcome | 'endless' | 'died'): void {
          clearTimeout(timer);
          process_.off('message', onMessage);
          process_.off('exit', onExit);
          resolve(outcome);
        }
        process_.on('message', onMessage);
        process_.once('exit', onExit);
        process_.send(request);
      }),
    end: () => {
      process_.kill('SIGKILL');
    },
  };
}

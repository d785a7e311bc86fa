// The process that reads mutants, seen from outside: whether it answers, dies, or works on and on. What counts is its own
// processor time, so that a busy machine makes no mutant endless.
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MutantOutcome, MutantRequest } from './child.ts';

/** After so much work for one mutant it counts as endless. */
const ENDLESS_SECONDS = 20;
/** After so long it counts as one that waits for ever, which takes no processor. */
const WAITING_SECONDS = 600;
const LOOK_MS = 500;
/** What a process may have taken before the next mutant gets a new one: else a later one is blamed for the sum. */
const RENEWED_MEGABYTES = 512;

export type Reading = MutantOutcome | 'endless' | 'waits' | 'died';

export interface ReaderProcess {
  read(request: MutantRequest): Promise<Reading>;
  /** The next mutant gets a new process. */
  end(): void;
}

export function createReaderProcess(): ReaderProcess {
  let child: ChildProcess | undefined;
  const end = () => {
    child?.kill('SIGKILL');
    child = undefined;
  };
  return {
    async read(request) {
      child ??= await start();
      const outcome = await ask(child, request);
      if (typeof outcome === 'string' || outcome.megabytes > RENEWED_MEGABYTES) end();
      return outcome;
    },
    end,
  };
}

async function start(): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'child.ts'), {
    execArgv: ['--import', import.meta.resolve('tsx')],
    // Decoders that never end are given up well before a mutant is called endless.
    env: { ...process.env, JEPA_ONNX_DECODE_SECONDS: '2' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('error', reject);
    child.once('exit', () => reject(new Error('expected a process that reads mutants, got one that ended')));
  });
  return child;
}

function ask(child: ChildProcess, request: MutantRequest): Promise<Reading> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const onExit = () => finish('died');
    const onMessage = (message: unknown) => {
      if (message === 'begin') timer = watch(child.pid, finish);
      else finish(message as MutantOutcome);
    };
    function finish(outcome: Reading): void {
      clearInterval(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      resolve(outcome);
    }
    child.on('message', onMessage);
    child.once('exit', onExit);
    child.send(request);
  });
}

function watch(pid: number | undefined, finish: (reading: Reading) => void): NodeJS.Timeout {
  const before = processorSeconds(pid);
  let looks = 0;
  return setInterval(() => {
    looks++;
    const now = processorSeconds(pid);
    if (before !== undefined && now !== undefined && now - before > ENDLESS_SECONDS) finish('endless');
    else if ((looks * LOOK_MS) / 1000 > WAITING_SECONDS) finish('waits');
  }, LOOK_MS);
}

/** Of all its threads, from proc(5), whose clock ticks a hundred times a second; undefined where there is no such file. */
function processorSeconds(pid: number | undefined): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is a name in brackets, which may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return undefined;
  }
}

export function whatIsWrong(reading: Reading): string | undefined {
  if (reading === 'endless') return `no answer after ${ENDLESS_SECONDS} s of work`;
  if (reading === 'waits') return `no answer in ${WAITING_SECONDS} s`;
  if (reading === 'died') return 'the process died';
  if (reading.kind === 'foreign') return reading.message;
  if (reading.megabytes > MAXIMAL_MEGABYTES) return `${Math.round(reading.megabytes)} MB`;
  return undefined;
}

const MAXIMAL_MEGABYTES = 1024;

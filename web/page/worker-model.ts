// A world model that lives in the page's worker, behind the same contract as one in the page itself.
import { JepaError } from '../../src/error.ts';
import type { WorldModel } from '../world-model.ts';
import type { Measurement } from './measurement.ts';
import {
  type CallName,
  type JudgedFiles,
  receivedError,
  type WorkerAnswer,
  type WorkerCalls,
  type WorkerRequest,
} from './worker-protocol.ts';

/** What the page asks of a model; encoding is the worker's own. */
export type PageModel = Omit<WorldModel, 'encode'>;

export interface WorkerModel {
  readonly model: PageModel;
  measure(given: WorkerCalls['measure']['given'], onProgress: (fraction: number) => void): Promise<Measurement>;
}

interface Waiting {
  readonly resolve: (found: WorkerCalls[CallName]['found']) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: (progress: string | number) => void;
}

type Call = <Name extends CallName>(
  name: Name,
  asked: WorkerCalls[Name]['given'],
  progress?: (progress: string | number) => void,
) => Promise<WorkerCalls[Name]['found']>;

/**
 * @param address of the worker's script
 * @throws JepaError where the script is missing
 */
function openWorker(address: string): { readonly call: Call; terminate(): void } {
  const worker = new Worker(address, { type: 'module' });
  const waiting = new Map<number, Waiting>();
  let last = 0;
  worker.addEventListener('message', ({ data }: MessageEvent<WorkerAnswer>) => {
    const asked = waiting.get(data.id);
    if (asked === undefined) return;
    if ('progress' in data) {
      asked.onProgress(data.progress);
      return;
    }
    waiting.delete(data.id);
    if ('found' in data) asked.resolve(data.found);
    else asked.reject(receivedError(data.error));
  });
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    // A script that cannot be fetched comes as an event without a message.
    const found = event.message ? event.message : 'nothing';
    const error = new JepaError(`${address}: expected the script that measures, got ${found}`, {
      remedy: 'Lay all files of the page beside it, and load it again.',
    });
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  });
  const call: Call = (name, asked, progress = () => {}) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      // The answer of a number is that of its call, which the compiler cannot follow through the messages.
      waiting.set(id, { resolve: resolve as Waiting['resolve'], reject, onProgress: progress });
      worker.postMessage({ id, call: name, given: asked } as WorkerRequest);
    });
  return { call, terminate: () => worker.terminate() };
}

/**
 * Judges the latents of an encoder from anywhere.
 * @throws FormatError where the files do not belong together
 */
export async function judgeInWorker(
  address: string,
  files: JudgedFiles,
): Promise<Omit<Measurement, 'msPerObservation'>> {
  const { call, terminate } = openWorker(address);
  try {
    return await call('judge', files);
  } finally {
    terminate();
  }
}

/**
 * @param address of the worker's script
 * @throws JepaError where the script is missing, and whatever loading a model throws
 */
export async function loadInWorker(
  address: string,
  given: WorkerCalls['load']['given'],
  onProgress: (message: string) => void,
): Promise<WorkerModel> {
  const { call, terminate } = openWorker(address);
  const facts = await call('load', given, (message) => onProgress(String(message)));
  return {
    model: {
      ...facts,
      // Of a part of a buffer the whole buffer would be sent.
      predict: (latents, actions) => call('predict', { latents: latents.slice(), actions: actions.slice() }),
      auxiliary: (latents) => call('auxiliary', { latents: latents.slice() }),
      async dispose() {
        terminate();
      },
    },
    measure: (asked, progress) => call('measure', asked, (fraction) => progress(Number(fraction))),
  };
}

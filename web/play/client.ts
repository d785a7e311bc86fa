// A training in a worker of its own, as the page sees it.
import { JepaError } from '../../src/error.ts';
import { receivedError } from '../page/worker-protocol.ts';
import type { Frame, FromWorker, Imagined, Opened, ToWorker } from './protocol.ts';
import type { RuntimeAddresses } from './runtime.ts';
import type { Place, Setting } from './setting.ts';

export interface TrainingEvents {
  onNote(text: string): void;
  onOpened(opened: Opened): void;
  onFrame(frame: Frame, isLast: boolean): void;
  onFailed(error: Error): void;
}

export interface TrainingOptions {
  /** Of the worker's script. */
  readonly script: string;
  readonly on: Place;
  readonly runtime: RuntimeAddresses;
  readonly threads: number;
  readonly version: string;
}

export class Training {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (answer: FromWorker) => void>();
  #lastId = 0;
  /** What an ended worker has sent before is nobody's any more. */
  #isEnded = false;

  constructor(setting: Setting, { script, ...options }: TrainingOptions, events: TrainingEvents) {
    this.#worker = new Worker(script, { type: 'module' });
    this.#worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      if (this.#isEnded) return;
      if (data.kind === 'note') events.onNote(data.text);
      else if (data.kind === 'opened') events.onOpened(data.opened);
      else if (data.kind === 'frame') events.onFrame(data.frame, data.isLast);
      else if (data.kind === 'failed') events.onFailed(receivedError(data.error));
      else {
        this.#waiting.get(data.id)?.(data);
        this.#waiting.delete(data.id);
      }
    });
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault();
      if (this.#isEnded) return;
      const found = event.message ? event.message : 'nothing';
      events.onFailed(
        new JepaError(`${script}: expected the script that trains, got ${found}`, {
          remedy: 'Lay all files of the page beside it, and load it again.',
        }),
      );
    });
    this.#send({ kind: 'open', setting, ...options });
  }

  /** Trains on; `until`: no further than this step. */
  train(until?: number): void {
    this.#send({ kind: 'train', until });
  }

  pause(): void {
    this.#send({ kind: 'pause' });
  }

  async imagine(observation: number, actions: readonly number[]): Promise<readonly Imagined[]> {
    const answer = await this.#ask((id) => ({ kind: 'imagine', id, observation, actions }));
    return answer.kind === 'imagined' ? answer.steps : [];
  }

  async export(): Promise<ReadonlyMap<string, Uint8Array>> {
    const answer = await this.#ask((id) => ({ kind: 'export', id }));
    return answer.kind === 'exported' ? answer.files : new Map();
  }

  end(): void {
    this.#isEnded = true;
    this.#worker.terminate();
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #ask(make: (id: number) => ToWorker): Promise<FromWorker> {
    return new Promise((resolve) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, resolve);
      this.#send(make(id));
    });
  }
}

// What the page and its worker say to each other: calls with a number, answers of the same number, and progress between them.
import { JepaError, UnavailableError } from '../../src/error.ts';
import type { LoadOptions, WorldModel } from '../world-model.ts';
import type { Measurement } from './measurement.ts';

/** What of a world model can be sent: all but its functions. */
export type ModelFacts = Omit<WorldModel, 'encode' | 'predict' | 'auxiliary' | 'dispose'>;

/** The two files beside an export of a recording. */
export interface HeldOutFiles {
  readonly json: Uint8Array;
  readonly bytes: Uint8Array;
}

/** The two files of an encoder's page. */
export interface JudgedFiles {
  readonly json: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Every call: what is given, and what is found. */
export interface WorkerCalls {
  readonly load: {
    readonly given: {
      readonly folder: string;
      /** Whether the playground laid the export into the browser's cache. */
      readonly isKept: boolean;
    } & Pick<LoadOptions, 'runtime' | 'threads' | 'runtimeFiles'>;
    readonly found: ModelFacts;
  };
  readonly measure: {
    readonly given: { readonly observations: number; readonly heldOut: HeldOutFiles | undefined };
    readonly found: Measurement;
  };
  readonly predict: {
    readonly given: { readonly latents: Float32Array; readonly actions: Float32Array };
    readonly found: Float32Array;
  };
  /** Latents that were computed before: of an encoder from anywhere. */
  readonly judge: { readonly given: JudgedFiles; readonly found: Omit<Measurement, 'msPerObservation'> };
  readonly auxiliary: { readonly given: { readonly latents: Float32Array }; readonly found: Float32Array };
}

export type CallName = keyof WorkerCalls;

export type WorkerRequest = {
  readonly [Name in CallName]: { readonly id: number; readonly call: Name; readonly given: WorkerCalls[Name]['given'] };
}[CallName];

export type WorkerAnswer =
  | { readonly id: number; readonly found: WorkerCalls[CallName]['found'] }
  | { readonly id: number; readonly progress: string | number }
  | { readonly id: number; readonly error: SentError };

/** Errors lose their class and their remedy on the way; these keep what the page shows. */
export interface SentError {
  readonly kind: 'unavailable' | 'expected' | 'other';
  readonly message: string;
  readonly remedy: string | undefined;
}

export function sendableError(error: unknown): SentError {
  const kind = error instanceof UnavailableError ? 'unavailable' : error instanceof JepaError ? 'expected' : 'other';
  return {
    kind,
    message: error instanceof Error ? error.message : String(error),
    remedy: error instanceof JepaError ? error.remedy : undefined,
  };
}

export function receivedError({ kind, message, remedy }: SentError): Error {
  if (kind === 'other') return new Error(message);
  const options = remedy === undefined ? {} : { remedy };
  return kind === 'unavailable' ? new UnavailableError(message, options) : new JepaError(message, options);
}

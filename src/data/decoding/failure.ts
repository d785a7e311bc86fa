// Errors as plain data, since they lose their class and their remedy between threads.
import { FormatError, JepaError, UnavailableError, UsageError } from '../../error.ts';

export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly remedy: string | undefined;
  readonly stack: string | undefined;
}

const CLASSES = { JepaError, UsageError, FormatError, UnavailableError };

export function describeFailure(error: unknown): Failure {
  const { name = 'Error', message = String(error), stack } = error instanceof Error ? error : {};
  return { name, message, remedy: error instanceof JepaError ? error.remedy : undefined, stack };
}

export function errorOfFailure({ name, message, remedy, stack }: Failure): Error {
  const known = Object.entries(CLASSES).find(([className]) => className === name)?.[1];
  const error = known === undefined ? new Error(message) : new known(message, remedy === undefined ? {} : { remedy });
  // Where it was thrown, not where it was received.
  if (stack !== undefined) error.stack = stack;
  return error;
}

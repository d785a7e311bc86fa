// What the page was asked for in its address: ?runtime=wasm&threads=1&observations=1024
import { UsageError, unknownName } from '../../src/error.ts';
import { type RuntimeRequest, runtimeRequests } from '../runtime-choice.ts';

export interface Settings {
  readonly runtime: RuntimeRequest;
  /** Undefined: as many as are useful. */
  readonly threads: number | undefined;
  /** Judged observations at most; as many more give the centroids. */
  readonly observations: number;
}

/** Enough for three digits of every measure, and a few seconds on a phone. */
const DEFAULT_OBSERVATIONS = 1024;

/** @throws UsageError for a value that is none. */
export function readSettings(query: string): Settings {
  const parameters = new URLSearchParams(query);
  const runtime = runtimeRequests.find((each) => each === (parameters.get('runtime') || 'auto'));
  if (runtime === undefined)
    throw unknownName('?runtime', 'a runtime', parameters.get('runtime') ?? '', runtimeRequests);
  return {
    runtime,
    threads: whole(parameters, 'threads', 1),
    observations: whole(parameters, 'observations', 2) ?? DEFAULT_OBSERVATIONS,
  };
}

function whole(parameters: URLSearchParams, name: string, minimum: number): number | undefined {
  const text = parameters.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= minimum) return value;
  throw new UsageError(`?${name}: expected a whole number of at least ${minimum}, got "${text}"`);
}

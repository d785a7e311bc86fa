// What a set-up tells whoever shows its progress.

/** One step of the set-up. */
export interface SetupEvent {
  readonly stage: 'wait' | 'package' | 'installer' | 'download' | 'unpack' | 'compile' | 'prove' | 'done';
  /** What is being done, for a person; the same words for the whole stage: `downloading tensorflow-cpu 2.21.0 with pip (274 MB)`. */
  readonly message: string;
  /** 0..1 where the stage knows how far it is. */
  readonly fraction?: number;
  /** Bytes that are there, where the stage knows no more than that. */
  readonly byteLength?: number;
}

export type SetupListener = (event: SetupEvent) => void;

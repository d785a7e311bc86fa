// A recording: episodes of observations, actions, rewards and whatever else was stored with them, read by ranges of rows.
// Every format has a reader of this one contract (readers/). Letters: E episodes, T actions of an episode.

import { elementCount } from '../shape.ts';
import type { ElementArray, ElementType } from './element.ts';

/** An array with one row a step. */
export interface Column {
  /** As in the file: `observations`, `observations/image`, `observation.state`. */
  readonly name: string;
  readonly type: ElementType;
  /** Of one row; [] for a number. Encoded images and video frames: [H, W, C] uint8. */
  readonly shape: readonly number[];
  /**
   * [E+1] the first row of each episode, then the number of rows. An episode has T rows of what belongs to a step, and T
   * or T+1 rows of what belongs to an observation.
   */
  readonly starts: Float64Array;
  /** How many rows are stored, and therefore decoded, together. */
  readonly rowsPerChunk?: number;
  /** How many different actions there are, where the file says so. */
  readonly actionCount?: number;
  /** What the numbers of a column of text stand for: row value k is `labels[k]`. */
  readonly labels?: readonly string[];
  /** The range of each number of a row, where the file says so; for one number all share. */
  readonly bounds?: { readonly low: readonly number[]; readonly high: readonly number[] };
}

/** An opened recording: episodes of columns that are read in ranges of rows. Whoever opened it disposes it. */
export interface Recording {
  readonly path: string;
  /** For people: `HDF5 (Minari)`. */
  readonly format: string;
  readonly episodeCount: number;
  readonly columns: ReadonlyMap<string, Column>;
  /** What the format itself says about the columns' meaning; a user's map goes before it. */
  readonly roles: Roles;
  /** What was found and cannot be used: text columns, arrays of another length. One line each. */
  readonly notes: readonly string[];
  /** Rows `from` to `to` (exclusive) of a column, over episodes as they follow each other. The caller may keep the array. */
  read(column: string, from: number, to: number): Promise<ElementArray>;
  /** What another thread opens the same recording by. */
  readonly handle: RecordingHandle;
  /** Closes files and removes what was unpacked. */
  dispose(): Promise<void>;
}

/** Columns by their part in training. */
export interface Roles {
  readonly observation?: readonly string[] | undefined;
  readonly action?: readonly string[] | undefined;
  readonly reward?: string | undefined;
  /** An integer that names the abstract state, for evaluation. */
  readonly state?: string;
}

/** How the rows of flat arrays fall into episodes, and what else a reader must know before it opens. */
export interface StructureRoles {
  /** A number that stays the same within an episode. */
  readonly episode?: string;
  /** True in the first step of an episode. */
  readonly first?: string;
  /** True in the last step of an episode, however it ended. */
  readonly last?: string;
  /** True in the last step of an episode that ended by itself. */
  readonly terminal?: string;
  /** True in the last step of an episode that was cut off. */
  readonly timeout?: string;
  /** [E] steps of each episode. */
  readonly length?: string;
  /** [E] the first step of each episode, where `length` is given too: must agree with it. */
  readonly offset?: string;
  /** [E] the number of steps up to the end of each episode. */
  readonly end?: string;
  /** The observation after each step, of which the last one of an episode is nowhere else. */
  readonly nextObservation?: string;
}

/** What the names of columns do not say when a recording is opened. */
export interface OpenOptions {
  readonly structure?: StructureRoles;
  /** The columns that the user named as observations: what `nextObservation` continues. */
  readonly observation?: readonly string[];
  /** The column that the user named as action: its rows are the steps. */
  readonly action?: readonly string[];
  /** Height and width that images are brought to; needed where they differ. Default: as stored. */
  readonly imageSize?: readonly [height: number, width: number];
  /** Program that decodes video. Default `ffmpeg`. */
  readonly ffmpeg?: string;
}

/** Plain values, so that it can be sent to a worker. */
export interface RecordingHandle {
  readonly path: string;
  readonly options: OpenOptions;
  /** Set by a reader that has already checked the whole file, or unpacked it. */
  readonly prepared?: PreparedFiles;
}

export interface PreparedFiles {
  /** Where a compressed archive's arrays lie unpacked. */
  readonly unpackedFolder?: string;
}

/** Rows of an episode in a column. */
export function rowCountOf(column: Column, episode: number): number {
  return column.starts[episode + 1] - column.starts[episode];
}

/** Rows of all episodes. */
export function totalRowsOf(column: Column): number {
  return column.starts[column.starts.length - 1];
}

/** Numbers of one row. */
export function rowSizeOf(column: Pick<Column, 'shape'>): number {
  return elementCount(column.shape);
}

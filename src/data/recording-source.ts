// Transitions out of a recording: the same contract that environments have. Every batch is a function of (seed, split, step),
// so that a resumed run sees what it would have seen; memory is bounded; blocks are decoded ahead of their step.
// Letters: B sequences, K steps, n frames of a stack, A action size, M auxiliary size.
import { FormatError, option, UsageError } from '../error.ts';
import { elementCount } from '../shape.ts';
import { assembleBatch, type BatchLayout, locateInBlock } from './block/batch.ts';
import { type Block, cutBlocks, type DecodedBlock, type DecodePlan, sequencesOf } from './block/block.ts';
import { createBlockPool, defaultWorkerCount } from './block/block-pool.ts';
import { planEpisodes, type ValueAt } from './episode-plan.ts';
import { type ActionPart, actionParts, auxiliarySizeOf, type ObservationPart, observationParts } from './part.ts';
import { type Recording, type Roles, rowSizeOf } from './recording.ts';
import { type RecordingSurvey, surveyRecording } from './recording-survey.ts';
import { resolveRoles } from './role-name.ts';
import { type ShuffledOrder, shuffledOrder } from './shuffled-order.ts';
import { type Split, splitEpisodes } from './split.ts';
import type { TransitionBatch, TransitionSource } from './transition.ts';

const DEFAULT_MEMORY_BYTES = 512 * 1024 ** 2;
/** A block of this size decodes in a few milliseconds, and a few hundred of them mix well. */
const BLOCK_BYTES = 1024 ** 2;
const SEQUENCES_PER_BLOCK = { least: 16, most: 8192 };
/** A window must hold a few blocks, or its sequences are neighbours. */
const LEAST_BLOCKS_PER_WINDOW = 4;
/** Recordings below this are decoded in this thread: starting workers takes longer. */
const SMALL_BYTES = 32 * 1024 ** 2;

/** Which episodes, columns and observations the transitions of a recording are made of. */
export interface RecordingSourceOptions {
  readonly seed: number;
  readonly split: Split;
  /** Share of the episodes that is held out. Default 0.1. */
  readonly heldOutShare?: number | undefined;
  /** The user's map. */
  readonly roles?: Roles | undefined;
  /** Columns of the auxiliary, in order; its M numbers are theirs. Default: the reward, where there is one. */
  readonly auxiliary?: readonly string[] | undefined;
  /** Which observation the value of a step belongs to. Default `arrival`. */
  readonly valueAt?: ValueAt | undefined;
  /** Frames of an observation, the newest last; the first of an episode is repeated. Default 1. */
  readonly stack?: number | undefined;
  /** Bytes of decoded blocks that are held at once. Default 512 MiB. */
  readonly memoryBytes?: number | undefined;
  /** Threads that decode; 0 for none. Default: one for every processor but one, none for small recordings. */
  readonly workers?: number | undefined;
  /** Leaves out episodes with numbers that are not finite, instead of refusing the recording. */
  readonly skipOddEpisodes?: boolean | undefined;
  /** What an earlier run found, so that it is not computed again. */
  readonly survey?: RecordingSurvey | undefined;
}

/** Transitions of a recording, drawn by seed and step or read in order. */
export interface RecordingSource extends TransitionSource {
  /** One image, one vector, or both packed one after the other as float32. */
  readonly observationParts: readonly ObservationPart[];
  readonly actionParts: readonly ActionPart[];
  readonly survey: RecordingSurvey;
  /** Milliseconds that batches have waited for blocks to be decoded; putting them together is not in it. */
  waitedMs(): number;
  /** Sequences of K steps in an epoch. */
  sequenceCount(horizon: number): number;
  /** Ends the threads that read, and closes the recording where this opened it. */
  dispose(): Promise<void>;
}

/**
 * Opens a source over a recording, which stays the caller's. Throws a FormatError where columns do not fit together or hold
 * numbers that are not finite, a UsageError where a part is missing.
 */
export async function recordingSource(recording: Recording, options: RecordingSourceOptions): Promise<RecordingSource> {
  const { seed, split, stack = 1, memoryBytes = DEFAULT_MEMORY_BYTES } = options;
  const names = [...recording.columns.keys()];
  const roles = resolveRoles(recording.path, names, recording.roles, options.roles);
  const auxiliary = options.auxiliary ?? (roles.reward === undefined ? [] : [roles.reward]);
  const plan = planEpisodes(recording, { roles, auxiliary, valueAt: options.valueAt });
  const splitting = { seed, heldOutShare: options.heldOutShare };
  const survey = options.survey ?? (await surveyRecording(recording, plan, splitting));
  if (!options.skipOddEpisodes) refuseOddities(recording, survey);
  const odd = new Set(survey.oddEpisodes);
  const episodes = splitEpisodes(recording.path, plan.episodes, split, splitting).filter(
    ({ episode }) => !odd.has(episode),
  );

  const surveys = new Map(Object.entries(survey.columns));
  const observation = observationParts(recording, plan.observation, surveys, stack);
  const action = actionParts(recording, plan.action, surveys);
  const layout: BatchLayout = {
    observation,
    action,
    auxiliarySize: auxiliarySizeOf(recording, plan),
    stack,
    hasStates: plan.state !== undefined,
  };
  const columnsOf = (kind: ObservationPart['kind']) => observation.find((part) => part.kind === kind)?.columns ?? [];
  const decodePlanOf = (horizon: number): DecodePlan => ({
    images: columnsOf('image'),
    vectors: columnsOf('vector'),
    actions: plan.action,
    auxiliary: plan.auxiliary,
    state: plan.state,
    stack,
    horizon,
  });

  const rowBytes = bytesOfRow(recording, plan.observation, layout);
  const totalBytes = rowBytes * episodes.reduce((sum, { from, to }) => sum + to - from, 0);
  const workerCount = options.workers ?? (totalBytes < SMALL_BYTES ? 0 : defaultWorkerCount());
  const pool = createBlockPool(recording, workerCount);
  const schedules = new Map<number, Schedule>();
  const scheduleOf = (horizon: number): Schedule => {
    const found = schedules.get(horizon) ?? createSchedule(horizon);
    schedules.set(horizon, found);
    return found;
  };

  let waitedMs = 0;

  function createSchedule(horizon: number): Schedule {
    const sequencesPerBlock = chooseBlockSize(recording, plan.observation, rowBytes, memoryBytes);
    const blocks = cutBlocks(episodes, horizon, sequencesPerBlock);
    const longest = episodes.reduce((most, { from, to }) => Math.max(most, to - from - 1), 0);
    if (blocks.length === 0)
      throw new UsageError(
        `${recording.path}: expected episodes of at least ${horizon} steps for the split ${split}, got none in ${episodes.length}: the longest has ${longest} from its first observation with all values`,
      );
    const blockBytes = sequencesPerBlock * rowBytes;
    const fitsWhole = blocks.length * blockBytes <= memoryBytes;
    const blocksPerWindow = fitsWhole
      ? blocks.length
      : Math.max(LEAST_BLOCKS_PER_WINDOW, Math.floor(memoryBytes / 2 / blockBytes));
    const order = shuffledOrder({
      blockSizes: blocks.map(sequencesOf),
      blocksPerWindow,
      seed,
      stream: `recording ${split}`,
    });
    return { blocks, order, decodePlan: decodePlanOf(horizon), decoded: new Map() };
  }

  /** Has the blocks of these windows decoded, and forgets all others. */
  function load({ blocks, order, decodePlan, decoded }: Schedule, windows: readonly number[]): void {
    const wanted = new Set(windows.flatMap((window) => order.blocksOf(window)));
    for (const block of decoded.keys()) if (!wanted.has(block)) decoded.delete(block);
    for (const block of wanted)
      if (!decoded.has(block)) {
        const decoding = pool.decode(decodePlan, blocks[block]);
        // Whoever needs the block gets the error; nobody may.
        decoding.catch(() => undefined);
        decoded.set(block, decoding);
      }
  }

  async function batch(step: number, size: number, horizon: number): Promise<TransitionBatch> {
    const schedule = scheduleOf(horizon);
    const { order, blocks } = schedule;
    const drawn = Array.from({ length: size }, (_, b) => order.at(step * size + b));
    const windows = [...new Set(drawn.map(({ window }) => window))];
    // The next window is decoded while this one is trained on; never three at once.
    load(schedule, windows.length === 1 ? [windows[0], windows[0] + 1] : windows);
    const decoded = new Map<number, DecodedBlock>();
    const asked = performance.now();
    for (const { block } of drawn) {
      const decoding = schedule.decoded.get(block);
      if (decoding !== undefined && !decoded.has(block)) decoded.set(block, await decoding);
    }
    waitedMs += performance.now() - asked;
    const sequences = drawn.map(({ block, index }) => {
      const found = decoded.get(block);
      if (found === undefined) throw new FormatError(`${recording.path}: expected block ${block} to be decoded`);
      return locateInBlock(found, blocks[block], index, schedule.decodePlan);
    });
    return assembleBatch(sequences, layout, horizon);
  }

  const isPacked = observation.length > 1;
  const [first] = observation;
  const packedSize = observation.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  return {
    observationShape: isPacked ? [packedSize] : first.shape,
    observationType: !isPacked && first.kind === 'image' ? 'uint8' : 'float32',
    actionSize: action.reduce((sum, { size }) => sum + size, 0),
    auxiliarySize: layout.auxiliarySize,
    observationParts: observation,
    actionParts: action,
    survey,
    waitedMs: () => waitedMs,
    sequenceCount: (horizon) => scheduleOf(horizon).order.sequenceCount,
    batch,
    dispose: () => pool.dispose(),
  };
}

interface Schedule {
  readonly blocks: readonly Block[];
  readonly order: ShuffledOrder;
  readonly decodePlan: DecodePlan;
  readonly decoded: Map<number, Promise<DecodedBlock>>;
}

/** Throws for the first number that is not finite. */
function refuseOddities(recording: Recording, survey: RecordingSurvey): void {
  for (const [name, { oddityCount, oddities }] of Object.entries(survey.columns)) {
    const [first] = oddities.filter(({ value }) => !Number.isFinite(Number(value)));
    if (first === undefined) continue;
    const more = oddityCount > 1 ? ` (and ${oddityCount - 1} more)` : '';
    throw new FormatError(
      `${recording.path} ${name} episode ${first.episode} row ${first.row}: expected a finite number, got ${first.value}${more}`,
      { remedy: `Correct the recording. A training leaves such episodes out with ${option('skipOddEpisodes')}.` },
    );
  }
}

/** Bytes of one observation with its action and auxiliary, decoded. */
function bytesOfRow(recording: Recording, observation: readonly string[], layout: BatchLayout): number {
  let bytes = 4 * (layout.auxiliarySize + layout.action.reduce((sum, { size }) => sum + size, 0));
  for (const name of observation) {
    const column = recording.columns.get(name);
    if (column !== undefined)
      bytes += rowSizeOf(column) * (column.type === 'uint8' && column.shape.length === 3 ? 1 : 4);
  }
  return bytes;
}

/** As many sequences as fill a block, in whole chunks of the file where those are not larger than a window can hold. */
function chooseBlockSize(
  recording: Recording,
  observation: readonly string[],
  rowBytes: number,
  memoryBytes: number,
): number {
  const { least, most } = SEQUENCES_PER_BLOCK;
  const wanted = Math.max(least, Math.min(most, Math.floor(BLOCK_BYTES / rowBytes)));
  const chunk = Math.max(1, ...observation.map((name) => recording.columns.get(name)?.rowsPerChunk ?? 1));
  const largest = memoryBytes / 2 / LEAST_BLOCKS_PER_WINDOW / rowBytes;
  if (chunk > largest) return Math.max(1, Math.min(wanted, Math.floor(largest)));
  return Math.min(Math.ceil(wanted / chunk) * chunk, Math.max(chunk, Math.floor(largest)));
}

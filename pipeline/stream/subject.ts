// What is evaluated, opened: rows with their classes, and their latents, computed by an encoder or read from a file.
import { availableParallelism, cpus } from 'node:os';
import { basename, resolve } from 'node:path';
import type { ObservationRows } from '../../src/data/observation-rows.ts';
import type { Recording } from '../../src/data/recording.ts';
import { option, UsageError } from '../../src/error.ts';
import { chooseLatent } from '../../src/evaluation/encoder-input.ts';
import { parseForeignVariant } from '../../src/evaluation/foreign-encoder.ts';
import type { RowClasses } from '../../src/evaluation/held-out/labelled-rows.ts';
import type { NoWords, RowWords } from '../../src/evaluation/held-out/row-words.ts';
import { LARGEST_COMPARED } from '../../src/measures/stream/block.ts';
import { encodeObservations } from '../../src/run/encode.ts';
import { openRuntimeVariant } from '../../src/run/runtime-variant.ts';
import type { Runtime, RuntimeSession } from '../../src/runtimes/index.ts';
import { requireFile } from '../../src/storage/file-system.ts';
import { openForEncoder } from '../encoder/columns.ts';
import { lookAtEncoder } from '../encoder/file.ts';
import { actionColumns, wordsFor } from '../encoder/follow.ts';
import { fingerprintOfLatents, type OpenedLatents, openGivenLatents } from '../encoder/given-latents.ts';
import type { ObservedEncoder } from '../encoder/observe.ts';
import { classesFor, rowClassesOf } from '../encoder/row-classes.ts';
import { rowDependenceNote } from '../encoder/row-dependence.ts';
import type { StreamSubject } from './plan.ts';

type ClassChoice = import('../../src/evaluation/class/recording.ts').RecordingClassSource;

/** How what is evaluated is looked at again for the sample. */
export type Judged =
  | {
      readonly of: 'encoder';
      readonly looked: Omit<ObservedEncoder, 'observed'>;
      /** Columns of the recorded actions; undefined where there are none. */
      readonly actions: readonly string[] | undefined;
    }
  | { readonly of: 'latents'; readonly opened: OpenedLatents };

export interface OpenedSubject {
  /** Has the classes. */
  readonly recording: Recording;
  readonly rows: ObservationRows;
  readonly classes: RowClasses;
  /** Why they are these, where nobody asked for them. */
  readonly note?: string | undefined;
  readonly sha256: string;
  readonly judged: Judged;
  /** [n, D] of some rows, which rise. */
  latents(rows: Int32Array): Promise<Float32Array>;
  /** What computes, for what is stored of it. */
  describe(): Promise<string>;
  dispose(): Promise<void>;
}

/** Whoever calls this disposes it. @throws UsageError where classes are not those of a column or of quantiles */
export async function openStreamSubject(
  subject: StreamSubject,
  asked: ClassChoice | undefined,
  onNote: (note: string) => void,
): Promise<OpenedSubject> {
  if (subject.of === 'encoder') return openEncoder(subject, asked, onNote);
  const { path } = subject;
  const opened = await openGivenLatents(path, { ...subject, classes: asked });
  return {
    recording: opened.labelled,
    rows: opened.rows,
    classes: opened.classes,
    sha256: fingerprintOfLatents(path),
    judged: { of: 'latents', opened },
    latents: (rows) => opened.latents.read(rows),
    describe: async () => 'elsewhere',
    dispose: opened.dispose,
  };
}

async function openEncoder(
  subject: StreamSubject & { readonly of: 'encoder' },
  asked: ClassChoice | undefined,
  onNote: (note: string) => void,
): Promise<OpenedSubject> {
  const { path, data, runtimes, threads } = subject;
  requireFile(path, 'an ONNX file');
  const variant = parseForeignVariant(path, runtimes[0]);
  const { where, inputs, outputs, precision, sha256 } = await lookAtEncoder(path);
  const latent = chooseLatent(where, outputs, subject, onNote);
  const opened = await openForEncoder({ where, inputs, path: data }, { ...subject, onNote });
  let running: { readonly runtime: Runtime; readonly session: RuntimeSession } | undefined;
  const input = { ...opened.input.input, latent };
  const start = async () => {
    if (running !== undefined) return running;
    const runtime = await openRuntimeVariant(variant, threads ?? availableParallelism());
    try {
      running = { runtime, session: await runtime.load(path) };
    } catch (error) {
      await runtime.dispose();
      throw error;
    }
    const odd = await rowDependenceNote(where, opened.rows, running.session, input);
    if (odd !== undefined) onNote(odd);
    return running;
  };
  const dispose = async () => {
    await running?.session.dispose();
    await running?.runtime.dispose();
    await opened.dispose();
  };
  try {
    const { recording, rows } = opened;
    const wanted = classesFor(recording, opened.roles, asked);
    const isOpen = wanted === undefined && rowClassesOf(recording, opened.roles, undefined) === undefined;
    // Transitions are too many to be compared here: unless they are asked for, ranges stand in their place.
    const note = `classes: four ranges of the reward, since transitions are compared of at most ${LARGEST_COMPARED} observations`;
    const classes = rowClassesOf(recording, opened.roles, isOpen ? { of: 'quantiles', count: 4 } : wanted);
    if (classes === undefined)
      throw new UsageError(
        `${option('classes')}: expected column:NAME or quantiles:K of so many observations, got observed`,
        {
          remedy: `Take ${option('classes', 'quantiles:4')}, or fewer: ${option('observations', String(LARGEST_COMPARED))}.`,
        },
      );
    return {
      ...{ recording, rows, classes, sha256, dispose, ...(isOpen && { note }) },
      judged: {
        of: 'encoder',
        looked: { found: { ...opened.input, input }, sha256, precision },
        actions: actionColumns(recording, opened.roles),
      },
      async latents(wanted) {
        const { session } = await start();
        const pieces: Float32Array[] = [];
        for (let begin = 0; begin < wanted.length; begin += rows.pieceRows) {
          const piece = wanted.subarray(begin, begin + rows.pieceRows);
          const [from, to] = [piece[0], piece[piece.length - 1] + 1];
          const isWhole = to - from === piece.length;
          const observations = isWhole ? await rows.read(from, to) : await rows.gather(piece);
          pieces.push((await encodeObservations(session, observations, rows.shape, input)).values);
        }
        const joined = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
        let at = 0;
        for (const piece of pieces) {
          joined.set(piece, at);
          at += piece.length;
        }
        return joined;
      },
      async describe() {
        const { runtime } = await start();
        const { provider, version } = runtime.describe();
        return `${provider}, ${version}, ${cpus()[0]?.model.trim() ?? process.arch}`;
      },
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Recorded words that witnesses follow, a sample of all rows; undefined of latents that were computed elsewhere. */
export async function wordsOf(
  { recording, rows, classes: { column }, judged }: OpenedSubject,
  {
    of,
    ...asked
  }: { readonly of: 'column' | 'quantiles'; readonly seed: number; readonly predictor: string | undefined },
): Promise<RowWords | NoWords | undefined> {
  if (judged.of === 'latents') return undefined;
  const apart = { column, of: of === 'column' ? 'classes' : 'numbers' } as const;
  return wordsFor({ recording, rows }, { ...asked, actions: judged.actions, apart });
}

/** What the record calls the observations. */
export function sourceOf({ recording }: OpenedSubject): {
  readonly name: string;
  readonly description: Readonly<Record<string, unknown>>;
} {
  return {
    name: basename(resolve(recording.path)),
    description: { recording: recording.format, episodes: recording.episodeCount },
  };
}

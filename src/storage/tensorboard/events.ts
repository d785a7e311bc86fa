// Event files as TensorBoard reads them (tensorboard/compat/proto/{event,summary,tensor}.proto; records as in TensorFlow's
// record_writer.h). Values are written in the form of the plugins: a tensor, and the plugin's name in the metadata.
import { hostname } from 'node:os';
import { join } from 'node:path';
import protobuf from 'protobufjs/minimal.js';
import { JepaError } from '../../error.ts';
import { maskedCrc32c } from '../checksum.ts';
import { type FileSystem, localFileSystem, storageError, writeFully } from '../file-system.ts';
import { encodeSessionEnd, encodeSessionStart, type Hyperparameters, type Outcome } from './hyperparameters.ts';

export interface EventWriter {
  /** The event file. */
  readonly path: string;
  /** Values by tag (`train/loss`); NaN is fine. One record, so that a crash never tears a step apart. */
  scalars(step: number, values: Readonly<Record<string, number>>): void;
  /** One PNG. */
  image(
    step: number,
    tag: string,
    png: { readonly bytes: Uint8Array; readonly width: number; readonly height: number },
  ): void;
  /** Markdown. */
  text(step: number, tag: string, markdown: string): void;
  /** The distribution of values; those that are not finite are left out. */
  histogram(step: number, tag: string, values: ArrayLike<number>): void;
  /** The run's settings, for the table of the hparams plugin; once, at the start of the run. */
  hyperparameters(values: Hyperparameters): void;
  /** How the run ended, for the same table. */
  outcome(outcome: Outcome): void;
  /** Waits until the disk has everything. */
  flush(): void;
  dispose(): void;
}

export interface EventWriterOptions {
  /**
   * The last step that a resumed run keeps: TensorBoard forgets what earlier event files say of later steps. Earlier files
   * stay as they are.
   */
  readonly resumeStep?: number;
  /** Seconds since 1970, for each record. Default: the clock. */
  readonly wallTime?: () => number;
  readonly files?: FileSystem;
}

/** How many buckets a histogram has, as in TensorBoard's own summary.histogram. */
const HISTOGRAM_BUCKETS = 30;

/** Numbers of tensorflow/core/framework/types.proto. */
const TYPE_FLOAT = 1;
const TYPE_DOUBLE = 2;
const TYPE_STRING = 7;
/** SummaryMetadata.data_class */
const CLASS_SCALAR = 1;
const CLASS_TENSOR = 2;
const CLASS_BLOBS = 3;
/** SessionLog.status */
const SESSION_START = 1;

/** Wire types of protobuf, in the low three bits of a field's key. */
const VARINT = 0;
const FIXED_64 = 1;
const LENGTH = 2;
const key = (field: number, wire: number) => (field << 3) | wire;

type Writer = protobuf.Writer;

/** Files that one process opens in the same second must not share a name. */
let fileCount = 0;

/** Opens a new event file in `folder` (`runs/a/tb`), which is created where it is missing. */
export function openEventWriter(folder: string, options: EventWriterOptions = {}): EventWriter {
  const files = options.files ?? localFileSystem;
  const wallTime = options.wallTime ?? (() => Date.now() / 1000);
  const seconds = String(Math.floor(wallTime())).padStart(10, '0');
  const path = join(folder, `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${fileCount++}`);
  let descriptor: number | undefined;
  try {
    files.mkdirSync(folder, { recursive: true });
    descriptor = files.openSync(path, 'ax');
  } catch (error) {
    throw storageError(`write ${path}`, 'to create an event file', error);
  }

  const append = (step: number, write: (writer: Writer) => void): void => {
    if (descriptor === undefined) throw new JepaError(`write ${path}: expected an open event file, got a disposed one`);
    const event = protobuf.Writer.create();
    event.uint32(key(1, FIXED_64)).double(wallTime());
    if (step !== 0) event.uint32(key(2, VARINT)).int64(step);
    write(event);
    try {
      writeFully(files, descriptor, frame(event.finish()));
    } catch (error) {
      throw storageError(`write ${path}`, 'to append an event', error);
    }
  };
  const appendValues = (step: number, values: readonly SummaryValue[]): void =>
    append(step, (event) => {
      event.uint32(key(5, LENGTH)).fork();
      for (const value of values) writeValue(event, value);
      event.ldelim();
    });

  append(0, (event) => event.uint32(key(3, LENGTH)).string('brain.Event:2'));
  // TensorBoard takes the first START of a folder for the beginning; on a later one it purges that step and all after it.
  const firstStep = options.resumeStep === undefined ? 0 : options.resumeStep + 1;
  append(firstStep, (event) =>
    event.uint32(key(7, LENGTH)).fork().uint32(key(1, VARINT)).int32(SESSION_START).ldelim(),
  );

  return {
    path,
    scalars(step, values) {
      appendValues(
        step,
        Object.entries(values).map(([tag, value]) => ({
          tag,
          plugin: 'scalars',
          dataClass: CLASS_SCALAR,
          tensor: (writer) => {
            writeTensorHead(writer, TYPE_FLOAT, []);
            writer.uint32(key(5, LENGTH)).fork().float(value).ldelim();
          },
        })),
      );
    },
    image(step, tag, { bytes, width, height }) {
      const strings = [new TextEncoder().encode(String(width)), new TextEncoder().encode(String(height)), bytes];
      appendValues(step, [
        { tag, plugin: 'images', dataClass: CLASS_BLOBS, tensor: (writer) => writeStrings(writer, strings) },
      ]);
    },
    text(step, tag, markdown) {
      const strings = [new TextEncoder().encode(markdown)];
      appendValues(step, [
        { tag, plugin: 'text', dataClass: CLASS_TENSOR, tensor: (writer) => writeStrings(writer, strings) },
      ]);
    },
    histogram(step, tag, values) {
      const buckets = countBuckets(values);
      appendValues(step, [
        {
          tag,
          plugin: 'histograms',
          dataClass: CLASS_TENSOR,
          tensor: (writer) => {
            writeTensorHead(writer, TYPE_DOUBLE, [buckets.length / 3, 3]);
            writer.uint32(key(4, LENGTH)).bytes(new Uint8Array(buckets.buffer));
          },
        },
      ]);
    },
    hyperparameters(values) {
      const content = encodeSessionStart(values, wallTime());
      appendValues(0, [
        { tag: '_hparams_/session_start_info', plugin: 'hparams', content, dataClass: CLASS_TENSOR, tensor: writeZero },
      ]);
    },
    outcome(outcome) {
      const content = encodeSessionEnd(outcome, wallTime());
      appendValues(0, [
        { tag: '_hparams_/session_end_info', plugin: 'hparams', content, dataClass: CLASS_TENSOR, tensor: writeZero },
      ]);
    },
    flush() {
      if (descriptor !== undefined) files.fsyncSync(descriptor);
    },
    dispose() {
      if (descriptor !== undefined) files.closeSync(descriptor);
      descriptor = undefined;
    },
  };
}

interface SummaryValue {
  readonly tag: string;
  readonly plugin: string;
  readonly content?: Uint8Array;
  readonly dataClass: number;
  readonly tensor: (writer: Writer) => void;
}

/** One Summary.Value of the summary that is being written. */
function writeValue(writer: Writer, { tag, plugin, content, dataClass, tensor }: SummaryValue): void {
  writer.uint32(key(1, LENGTH)).fork().uint32(key(1, LENGTH)).string(tag);
  writer.uint32(key(8, LENGTH)).fork();
  tensor(writer);
  writer.ldelim();
  writer.uint32(key(9, LENGTH)).fork();
  writer.uint32(key(1, LENGTH)).fork().uint32(key(1, LENGTH)).string(plugin);
  if (content !== undefined) writer.uint32(key(2, LENGTH)).bytes(content);
  writer.ldelim().uint32(key(4, VARINT)).int32(dataClass).ldelim();
  writer.ldelim();
}

function writeTensorHead(writer: Writer, type: number, shape: readonly number[]): void {
  writer.uint32(key(1, VARINT)).int32(type).uint32(key(2, LENGTH)).fork();
  for (const side of shape) writer.uint32(key(2, LENGTH)).fork().uint32(key(1, VARINT)).int64(side).ldelim();
  writer.ldelim();
}

function writeStrings(writer: Writer, strings: readonly Uint8Array[]): void {
  writeTensorHead(writer, TYPE_STRING, [strings.length]);
  for (const string of strings) writer.uint32(key(8, LENGTH)).bytes(string);
}

/** The hparams plugin reads its metadata only, but TensorBoard drops a value that has no tensor. */
function writeZero(writer: Writer): void {
  writeTensorHead(writer, TYPE_FLOAT, []);
  writer.uint32(key(5, LENGTH)).fork().float(0).ldelim();
}

/** [k, 3] rows of (left edge, right edge, count) as little-endian doubles. */
function countBuckets(values: ArrayLike<number>): Float64Array {
  const finite = Float64Array.from(values).filter(Number.isFinite);
  if (finite.length === 0) return new Float64Array(0);
  const low = finite.reduce((a, b) => Math.min(a, b));
  const high = finite.reduce((a, b) => Math.max(a, b));
  if (low === high) return Float64Array.of(low - 0.5, high + 0.5, finite.length);
  const width = (high - low) / HISTOGRAM_BUCKETS;
  const buckets = new Float64Array(HISTOGRAM_BUCKETS * 3);
  for (let i = 0; i < HISTOGRAM_BUCKETS; i++) {
    buckets[i * 3] = low + i * width;
    buckets[i * 3 + 1] = i === HISTOGRAM_BUCKETS - 1 ? high : low + (i + 1) * width;
  }
  for (const value of finite) buckets[Math.min(HISTOGRAM_BUCKETS - 1, Math.floor((value - low) / width)) * 3 + 2]++;
  return buckets;
}

/** A record: length, its checksum, the bytes, their checksum. */
function frame(event: Uint8Array): Uint8Array {
  const record = new Uint8Array(12 + event.byteLength + 4);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(event.byteLength), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(event, 12);
  view.setUint32(12 + event.byteLength, maskedCrc32c(event), true);
  return record;
}

// The three passes over the rows, in shards whose results are whole files, and their merge. A shard may run anywhere and again: its file
// is the same bytes. One process runs shard 0 of 1.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FormatError, option, UsageError } from '../../src/error.ts';
import type { LatentBlock, StoredArrays } from '../../src/measures/stream/block.ts';
import { Closest } from '../../src/measures/stream/closest.ts';
import { Comparison } from '../../src/measures/stream/comparison.ts';
import { type FirstPass, Moments, type StreamOptions } from '../../src/measures/stream/moments.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { makeFolder } from '../../src/storage/file-system.ts';
import { decodeSafetensors, encodeSafetensors, type Safetensors } from '../../src/storage/safetensors.ts';
import { eachBlock } from './each-block.ts';
import { blockCount, type StoredPlan, type StreamPlan } from './plan.ts';
import { openBlocks } from './rows.ts';
import { type OpenedSubject, openStreamSubject } from './subject.ts';

export const passes = [1, 2, 3] as const;
/** 1 encodes and sums, 2 compares with queries, 3 revisits what could be nearest. */
export type PassNumber = (typeof passes)[number];

/** Shard `index` of `of`: consecutive blocks. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

export interface ShardOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told in one line how far it is. */
  readonly onProgress: (line: string) => void;
}

interface Pass {
  add(block: LatentBlock): void;
  stored(): StoredArrays;
  merge(arrays: ReadonlyMap<string, { readonly values: unknown }>): void;
}

export interface ReadyPasses {
  readonly options: StreamOptions;
  readonly first: FirstPass;
  readonly comparison: Comparison;
  readonly closest: Closest;
}

export function streamOptionsOf({ size, seed, queries, classes }: StreamPlan): StreamOptions {
  return { size, seed, queries, classCount: classes.keys.length };
}

/**
 * Runs a shard of a pass; returns at once where its file is there.
 * @param opened of the plan's subject, where it is open already
 * @throws UsageError where the pass before is not merged, or for a shard that there is not
 */
export async function runShard(
  stored: StoredPlan,
  pass: PassNumber,
  { index, of }: Shard,
  { signal, onProgress }: ShardOptions,
  opened?: OpenedSubject,
): Promise<'done' | 'wasDone'> {
  const { folder, plan, digest } = stored;
  if (of < 1 || index < 0 || index >= of)
    throw new UsageError(`${option('shard')}: expected I/N with 0 <= I < N, got ${index}/${of}`);
  const path = join(passFolder(folder, pass), shardName({ index, of }));
  if (existsSync(path)) return 'wasDone';
  const own = emptyPass(stored, pass);
  const all = blockCount(plan);
  const [begin, end] = [Math.floor((index * all) / of), Math.floor(((index + 1) * all) / of)];
  let machine = 'none';
  // Nothing to look for: the result is known without the rows.
  if (begin < end && !(own instanceof Closest && !own.isOpen)) {
    // What there is to say of the subject was said when it was planned.
    const subject = opened ?? (await openStreamSubject(plan.subject, classSourceOf(plan), () => {}));
    try {
      const blocks = openBlocks(stored, subject);
      const add = async (block: number) => own.add(await blocks.read(block));
      await eachBlock(begin, end, add, { name: `pass ${pass} of ${passes.length}`, signal, onProgress });
      if (pass === 1) machine = await subject.describe();
    } finally {
      if (opened === undefined) await subject.dispose();
    }
  }
  const metadata = { plan: digest, blocks: `${begin}-${end}`, machine };
  makeFolder(passFolder(folder, pass));
  writeFileAtomic(path, encodeSafetensors(own.stored(), new Map(Object.entries(metadata))));
  return 'done';
}

/**
 * Merges the shards of a pass, which must be all blocks, each once.
 * @throws UsageError where some are missing or there twice, FormatError where they are of another plan
 */
export function mergePass(stored: StoredPlan, pass: PassNumber, onNote: (note: string) => void): void {
  const { folder, plan, digest } = stored;
  const inside = passFolder(folder, pass);
  const names = existsSync(inside)
    ? readdirSync(inside).filter((name) => /^shard-\d+-of-\d+\.safetensors$/.test(name))
    : [];
  const parts = names.map((name) => {
    const path = join(inside, name);
    const { metadata, arrays } = readPartial(path, digest);
    const [begin, end] = (metadata.get('blocks') ?? '').split('-').map(Number);
    return { path, name, begin, end, machine: metadata.get('machine') ?? '', arrays };
  });
  requireEveryBlock(folder, pass, parts, blockCount(plan));
  const merged = emptyPass(stored, pass);
  for (const { arrays } of parts) merged.merge(arrays);
  const machines = [...new Set(parts.map(({ machine }) => machine))].filter((each) => each !== 'none').sort();
  if (machines.length > 1)
    onNote(
      `latents were computed by ${machines.length} kinds of machines, whose last bits may differ: ${machines.join('; ')}`,
    );
  const metadata = new Map([
    ['plan', digest],
    ['machines', machines.join('\n')],
  ]);
  writeFileAtomic(mergedPath(folder, pass), encodeSafetensors(merged.stored(), metadata));
}

/** Everything that the merged passes say. @throws UsageError where one of them is not merged */
export function readyPasses(
  stored: StoredPlan,
): ReadyPasses & { readonly machines: readonly string[]; readonly digest: string } {
  const options = streamOptionsOf(stored.plan);
  const hash = createHash('sha256');
  const machines: string[] = [];
  const read = <Kind extends Pass>(pass: PassNumber, own: Kind): Kind => {
    const { arrays, metadata } = readMerged(stored, pass);
    own.merge(arrays);
    hash.update(encodeSafetensors(own.stored()));
    if (pass === 1) machines.push(...(metadata.get('machines') ?? '').split('\n').filter((each) => each !== ''));
    return own;
  };
  const first = read(1, new Moments(options)).result();
  const comparison = read(2, new Comparison(options, first));
  const closest = read(3, new Closest(options, first, comparison));
  return { options, first, comparison, closest, machines, digest: hash.digest('hex') };
}

export function isMerged({ folder }: StoredPlan, pass: PassNumber): boolean {
  return existsSync(mergedPath(folder, pass));
}

/** A pass before its first block, which knows what the passes before it found. */
function emptyPass(stored: StoredPlan, pass: PassNumber): Pass {
  const options = streamOptionsOf(stored.plan);
  if (pass === 1) return new Moments(options);
  const moments = new Moments(options);
  moments.merge(readMerged(stored, 1).arrays);
  const first = moments.result();
  const comparison = new Comparison(options, first);
  if (pass === 2) return comparison;
  comparison.merge(readMerged(stored, 2).arrays);
  return new Closest(options, first, comparison);
}

function readMerged({ folder, digest }: StoredPlan, pass: PassNumber): Safetensors {
  const path = mergedPath(folder, pass);
  if (existsSync(path)) return readPartial(path, digest);
  throw new UsageError(`${folder}: expected pass ${pass} to be merged, got no ${path}`, {
    remedy: `When all its shards are done: jepa evaluate --merge ${folder} --pass ${pass}`,
  });
}

function readPartial(path: string, digest: string): Safetensors {
  const decoded = decodeSafetensors(readFileSync(path), path);
  if (decoded.metadata.get('plan') === digest) return decoded;
  throw new FormatError(`${path}: expected a result of this folder's plan, got one of another`, {
    remedy: 'Remove it, and run its shard again.',
  });
}

interface Part {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

function requireEveryBlock(folder: string, pass: PassNumber, parts: readonly Part[], count: number): void {
  const rising = parts.filter(({ begin, end }) => end > begin).sort((a, b) => a.begin - b.begin);
  let covered = 0;
  for (const { name, begin, end } of [...rising, { name: '', begin: count, end: count }]) {
    if (begin > covered)
      throw new UsageError(
        `${folder}: expected all ${count} blocks of pass ${pass}, got none of ${covered} to ${begin - 1}`,
        { remedy: `Run the shards that are missing: jepa evaluate --partial ${folder} --pass ${pass} --shard I/N` },
      );
    if (begin < covered)
      throw new UsageError(`${folder}: expected each block of pass ${pass} once, got ${begin} in ${name} and before`, {
        remedy: 'Shards of another number are there: remove those of one of the two.',
      });
    covered = end;
  }
}

function classSourceOf({ classes }: StreamPlan) {
  return classes.of === 'column'
    ? ({ of: 'column', column: classes.column } as const)
    : ({ of: 'quantiles', count: (classes.edges?.length ?? 0) + 1 } as const);
}

function passFolder(folder: string, pass: PassNumber): string {
  return join(folder, `pass-${pass}`);
}

function mergedPath(folder: string, pass: PassNumber): string {
  return join(folder, `pass-${pass}.safetensors`);
}

function shardName({ index, of }: Shard): string {
  const digits = (value: number) => String(value).padStart(5, '0');
  return `shard-${digits(index)}-of-${digits(of)}.safetensors`;
}

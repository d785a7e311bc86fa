// Reads mutants in a process of its own, one after the other, and says what came of each: a file may take the process down.
import { join } from 'node:path';
import { openRecording } from '../../src/data/readers/index.ts';
import { JepaError } from '../../src/error.ts';
import { targets } from './target.ts';

export interface MutantRequest {
  readonly target: string;
  readonly path: string;
}

export interface MutantOutcome {
  readonly kind: 'accepted' | 'refused' | 'foreign';
  readonly message: string;
  /** The most memory that the process has had so far. */
  readonly megabytes: number;
}

/** Starts the thread that decodes, so that its start counts for no mutant. */
let isWarm = false;
async function warmUp(): Promise<void> {
  if (isWarm) return;
  const good = join(import.meta.dirname, '../fixtures/recordings/d4rl.hdf5');
  await (await openRecording(good)).dispose();
  isWarm = true;
}

process.on('message', async ({ target: name, path }: MutantRequest) => {
  await warmUp();
  process.send?.('begin');
  const target = targets.find((candidate) => candidate.name === name);
  let kind: MutantOutcome['kind'] = 'accepted';
  let message = '';
  try {
    await target?.read(path);
  } catch (error) {
    kind = error instanceof JepaError ? 'refused' : 'foreign';
    message = error instanceof Error ? (kind === 'foreign' ? String(error.stack) : error.message) : String(error);
    // What is refused must have a place, and fit on a line.
    if (kind === 'refused' && (message.trim() === '' || message.includes('\n'))) kind = 'foreign';
  }
  // A mutant that was given up took the thread with it.
  if (message.includes('expected to decode it')) isWarm = false;
  const outcome: MutantOutcome = { kind, message, megabytes: process.resourceUsage().maxRSS / 1024 };
  process.send?.(outcome);
});
process.send?.('ready');

// The campaign: for each target mutants of its files, until its share of the time is over. A mutant is accepted or refused;
// whatever else happens is a finding, and its file is kept.
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createGenerator } from './mutate.ts';
import { type ReaderProcess, whatIsWrong } from './reader-process.ts';
import type { FuzzTarget } from './target.ts';

/** However little time there is; then the time alone decides, so a busy machine reads fewer. */
const LEAST_MUTANTS = 5;
/** A target that by then has accepted all or refused all tests nothing. */
const MOST_OF_A_KIND = 200;

export interface Finding {
  readonly target: string;
  readonly what: string;
  /** The mutant that shows it. */
  readonly path: string;
}

export interface TargetReport {
  readonly accepted: number;
  readonly refused: number;
  readonly findings: readonly Finding[];
}

export interface CampaignOptions {
  readonly seed: number;
  /** When to stop, on the clock of `performance`. */
  readonly deadline: number;
  /** Where mutants are made, and where those that show a fault are kept. */
  readonly folder: string;
  readonly kept: string;
}

export async function fuzz(
  target: FuzzTarget,
  reader: ReaderProcess,
  { seed, deadline, folder, kept }: CampaignOptions,
): Promise<TargetReport> {
  const findings: Finding[] = [];
  let accepted = 0;
  let refused = 0;
  const isDue = (index: number) =>
    performance.now() < deadline ||
    index < LEAST_MUTANTS ||
    ((refused === 0 || accepted === 0) && index < MOST_OF_A_KIND);
  for (let index = 0; isDue(index); index++) {
    const path = join(folder, `mutant-${index}`);
    target.write(path, createGenerator(seed * 1_000_003 + index));
    const reading = await reader.read({ target: target.name, path });
    const what = whatIsWrong(reading);
    if (what !== undefined) {
      const saved = join(kept, `${target.name.replaceAll(' ', '-')}-${seed}-${index}`);
      mkdirSync(kept, { recursive: true });
      cpSync(path, saved, { recursive: true });
      findings.push({ target: target.name, what, path: saved });
      // It may hang, or hold what it has taken.
      reader.end();
    } else if (typeof reading === 'object' && reading.kind === 'accepted') accepted++;
    else refused++;
    rmSync(path, { recursive: true, force: true });
  }
  return { accepted, refused, findings };
}

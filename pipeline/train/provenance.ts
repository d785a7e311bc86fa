// Where a run was trained last, and by which libraries: environment.json in its folder.
import * as z from 'zod';
import { formatJson, parseJsonIfAny } from '../../src/json.ts';
import { runPath } from '../../src/run/folder.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { readTextIfPresent } from '../../src/storage/file-system.ts';
import { type Provenance, type TrainingPlaceName, trainingPlaces } from './place.ts';

/** Where the run in `runFolder` was trained last. */
export function placeOfRun(runFolder: string): TrainingPlaceName {
  return placeOf(readProvenance(runFolder));
}

export function placeOf(recorded: Provenance | undefined): TrainingPlaceName {
  return trainingPlaces.find((name) => name === recorded?.place) ?? 'tensorflow';
}

/** Undefined where there is none, or none that can be read: it is written anew. */
export function readProvenance(runFolder: string): Provenance | undefined {
  const text = readTextIfPresent(runPath(runFolder, 'environment'));
  if (text === undefined) return undefined;
  const parsed = provenanceSchema.safeParse(parseJsonIfAny(text));
  return parsed.success ? parsed.data : undefined;
}

const provenanceSchema = z.record(z.string(), z.union([z.string(), z.number()]));

export function writeProvenance(runFolder: string, provenance: Provenance): void {
  writeFileAtomic(runPath(runFolder, 'environment'), formatJson(provenance));
}

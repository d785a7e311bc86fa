// The world of an export: made again from its description, or out of the held-out observations beside it.
import { FormatError } from '../../src/error.ts';
import type { ExportDescription } from '../../src/storage/export-format.ts';
import { HELD_OUT_NAME, parseHeldOut } from '../held-out-format.ts';
import { environmentWorld } from './environment-world.ts';
import { recordingWorld } from './recording-world.ts';
import type { HeldOutFiles } from './worker-protocol.ts';
import type { World } from './world.ts';

/** @throws FormatError where the export is of a recording and its observations are not given */
export function worldOf(description: ExportDescription, heldOut: HeldOutFiles | undefined): World {
  if (description.recording === undefined) return environmentWorld(description);
  if (heldOut === undefined)
    throw new FormatError(`${HELD_OUT_NAME}: expected held-out observations beside the export, got none`);
  return recordingWorld(description, parseHeldOut(heldOut.json, heldOut.bytes));
}

// Temporary folders that go when their work is done, when the process is interrupted, and, where it was killed, when the next
// one makes a temporary folder.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning, processDomain } from './process-identity.ts';

/** `jepa-<purpose>-<pid>-<domain>-XXXXXX` */
const SCRATCH = /^jepa-[a-z0-9-]+?-(\d+)-([0-9a-f]{8})-\w{6}$/;

const open = new Set<string>();
const swept = new Set<string>();

/**
 * Makes an empty folder for `purpose` (lower-case words joined by dashes), in the system's folder for such or in `parent`;
 * whoever asked for it calls `removeScratch`.
 */
export function makeScratch(purpose: string, parent: string = tmpdir()): string {
  if (!swept.has(parent)) sweepScratch(parent);
  swept.add(parent);
  const folder = mkdtempSync(join(parent, `jepa-${purpose}-${process.pid}-${processDomain()}-`));
  open.add(folder);
  return folder;
}

export function removeScratch(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  open.delete(folder);
}

/** Removes all of this process: for one that ends at once, as when it is interrupted. */
export function discardScratch(): void {
  for (const folder of open) attempt(() => removeScratch(folder));
}

/** Removes what killed processes of this machine left. Those of other containers are left to them. */
export function sweepScratch(parent: string = tmpdir()): void {
  attempt(() => {
    for (const name of readdirSync(parent)) {
      const [, pid, domain] = SCRATCH.exec(name) ?? [];
      if (domain === processDomain() && !isRunning(Number(pid)))
        attempt(() => rmSync(join(parent, name), { recursive: true, force: true }));
    }
  });
}

/** What cannot be removed (another user's, or half gone already) hides no work and no error. */
function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // It is tried again by the next process.
  }
}

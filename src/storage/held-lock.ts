// The locks that this process has, for its end; apart from run-lock.ts, since every command needs this much at its start.
import { JepaError } from '../error.ts';

/** A living process, another or this one, has the lock. */
export class LockedError extends JepaError {
  override readonly name = 'LockedError';
}

export const heldLocks = new Set<{ dispose(): void }>();

/** Gives all runs back that this process has: for one that ends at once, as when it is interrupted. */
export function abandonRunLocks(): void {
  for (const lock of heldLocks) lock.dispose();
}

// How much memory a process holds together with everything that it started, from Linux's /proc.
import { readdirSync, readFileSync } from 'node:fs';

/** Linux's page size on every platform that Node's builds support with 4 KiB pages; on others the sum is an underestimate. */
const PAGE_BYTES = 4096;

/** `root` and all its descendants, by the parents that /proc names. Empty where there is no /proc. */
export function descendantsOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const pid of processIds()) {
    const parent = parentOf(pid);
    if (parent === undefined) continue;
    const siblings = children.get(parent);
    if (siblings) siblings.push(pid);
    else children.set(parent, [pid]);
  }
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

/**
 * Bytes that a process and its descendants hold: the private pages of each, and once the shared pages of the one that has
 * most of them. Undefined where the machine has no /proc.
 */
export function processTreeByteLength(root: number): number | undefined {
  let isKnown = false;
  let own = 0;
  let shared = 0;
  for (const pid of descendantsOf(root)) {
    const pages = read(`/proc/${pid}/statm`)?.split(' ').map(Number);
    if (pages === undefined || pages.length < 3) continue;
    isKnown = true;
    own += Math.max(0, pages[1] - pages[2]);
    shared = Math.max(shared, pages[2]);
  }
  return isKnown ? (own + shared) * PAGE_BYTES : undefined;
}

function processIds(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** The fourth field of /proc/PID/stat, counted from behind the program's name, which may hold anything. */
function parentOf(pid: number): number | undefined {
  const text = read(`/proc/${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields === undefined ? undefined : Number(fields[1]);
}

/** A process may have ended since it was listed. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

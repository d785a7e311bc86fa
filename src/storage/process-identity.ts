// Tells a process from a later one that was given the same number.
import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemErrorCode } from './file-system.ts';

/**
 * A text that no other process has: made of when the process started, where the system tells it (Linux, macOS), else of
 * its number alone. Undefined where no such process runs.
 */
export function processIdentity(pid: number): string | undefined {
  if (process.platform === 'linux') return linuxIdentity(pid);
  if (!isRunning(pid)) return undefined;
  return process.platform === 'darwin' ? darwinIdentity(pid) : `pid ${pid}`;
}

/** True where a process of this number runs, whoever it belongs to. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === 'EPERM';
  }
}

function linuxIdentity(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // proc(5): the second field is the program's name in parentheses, and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  // A zombie has ended; only its parent has not looked yet.
  if (state === 'Z' || state === 'X') return undefined;
  const startTicks = fields[19];
  return `boot ${bootId()} tick ${startTicks}`;
}

/** Ticks count from the start of the machine, so the machine's start belongs to the identity. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

function darwinIdentity(pid: number): string | undefined {
  try {
    return `started ${execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()}`;
  } catch {
    return undefined;
  }
}

let domain: string | undefined;

/**
 * Eight hexadecimal digits of where this process's numbers mean what they mean here: the host, its boot, and the namespace of
 * its processes. Containers share the first two and often the name of the host.
 */
export function processDomain(): string {
  domain ??= createHash('sha256')
    .update(JSON.stringify([hostname(), process.platform === 'linux' ? [bootId(), processNamespace()] : []]))
    .digest('hex')
    .slice(0, 8);
  return domain;
}

/** Where it cannot be known, it is nobody else's. */
function processNamespace(): string {
  try {
    // /proc is of another namespace where it knows this process by another number, or not at all.
    const own = readlinkSync('/proc/self');
    if (own !== String(process.pid)) throw new Error('of another namespace');
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return randomUUID();
  }
}

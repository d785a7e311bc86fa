// Tells a process from a later one that was given the same number.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
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

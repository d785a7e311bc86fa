// Children that end with their launcher, also where that is killed and can do nothing any more: a shell of a few lines holds
// the other end of a pipe from this process, and kills what is on its list when the pipe breaks.
import { type ChildProcess, spawn } from 'node:child_process';

/** Reads `+ TARGET` and `- TARGET` until the end of its input; a target below 0 is a group of processes. */
const GUARD = `set --
while read -r sign target; do
  case $sign in
  +) set -- "$@" "$target" ;;
  -) rest=; for each; do [ "$each" = "$target" ] || rest="$rest $each"; done; set -- $rest ;;
  esac
done
for each; do kill -9 "$each" 2>/dev/null || :; done`;

let guard: ChildProcess | undefined;

/**
 * From now on `target`, a process of ours or (below 0) a group of them, is killed when this process ends in any way.
 * @returns ends that; to be called as soon as the target ended, for its number may be given to another
 */
export function endWithThisProcess(target: number): () => void {
  // Windows has no process groups and no shell.
  if (process.platform === 'win32') return () => {};
  guard ??= startGuard();
  const { stdin } = guard;
  stdin?.write(`+ ${target}\n`);
  return () => {
    stdin?.write(`- ${target}\n`);
  };
}

function startGuard(): ChildProcess {
  // In a session of its own: Ctrl-C in a terminal does not reach it.
  const child = spawn('/bin/sh', ['-c', GUARD], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  const forget = (): void => {
    if (guard === child) guard = undefined;
  };
  child.once('error', forget).once('exit', forget);
  child.stdin?.on('error', forget);
  child.unref();
  // The pipe of a child is a socket, which keeps a process waiting unless it is let go of.
  const { stdin } = child;
  if (stdin !== null && 'unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
  return child;
}

// Opens a page in the user's browser, as far as this machine has a way to.
import { spawn } from 'node:child_process';

/** Time within which a program that opens pages says that it cannot. */
const FAILS_WITHIN_MS = 1500;

export interface OpenerCommand {
  readonly program: string;
  readonly arguments: readonly string[];
}

/** BROWSER, where it names a program, else the system's own way. */
export function openerCommand(
  target: string,
  environment: NodeJS.ProcessEnv = process.env,
  platform: string = process.platform,
): OpenerCommand {
  const own = environment.BROWSER?.split(':')[0]?.trim();
  if (own) return { program: own, arguments: [target] };
  if (platform === 'darwin') return { program: 'open', arguments: [target] };
  // Not `start`, which is no program but a word of a shell, and would read an ampersand in the address.
  if (platform === 'win32') return { program: 'rundll32', arguments: ['url.dll,FileProtocolHandler', target] };
  return { program: 'xdg-open', arguments: [target] };
}

/**
 * @param target an address, or the path of a file
 * @returns undefined where it was opened, else the reason why not, in a few words
 */
export function openInBrowser(target: string, command = openerCommand(target)): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(command.program, command.arguments, { stdio: 'ignore', detached: true });
    const timer = setTimeout(() => finish(undefined), FAILS_WITHIN_MS);
    const finish = (reason: string | undefined) => {
      clearTimeout(timer);
      // The browser stays when this program ends.
      child.unref();
      resolve(reason);
    };
    child.once('error', () => finish(`${command.program} could not be started`));
    child.once('exit', (code) => finish(code === 0 ? undefined : `${command.program} ended with code ${code}`));
  });
}

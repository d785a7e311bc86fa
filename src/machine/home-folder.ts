// Where this user's own files belong: the home folder, and below it the folders of caches and of settings.
import { homedir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { UnavailableError } from '../error.ts';

/**
 * The user's home folder. An empty or relative HOME is as none: what the system's table of users says is taken then, for a
 * path that begins in the working folder would make that folder a cache.
 * @throws UnavailableError where neither says an absolute path
 */
export function homeFolder(): string {
  for (const source of [homedir, () => userInfo().homedir]) {
    const found = attempt(source);
    if (found !== undefined && isAbsolute(found)) return found;
  }
  throw new UnavailableError(
    'home folder: expected an absolute path in HOME, got none, and none in the table of users',
    {
      remedy: 'Set HOME, or JEPA_ONNX_CACHE and XDG_CONFIG_HOME.',
    },
  );
}

/** The folder of this user's settings: `jepa-onnx` under XDG_CONFIG_HOME, ~/Library/Application Support, APPDATA or ~/.config. */
export function settingsRoot(
  environment: NodeJS.ProcessEnv = process.env,
  platform: string = process.platform,
): string {
  const xdg = environment.XDG_CONFIG_HOME;
  if (xdg && isAbsolute(xdg)) return join(xdg, 'jepa-onnx');
  if (platform === 'darwin') return join(homeFolder(), 'Library', 'Application Support', 'jepa-onnx');
  if (platform === 'win32' && environment.APPDATA) return join(environment.APPDATA, 'jepa-onnx');
  return join(homeFolder(), '.config', 'jepa-onnx');
}

/** Both sources throw where the user is not in the system's table, as in some containers. */
function attempt(source: () => string): string | undefined {
  try {
    return source();
  } catch {
    return undefined;
  }
}

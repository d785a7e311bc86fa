// Python and its packages that simulators are run with and recordings come from: there or not, and in which versions. They are
// asked of the installer's metadata, since importing them would take seconds.
import * as z from 'zod';
import { outputLine, runCommand } from './command.ts';

/** Gymnasium is what `gym:NAME` runs; Minari and h5py bring and make recordings. */
export const pythonPackageNames: readonly string[] = ['gymnasium', 'minari', 'h5py'];

export interface FoundPython {
  /** As it was called. */
  readonly program: string;
  readonly isAvailable: boolean;
  readonly version?: string;
  /** Version of each package that it has. */
  readonly packages: Readonly<Record<string, string>>;
  readonly reason?: string;
  readonly remedy?: string;
}

const LIMIT_MS = 10_000;

// The current folder goes from the path first: a file there may have any name.
const script = `import sys
sys.path = [path for path in sys.path if path]
import json
from importlib import metadata
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = metadata.version(name)
    except Exception:
        pass
print(json.dumps({"version": ".".join(map(str, sys.version_info[:3])), "packages": found}))`;

const answerSchema = z.object({ version: z.string(), packages: z.record(z.string(), z.string()) });

/** The Python that `jepa record gym:NAME` starts: `--python`'s default. */
export function defaultPython(): string {
  return process.env.JEPA_PYTHON || (process.platform === 'win32' ? 'python' : 'python3');
}

/** Never throws: what does not answer is not there, with the reason. */
export async function inspectPython(program = defaultPython()): Promise<FoundPython> {
  const missing = (reason: string): FoundPython => ({
    program,
    isAvailable: false,
    packages: {},
    reason,
    remedy: 'Install Python 3, or name the one you have in JEPA_PYTHON.',
  });
  try {
    const result = await runCommand(program, ['-c', script, ...pythonPackageNames], {
      limitMs: LIMIT_MS,
    });
    if (result.outcome === 'missing') return missing(`${program} does not answer`);
    if (result.outcome === 'late') return missing(`${program} did not answer within ${LIMIT_MS / 1000} s`);
    const answer = answerSchema.safeParse(JSON.parse(result.stdout));
    if (answer.success) return { program, isAvailable: true, ...answer.data };
    return missing(`${program} said: ${outputLine(result)}`);
  } catch (error) {
    return missing(`${program}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

// One runtime in a process of its own, so that one that crashes, hangs or talks to stderr is a line of a report and no more.
import { join } from 'node:path';
import { describeError, JepaError } from '../../src/error.ts';
import { outputLine, runCommand } from '../../src/machine/command.ts';
import { packageRoot } from '../../src/machine/package.ts';
import { openRuntime } from '../../src/runtimes/index.ts';
import type { RuntimeReport } from './report.ts';

/** A runtime that hangs (a driver, say) must not hang the report. */
const PROBE_LIMIT_MS = 60_000;

/** Before the result of a probe, since a native library may write to stdout too. */
const PROBE_MARK = 'jepa-probe: ';

/** What a child (`jepa doctor --probe`) says of a runtime. */
export async function inspectRuntime(runtime: string): Promise<RuntimeReport> {
  const entry = join(packageRoot(), 'bin', 'jepa.js');
  const result = await runCommand(process.execPath, [entry, 'doctor', '--probe', runtime], { limitMs: PROBE_LIMIT_MS });
  const line = result.stdout.split('\n').find((text) => text.startsWith(PROBE_MARK));
  if (line !== undefined) return JSON.parse(line.slice(PROBE_MARK.length)) as RuntimeReport;
  const reason =
    result.outcome === 'late'
      ? 'it did not open within a minute'
      : `its process ended with ${result.endedBy ?? `code ${result.exitCode}`}: ${outputLine(result)}`;
  return { runtime, isAvailable: false, reason };
}

/** Opens a runtime in this process, and leaves it open. @returns the line that `inspectRuntime` reads in a child's output */
export async function probeRuntime(name: string): Promise<string> {
  return `${PROBE_MARK}${JSON.stringify(await describeRuntime(name))}\n`;
}

async function describeRuntime(name: string): Promise<RuntimeReport> {
  try {
    const { version, provider, threads } = (await openRuntime(name)).describe();
    return { runtime: name, isAvailable: true, version, provider, threads };
  } catch (error) {
    const reason = (error instanceof JepaError ? error.message : describeError(error)).replace(`${name}: `, '');
    const remedy = error instanceof JepaError ? error.remedy : undefined;
    return { runtime: name, isAvailable: false, reason, ...(remedy === undefined ? {} : { remedy }) };
  }
}

// What a gate found, in lines, and lists of checks in the formats of other programs.

import type { GateRecord } from '../../src/evaluation/schema/gate.ts';
import { packageVersion } from '../../src/machine/package.ts';
import type { CheckList } from '../../src/report/check/check.ts';
import { formatChecks } from '../../src/report/check/format.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { isOnStdout, type WantedFormat } from '../parse/gate.ts';
import type { Terminal } from '../terminal.ts';

/** A line for each thing that is worse, or one that says that nothing is. */
export function gateLines({ baseline, method, unit, level, checks }: GateRecord): string[] {
  const compared = checks.filter(({ status }) => status !== 'not compared');
  const worse = checks.filter(({ status }) => status === 'worse');
  const how = `${method === 'paired' ? 'the same observations' : 'two samples'}, by ${unit}, ${100 * level}% level over all`;
  if (worse.length > 0)
    return worse.map(
      ({ runtime, name, before, now, detail }) =>
        `worse than ${baseline}: ${runtime}: ${name}: ${before} -> ${now} (${detail})`,
    );
  const better = checks.filter(({ status }) => status === 'better').length;
  return [
    `not worse than ${baseline}: ${compared.length} checks (${how})${better > 0 ? `, ${better} better` : ''}`,
    ...checks.flatMap(({ name, now, detail, runtime }) =>
      name === 'pinned latents' ? [`  ${runtime}: ${name}: ${now === '' ? detail : `${now} (${detail})`}`] : [],
    ),
  ];
}

/** Writes what goes to files, and prints what goes to stdout. @returns whether stdout is taken */
export function writeFormats(
  terminal: Terminal,
  formats: readonly WantedFormat[] | undefined,
  list: CheckList,
): boolean {
  for (const { kind, file } of formats ?? []) {
    const text = formatChecks(kind, list, packageVersion());
    if (file === undefined) terminal.stdout.write(text);
    else writeFileAtomic(file, text);
  }
  return isOnStdout(formats);
}

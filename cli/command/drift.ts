// `jepa drift`: whether new observations, without labels, still have the latents that a baseline kept; exit code 1 where not.

import { Command, Option } from 'commander';
import type { DriftOptions, LatentDriftOptions } from '../../pipeline/drift/run.ts';
import { UsageError } from '../../src/error.ts';
import type { DriftRecord } from '../../src/evaluation/schema/drift.ts';
import { formatJson } from '../../src/json.ts';
import { OPEN_DESCRIPTION, OPEN_FLAG, openPage } from '../open.ts';
import { parseInput } from '../parse/encoder.ts';
import { type WantedFormat, withFormat } from '../parse/gate.ts';
import { LATENTS_DESCRIPTION, LATENTS_FLAG, type LatentFlags, parseSubject } from '../parse/latents.ts';
import { parseNumber, parseWhole } from '../parse/number.ts';
import type { Terminal } from '../terminal.ts';
import { noteTo } from '../text/option.ts';
import { ensureRuntimePackages } from '../upkeep/tensorflow.ts';

interface DriftFlags extends LatentFlags, Pick<DriftOptions, (typeof encoderFlags)[number]> {
  readonly baseline: string;
  readonly map?: string;
  readonly pool?: LatentDriftOptions['pool'];
  readonly normalize?: 'l2';
  readonly observations: number;
  readonly seed: number;
  readonly level: number;
  readonly permutations: number;
  readonly ignoreMix?: boolean;
  readonly format?: readonly WantedFormat[];
  readonly json?: boolean;
  readonly report: boolean;
  readonly open?: boolean;
}

/** What only an encoder that runs here is told. */
const encoderFlags = ['data', 'environment', 'stack', 'input', 'runtime', 'threads'] as const;

export function createDriftCommand(terminal: Terminal): Command {
  const command = new Command('drift')
    .description('compare the latents of new, unlabelled observations with those of a baseline')
    .argument('[encoder]', 'an ONNX file, or the folder of a run or an export: the one that the baseline is of')
    .requiredOption('--baseline <file>', 'a file of jepa evaluate --save-baseline')
    .option('--data <path>', 'the new observations: a recording, without labels or actions')
    .option('--environment <name>', 'draw them from an environment of ours instead: counting, ...')
    .option('--map <parts>', "the recording's parts and their columns: observation=pixels")
    .option(
      '--input <name=column>',
      'of an ONNX file of several inputs, once for each: the column that it takes (default: as in the baseline)',
      parseInput,
    )
    .option(
      '--stack <frames>',
      'frames of an observation (default: 1, and of a clip its own)',
      parseWhole('--stack', 1),
    )
    .option(LATENTS_FLAG, LATENTS_DESCRIPTION)
    .addOption(
      new Option('--pool <how>', 'of latents: how tokens become one vector (default: as in the baseline)').choices([
        'cls',
        'mean',
        'max',
        'none',
        'flatten',
      ]),
    )
    .addOption(new Option('--normalize <how>', 'of latents: at length 1 (default: as in the baseline)').choices(['l2']))
    .option('--runtime <name>', "cpu, wasm, cuda, webgpu (default: the baseline's)")
    .option('--threads <number>', 'of the runtime (default: all cores)', parseWhole('--threads', 1))
    .option(
      '--observations <number>',
      'that are drawn of the batch; at most 1,024 are compared',
      parseWhole('--observations', 2),
      4096,
    )
    .option('--seed <number>', 'of what is drawn, and of the permutations', parseWhole('--seed', 0), 1)
    .option(
      '--level <chance>',
      'of an alarm where nothing has changed',
      parseNumber('--level', 'a chance between 0 and 0.5', (value) => value > 0 && value < 0.5),
      0.01,
    )
    .option('--permutations <number>', 'of each permutation test', parseWhole('--permutations', 19), 1999)
    .option('--ignore-mix', 'another mix of classes is told, and is no alarm')
    .option('--json', 'print drift.json instead of sentences')
    .option(OPEN_FLAG, OPEN_DESCRIPTION)
    .option('--no-report', 'write neither drift.json nor drift.html')
    .addHelpText(
      'after',
      `
Examples:
  jepa evaluate encoder.onnx --data labelled.npz --save-baseline baseline.json
  jepa drift encoder.onnx --baseline baseline.json --data today.npz
  jepa drift runs/a --baseline baseline.json --data night.npz --ignore-mix
  jepa drift clip.onnx --baseline baseline.json --data today.npz --input pixel_values=frames --input input_ids=tokens
  jepa drift --latents phone.npy --baseline baseline.json

Exit code 1 where they have drifted, 2 where nothing could be compared. What is tested, and what it can see: docs/gate.md`,
    )
    .action((encoder, flags, command) => runDrift(terminal, encoder, flags, command));
  return withFormat(command);
}

async function runDrift(
  terminal: Terminal,
  named: string | undefined,
  flags: DriftFlags,
  command: Command,
): Promise<void> {
  // An alarm is 1: whoever is called by it must not be called by a file that cannot be read.
  terminal.failureCode = 2;
  const { format, json } = flags;
  const encoder = parseSubject(command, named, flags);
  const { driftPath } = await import('../../pipeline/drift/run.ts');
  const subject = encoder ?? flags.latents ?? '';
  const record = await measured(terminal, encoder, flags);
  const { driftChecks } = await import('../../src/report/check/check.ts');
  const { writeFormats } = await import('../text/gate.ts');
  const isTaken = writeFormats(terminal, format, driftChecks(subject, record));
  if (json) terminal.stdout.write(formatJson(record));
  else if (!isTaken) {
    const { driftSentences } = await import('../../src/report/drift-report.ts');
    const head = `${record.observed} against ${record.baseline}: ${record.observations} and ${record.referenceObservations} observations, ${record.hasDrifted ? 'DRIFTED' : 'no drift found'}`;
    terminal.stdout.write(`${[head, ...driftSentences(record).map((line) => `  ${line}`)].join('\n')}\n`);
  }
  if (flags.report)
    await openPage(terminal, flags.open, driftPath(subject, 'html', encoder === undefined ? 'latents' : 'encoder'));
  if (record.hasDrifted) terminal.exitCode = 1;
}

async function measured(terminal: Terminal, encoder: string | undefined, flags: DriftFlags): Promise<DriftRecord> {
  const { measureDrift, measureLatentDrift } = await import('../../pipeline/drift/run.ts');
  const note = noteTo(terminal.stderr);
  const { baseline, observations, seed, level, permutations, ignoreMix, report, map, pool, normalize } = flags;
  const test = { baseline, observations, seed, level, permutations, ignoreMix, report, onProgress: note, onNote: note };
  if (encoder === undefined) return measureLatentDrift(flags.latents ?? '', { ...test, map, pool, normalize });
  const ofLatents = pool === undefined ? (normalize === undefined ? undefined : 'normalize') : 'pool';
  if (ofLatents !== undefined)
    throw new UsageError(`--${ofLatents}: expected --latents FILE, got ${encoder}`, {
      remedy: 'Of an encoder the baseline says what is taken.',
    });
  const { data, environment, stack, input, runtime, threads } = flags;
  if (runtime !== undefined) await ensureRuntimePackages(terminal, [runtime]);
  return measureDrift(encoder, { ...test, map, data, environment, stack, input, runtime, threads });
}

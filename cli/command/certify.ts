// `jepa certify`: a proof, not a measurement, that rounding cannot change which class an observation is nearest to, on any float32
// runtime. Writes certificate.json beside the encoder.
import { Command } from 'commander';
import { formatJson } from '../../src/json.ts';
import {
  encoderFlagNames,
  type FeedingFlags,
  isEncoderFile,
  judgedOptions,
  refuseEncoderFlags,
  withEncoderFlags,
} from '../parse/encoder.ts';
import { parseNumber, parseWhole } from '../parse/number.ts';
import type { Terminal } from '../terminal.ts';

interface CertifyFlags extends FeedingFlags {
  readonly observations: number;
  readonly seed: number;
  readonly classes?: string;
  readonly data?: string;
  readonly additions: number;
  readonly runtime: string;
  readonly failBelow?: number;
  readonly json?: boolean;
  readonly report: boolean;
}

export function createCertifyCommand(terminal: Terminal): Command {
  const command = new Command('certify')
    .description('prove that rounding cannot change the nearest class of observations, on any float32 runtime')
    .argument('<encoder>', 'an ONNX file: an encoder from anywhere; or the folder of a run or of an export')
    .option(
      '--observations <number>',
      'held-out observations; as many more give the centroids',
      parseWhole('--observations', 2),
      256,
    )
    .option('--seed <number>', 'seed of the observations', parseWhole('--seed', 0), 0)
    .option('--classes <source>', 'what must be told apart: as for jepa evaluate')
    .option('--data <path>', 'of an ONNX file: a recording; of a run: where its recording is now');
  return withEncoderFlags(command)
    .option(
      '--additions <number>',
      'assume at most so many additions between a product and its sum, as in blocked or pairwise sums (default: any order)',
      parseWhole('--additions', 1),
      Number.POSITIVE_INFINITY,
    )
    .option('--runtime <names>', 'comma-separated runtimes to run beside the proof: cpu, wasm, ...; or none', 'cpu')
    .option(
      '--fail-below <share>',
      'exit with 1 where fewer of the right observations are certified',
      parseNumber('--fail-below', 'a share between 0 and 1', (value) => value >= 0 && value <= 1),
    )
    .option('--json', 'print certificate.json instead of the text')
    .option('--no-report', 'write no certificate.json')
    .addHelpText(
      'after',
      `
Examples:
  jepa certify runs/a
  jepa certify encoder.onnx --data frames.npz --classes column:label --pixels imagenet
  jepa certify runs/a --additions 256 --fail-below 0.99

What is proven, under which assumptions, and what is not: docs/certificate.md`,
    )
    .action((subject, flags) => runCertify(terminal, subject, flags));
}

async function runCertify(terminal: Terminal, subject: string, flags: CertifyFlags): Promise<void> {
  const runtimes = flags.runtime === 'none' ? [] : flags.runtime.split(',').map((name) => name.trim());
  const { certifyEncoder, requireFloat32 } = await import('../../pipeline/encoder/certify.ts');
  requireFloat32('--runtime', runtimes);
  if (!isEncoderFile(subject)) refuseEncoderFlags(subject, flags, encoderFlagNames, 'an ONNX file');
  const { ensureRuntimePackages } = await import('../upkeep/tensorflow.ts');
  await ensureRuntimePackages(terminal, runtimes);
  const { brokenHypothesis } = await import('../../pipeline/encoder/certification.ts');
  const { runtime: _, ...rest } = flags;
  const record = await certifyEncoder(subject, { ...rest, runtimes, ...(await judgedOptions(terminal, flags)) });
  const { renderProof } = await import('../text/proof.ts');
  terminal.stdout.write(flags.json ? formatJson(record) : renderProof(record));
  const broken = brokenHypothesis(record);
  if (broken !== undefined) throw broken;
  if (flags.failBelow !== undefined && record.certifiedOfRight < flags.failBelow) {
    terminal.stderr.write(`jepa: --fail-below ${flags.failBelow}: ${record.certifiedOfRight} certified\n`);
    terminal.exitCode = 1;
  }
}

// `jepa data`: looks at recordings, converts them, shows them.

import { Command } from 'commander';
import type { Inspection } from '../../src/data/inspection.ts';
import type { OpenOptions, Recording, Roles } from '../../src/data/recording.ts';
import { UsageError } from '../../src/error.ts';
import { formatJson } from '../../src/json.ts';
import { packageVersion } from '../../src/machine/package.ts';
import { printable } from '../../src/printable.ts';
import { OPEN_DESCRIPTION, OPEN_FLAG, openPage } from '../open.ts';
import type { Terminal } from '../terminal.ts';
import { withDashes } from '../text/option.ts';
import { alignedTable } from '../text/table.ts';

interface RecordingFlags {
  readonly map?: string;
  readonly imageSize?: readonly [number, number];
  readonly ffmpeg?: string;
}

export function createDataCommand(terminal: Terminal): Command {
  const command = new Command('data')
    .description('look at recordings (NPZ, HDF5, Parquet, LeRobot, a folder of images), convert and show them')
    .addHelpText(
      'after',
      `
Examples:
  jepa data inspect demonstrations.hdf5
  jepa data convert demonstrations.hdf5 demonstrations.npz
  jepa data preview demonstrations.hdf5 --out preview.html`,
    );
  withRecordingFlags(command.command('inspect'))
    .description('say what a recording holds, what is odd about it, and which command would train on it')
    .option('--json', 'print as JSON')
    .action((path, flags) => runInspect(terminal, path, flags));
  withRecordingFlags(command.command('convert'))
    .description('write a recording as .npz, .hdf5 or .parquet')
    .argument('<target>', 'the new file; its ending says the format')
    .option('--replace', 'replace a file that is there')
    .action((path, target, flags) => runConvert(terminal, path, target, flags));
  withRecordingFlags(command.command('preview'))
    .description('write a page with frames of the episodes, curves and rewards')
    .option('--out <file>', 'the page', 'preview.html')
    .option(OPEN_FLAG, OPEN_DESCRIPTION)
    .action((path, flags) => runPreview(terminal, path, flags));
  return command;
}

/** The flags by which a recording is opened; `jepa train --data` has the same. */
function withRecordingFlags(command: Command): Command {
  return command
    .argument('<path>', 'a file or a folder')
    .option('--map <parts>', 'parts and their columns: observation=pixels+proprio,action=action,reward=reward')
    .option('--image-size <HxW>', 'bring all images to this height and width', parseImageSize)
    .option('--ffmpeg <program>', 'program that decodes videos (default: ffmpeg)');
}

/** `64x64` */
export function parseImageSize(text: string): readonly [number, number] {
  const match = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(text);
  if (match === null) throw new UsageError(`--image-size: expected HEIGHTxWIDTH such as 64x64, got "${text}"`);
  return [Number(match[1]), Number(match[2])];
}

async function openWithFlags(
  path: string,
  flags: RecordingFlags,
): Promise<{ readonly recording: Recording; readonly roles: Roles }> {
  const { parseMap } = await import('../../src/data/role-name.ts');
  const { openRecording } = await import('../../src/data/readers/index.ts');
  const { roles, structure } = flags.map === undefined ? { roles: {}, structure: {} } : parseMap(flags.map);
  const options: OpenOptions = {
    structure,
    observation: roles.observation,
    action: roles.action,
    imageSize: flags.imageSize,
    ffmpeg: flags.ffmpeg,
  };
  return { recording: await openRecording(path, options), roles };
}

async function inspect(
  path: string,
  flags: RecordingFlags,
  use: (recording: Recording, found: Inspection) => Promise<void>,
) {
  const { inspectRecording, quote } = await import('../../src/data/inspection.ts');
  const { recording, roles } = await openWithFlags(path, flags);
  try {
    const found = await inspectRecording(recording, { roles, flags: repeatFlags(flags, quote) });
    await use(recording, { ...found, findings: found.findings.map(withDashes) });
  } finally {
    await recording.dispose();
  }
}

function repeatFlags({ map, imageSize, ffmpeg }: RecordingFlags, quote: (text: string) => string): string[] {
  return [
    ...(map === undefined ? [] : [`--map ${quote(map)}`]),
    ...(imageSize === undefined ? [] : [`--image-size ${imageSize.join('x')}`]),
    ...(ffmpeg === undefined ? [] : [`--ffmpeg ${quote(ffmpeg)}`]),
  ];
}

async function runInspect(
  terminal: Terminal,
  path: string,
  flags: RecordingFlags & { readonly json?: boolean },
): Promise<void> {
  await inspect(path, flags, async (_recording, found) => {
    const text = flags.json ? formatJson(found) : describeInspection(found);
    // Names of columns, and what is said of them, came from the file.
    terminal.stdout.write(printable(text, { keepLines: true }));
  });
}

async function runConvert(
  terminal: Terminal,
  path: string,
  target: string,
  flags: RecordingFlags & { readonly replace?: boolean },
): Promise<void> {
  const { convertRecording, writtenFormatOf } = await import('../../src/data/writers/index.ts');
  const format = writtenFormatOf(target);
  const { recording } = await openWithFlags(path, flags);
  try {
    await convertRecording(recording, target, { replace: flags.replace ?? false });
  } finally {
    await recording.dispose();
  }
  for (const { name, labels } of recording.columns.values())
    if (labels !== undefined && format === 'hdf5')
      terminal.stderr.write(
        `${printable(`${name}: written as numbers: ${labels.map((label, number) => `${number} ${label}`).join(', ')}`)}\n`,
      );
  terminal.stderr.write(`${target}: ${recording.episodeCount} episodes of ${recording.format}\n`);
}

async function runPreview(
  terminal: Terminal,
  path: string,
  flags: RecordingFlags & { readonly out: string; readonly open?: boolean },
): Promise<void> {
  const { previewRecording } = await import('../../src/report/recording-preview.ts');
  const { renderReport } = await import('../../src/report/page.ts');
  const { writeFileAtomic } = await import('../../src/storage/atomic-file.ts');
  await inspect(path, flags, async (recording, found) => {
    const report = await previewRecording(recording, found, `jepa-onnx ${packageVersion()}`);
    writeFileAtomic(flags.out, await renderReport(report));
    terminal.stderr.write(`${flags.out}: the preview\n`);
    await openPage(terminal, flags.open, flags.out);
  });
}

function describeInspection(found: Inspection): string {
  const { episodeSteps, returns } = found;
  const lines = [
    `${found.path}: ${found.recordingFormat}, ${found.episodes} episodes, ${found.steps} steps`,
    `steps an episode: ${episodeSteps.least === episodeSteps.most ? episodeSteps.most : `${episodeSteps.least} to ${episodeSteps.most}, median ${episodeSteps.median}`}`,
    ...(returns === undefined
      ? []
      : [`return an episode: ${number(returns.least)} to ${number(returns.most)}, mean ${number(returns.mean)}`]),
    '',
    ...alignedTable([
      ['column', 'part', 'type', 'shape', 'rows', 'least', 'mean', 'most'],
      ...found.columns.map(({ name, role, type, shape, rows, minimum, mean, maximum, isDiscrete }) => [
        printable(name),
        role ?? '',
        isDiscrete && role === 'action' ? `${type}, discrete` : type,
        `[${shape.join(', ')}]`,
        String(rows),
        ...[minimum, mean, maximum].map(number),
      ]),
    ]),
    ...(found.findings.length > 0 ? ['', ...found.findings.map((finding) => `- ${printable(finding)}`)] : []),
    '',
    ...(found.command !== undefined
      ? [`To train on it: ${found.command}`]
      : found.evaluateCommand === undefined
        ? [
            'Training would refuse it as it is: see the lines above. Other columns are named by --map observation=COLUMN,action=COLUMN.',
          ]
        : ['There are no actions to train on, but an encoder can be evaluated on it:', `  ${found.evaluateCommand}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function number(value: number | null): string {
  return value === null ? '?' : String(Number(value.toPrecision(5)));
}

// The flags by which an ONNX file says what a run says of itself, shared by `jepa evaluate` and `jepa certify`.
import { type Command, Option } from 'commander';
import { option, UsageError } from '../../src/error.ts';
import { parseImageSize } from '../command/data.ts';
import { withDashes } from '../text/option.ts';
import { parseWhole } from './number.ts';

/** Attributes of the flags that `withEncoderFlags` adds. */
export const encoderFlagNames = ['environment', 'map', 'imageSize', 'stack', 'layout', 'pixels'] as const;

export function isEncoderFile(subject: string): boolean {
  return subject.toLowerCase().endsWith('.onnx');
}

export function withEncoderFlags(command: Command): Command {
  return command
    .option('--environment <name>', 'of an ONNX file: measure it on an environment of ours instead: counting, ...')
    .option('--map <parts>', "of an ONNX file: the recording's parts and their columns: observation=pixels,state=label")
    .option(
      '--image-size <HxW>',
      "of an ONNX file: bring the recording's images to this size (default: the file's)",
      parseImageSize,
    )
    .option('--stack <frames>', 'of an ONNX file: frames of an observation (default: 1)', parseWhole('--stack', 1))
    .addOption(
      new Option('--layout <layout>', 'of an ONNX file: the order of its axes (default: by its shape)').choices([
        'nchw',
        'nhwc',
      ]),
    )
    .option(
      '--pixels <scale>',
      'of an ONNX file that takes float32: unit (0..1, the default), bytes (0..255), signed (-1..1), imagenet, or means/deviations: 0.5,0.5,0.5/0.25,0.25,0.25',
    );
}

/** @throws UsageError where one of `names`, which only an ONNX file has to be told, is given for a folder */
export function refuseEncoderFlags<Name extends string>(
  subject: string,
  flags: { readonly [name in Name]?: unknown },
  names: readonly Name[],
  expected: 'an ONNX file' | 'an ONNX file to evaluate',
): void {
  const refused = names.find((name) => flags[name] !== undefined);
  if (refused !== undefined)
    throw new UsageError(
      `${withDashes(option(refused))}: expected ${expected}, got ${subject}, which says itself what it takes`,
    );
}

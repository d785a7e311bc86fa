// The flags by which an ONNX file says what a run says of itself, shared by `jepa evaluate`, `jepa encode` and `jepa certify`.
import { type Command, Option } from 'commander';
import type { InputColumns, PredictorInput } from '../../pipeline/encoder/option.ts';
import { option, UsageError } from '../../src/error.ts';
import type { ConstantPort } from '../../src/run/input.ts';
import { parseImageSize } from '../command/data.ts';
import type { Terminal } from '../terminal.ts';
import { noteTo, withDashes } from '../text/option.ts';
import { parseClasses } from './class.ts';
import { parseWhole } from './number.ts';
import { parsePixels } from './pixels.ts';

/** Attributes of the flags that `withEncoderFlags` adds. */
export const encoderFlagNames = ['environment', 'map', 'imageSize', 'stack', 'layout', 'pixels'] as const;

/** Attributes of the flags that `withLatentFlags` adds. */
export const latentFlagNames = ['input', 'fix', 'output', 'pool', 'normalize'] as const;

/** What the flags of `withEncoderFlags` are parsed to. */
export interface FeedingFlags {
  readonly environment?: string;
  readonly map?: string;
  readonly imageSize?: readonly [height: number, width: number];
  readonly stack?: number;
  readonly layout?: 'nchw' | 'nhwc';
  readonly pixels?: string;
}

/** Those of `withLatentFlags` too. */
export interface EncoderFlags extends FeedingFlags {
  readonly input?: readonly InputColumns[];
  readonly fix?: readonly ConstantPort[];
  readonly output?: string;
  readonly pool?: 'cls' | 'mean' | 'max' | 'none' | 'flatten';
  readonly normalize?: 'l2';
}

/** Those of `withPredictorFlags`. */
export interface PredictorFlags {
  readonly predictor?: string;
  readonly predictorInput?: readonly PredictorInput[];
  readonly predictorGives?: 'next' | 'difference';
}

/** What `--classes` and `--pixels` mean to the library, whose notes and progress go to stderr. */
export async function judgedOptions(
  terminal: Terminal,
  { classes, pixels }: { readonly classes?: string | undefined; readonly pixels?: string | undefined },
) {
  return {
    classes: classes === undefined ? undefined : await parseClasses(classes),
    pixels: pixels === undefined ? undefined : parsePixels('--pixels', pixels),
    onNote: noteTo(terminal.stderr),
    onProgress: noteTo(terminal.stderr),
  };
}

export function isEncoderFile(subject: string): boolean {
  return subject.toLowerCase().endsWith('.onnx');
}

export function withEncoderFlags(
  command: Command,
  source: 'with environment' | 'without environment' = 'with environment',
): Command {
  if (source === 'with environment')
    command.option(
      '--environment <name>',
      'of an ONNX file: measure it on an environment of ours instead: counting, ...',
    );
  return command
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

/** Which inputs take what, and which output is the latent in which form. */
export function withLatentFlags(command: Command): Command {
  return command
    .option(
      '--input <name=column>',
      'of an ONNX file of several inputs, once for each: the column that it takes (default: the one of its name)',
      parseInput,
    )
    .option('--fix <name=number>', 'of an ONNX file: an input that takes the same numbers always: mask=1', parseFix)
    .option('--output <name>', 'of an ONNX file of several outputs: the one that is the latent')
    .addOption(
      new Option('--pool <how>', 'of an ONNX file of tokens or places: how they become one vector').choices([
        'cls',
        'mean',
        'max',
        'none',
        'flatten',
      ]),
    )
    .addOption(new Option('--normalize <how>', 'of an ONNX file: latents at length 1').choices(['l2']));
}

/** Attributes of the flags that `withPredictorFlags` adds. */
export const predictorFlagNames = ['predictor', 'predictorInput', 'predictorGives'] as const;

/** A predictor beside the encoder, and how it is fed. */
export function withPredictorFlags(command: Command): Command {
  return command
    .option(
      '--predictor <file>',
      'of an ONNX file: its predictor, another one of (latent, action) to the next latent: witnesses are followed through it',
    )
    .option(
      '--predictor-input <name=what>',
      'once for each input of the predictor: z=latent, u=action, or a number that it takes always: dt=0.1 (default: by shapes and names)',
      parsePredictorInput,
    )
    .addOption(
      new Option(
        '--predictor-gives <what>',
        'of a predictor: the next latent, or the difference that is added to the latent (default: next)',
      ).choices(['next', 'difference']),
    );
}

/** `z=latent`, `u=action`, `dt=0.1`, or as many numbers as the input has, with commas. */
export function parsePredictorInput(text: string, before: readonly PredictorInput[] = []): readonly PredictorInput[] {
  const flag = '--predictor-input';
  const [name, value] = splitAtLast(flag, text, 'z=latent');
  refuseTwice(flag, name, before);
  if (value === 'latent' || value === 'action') {
    const other = before.find(({ takes }) => takes === value);
    if (other !== undefined)
      throw new UsageError(`${flag}: expected one input for the ${value}, got "${other.name}" and "${name}"`);
    return [...before, { name, takes: value }];
  }
  const takes = value.split(',').map((number) => (number.trim() === '' ? Number.NaN : Number(number)));
  if (!takes.every(Number.isFinite))
    throw new UsageError(`${flag}: expected NAME=latent, NAME=action or NAME=NUMBER, got "${text}"`, {
      remedy: `For example: ${flag} z=latent ${flag} u=action`,
    });
  return [...before, { name, takes }];
}

/** `image=frames`, or `state=position+speed`: an input's name may have an equals sign, a column's may not. */
export function parseInput(text: string, before: readonly InputColumns[] = []): readonly InputColumns[] {
  const [name, value] = splitAtLast('--input', text, 'image=frames');
  const columns = value.split('+').map((column) => column.trim());
  if (columns.includes(''))
    throw new UsageError(`--input: expected NAME=COLUMN, got "${text}"`, {
      remedy: 'For example: --input image=frames',
    });
  refuseTwice('--input', name, before);
  return [...before, { name, columns }];
}

/** `attention_mask=1`, or as many numbers as the input has, with commas. */
export function parseFix(text: string, before: readonly ConstantPort[] = []): readonly ConstantPort[] {
  const [name, value] = splitAtLast('--fix', text, 'attention_mask=1');
  const values = value.split(',').map((number) => (number.trim() === '' ? Number.NaN : Number(number)));
  if (!values.every(Number.isFinite))
    throw new UsageError(`--fix: expected NAME=NUMBER, or numbers with commas, got "${text}"`, {
      remedy: 'For example: --fix attention_mask=1',
    });
  refuseTwice('--fix', name, before);
  return [...before, { name, values }];
}

function splitAtLast(flag: string, text: string, example: string): readonly [name: string, value: string] {
  const equals = text.lastIndexOf('=');
  if (equals > 0 && equals < text.length - 1) return [text.slice(0, equals), text.slice(equals + 1)];
  throw new UsageError(`${flag}: expected NAME=VALUE, got "${text}"`, { remedy: `For example: ${flag} ${example}` });
}

function refuseTwice(flag: string, name: string, before: readonly { readonly name: string }[]): void {
  if (before.some((each) => each.name === name))
    throw new UsageError(`${flag}: expected each input once, got "${name}" twice`);
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

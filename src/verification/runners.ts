// All runtimes that a verification knows, by name, and how the program of each is found.
import { option, UsageError } from '../error.ts';
import { unknownRuntime } from '../runtimes/index.ts';
import { parseChromium } from './chromium.ts';
import { deployRunner, deployRuntimes } from './deploy-runner.ts';
import type { RunnerProgram } from './protocol.ts';
import type { Runner } from './runner.ts';

/** Run by `jepa runner NAME` in a child process. */
const inHouseRuntimes = [
  'tfjs',
  'cpu',
  'cuda',
  'webgpu',
  'wasm',
  'chromium:wasm',
  'chromium:wasm:2',
  'chromium:webgpu',
];

/** What the encoder is made of by a name that ends so: of any runtime that reads ONNX files. */
const encoderVariants: ReadonlyMap<string, 'float16' | 'int8'> = new Map([
  ['fp16', 'float16'],
  ['int8', 'int8'],
]);
/** The same files with TF32 on, which `cuda` has off. */
const TF32 = 'cuda:tf32';
/** Variants that `all` tries: each says something on every machine. */
const triedVariants = ['cpu:fp16', 'cpu:int8'];

/** What `all` stands for, in the order of the table. */
export const allRuntimes: readonly string[] = [...inHouseRuntimes, ...deployRuntimes.keys(), ...triedVariants];

export function isInHouse(name: string): boolean {
  return inHouseRuntimes.includes(name) || name === TF32 || parseChromium(name) !== undefined;
}

export interface RunnerSources {
  /** `jepa runner`: the name and the arguments of the protocol follow. */
  readonly inHouse: RunnerProgram;
  /** The folder of the programs in other languages, examples/deploy. */
  readonly deployFolder: string;
  /** Build those that are not built yet. */
  readonly builds: boolean;
  /** Named in --require. */
  readonly required: readonly string[];
  /** Named one by one, rather than by `all`. */
  readonly named: readonly string[];
  /** Makes the encoder in another precision in a folder. @returns its path */
  readonly makeVariant: (model: 'float16' | 'int8', folder: string) => Promise<string>;
  readonly onProgress?: ((message: string) => void) | undefined;
}

/** `chromium:wasm:fp16` -> `chromium:wasm` and float16; undefined where the name says nothing of the encoder. */
function encoderVariantOf(name: string): { readonly base: string; readonly model: 'float16' | 'int8' } | undefined {
  const colon = name.lastIndexOf(':');
  const model = encoderVariants.get(name.slice(colon + 1));
  return colon < 0 || model === undefined ? undefined : { base: name.slice(0, colon), model };
}

/** @throws UsageError for a name that is none, or a variant that a runtime does not have */
export function runnerOf(name: string, sources: RunnerSources): Runner {
  const variant = encoderVariantOf(name);
  if (variant === undefined) return runnerOfFiles(name, sources);
  const { base, model } = variant;
  const { format, isInHouse: inHouse, find } = runnerOfFiles(base, sources);
  if (format !== 'onnx')
    throw new UsageError(`${name}: expected a runtime of ONNX files before the precision, got ${base}`);
  return {
    ...judgement(name, sources, true),
    format,
    model,
    isInHouse: inHouse,
    find: async (scratch) => ({ ...(await find(scratch)), encoder: await sources.makeVariant(model, scratch) }),
  };
}

function judgement(name: string, { required, named }: RunnerSources, isVariant: boolean) {
  return { name, isRequired: required.includes(name), isJudged: !isVariant || named.includes(name) };
}

/** The runner of the files as they were exported. */
function runnerOfFiles(name: string, sources: RunnerSources): Runner {
  const shared = { ...judgement(name, sources, name === TF32), model: 'float32' as const };
  const { program, arguments: first } = sources.inHouse;
  if (isInHouse(name))
    return {
      ...shared,
      format: name === 'tfjs' ? 'tfjs' : 'onnx',
      isInHouse: true,
      find: async () => ({ program, arguments: [...first, name] }),
    };
  const deployed = deployRuntimes.get(name);
  if (deployed === undefined) throw unknownRuntime(option('runtimes'), name, ['all', ...allRuntimes, TF32]);
  return { ...shared, format: 'onnx', isInHouse: false, find: () => deployRunner(name, deployed, sources) };
}

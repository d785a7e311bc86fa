// All runtimes that a verification knows, by name, and how the program of each is found.
import { unknownName } from '../error.ts';
import { parseChromium } from './chromium.ts';
import { deployRunner, deployRuntimes } from './deploy-runner.ts';
import type { RunnerProgram } from './protocol.ts';
import type { FoundRunner, Runner } from './runner.ts';

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

/** The encoder in another precision, on the CPU: name and the precision of the file. */
export const variants: ReadonlyMap<string, 'float16' | 'int8'> = new Map([
  ['cpu:fp16', 'float16'],
  ['cpu:int8', 'int8'],
]);

/** What `all` stands for, in the order of the table. */
export const allRuntimes: readonly string[] = [...inHouseRuntimes, ...deployRuntimes.keys(), ...variants.keys()];

export function isInHouse(name: string): boolean {
  return inHouseRuntimes.includes(name) || parseChromium(name) !== undefined;
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

/** @throws UsageError for a name that is none */
export function runnerOf(name: string, sources: RunnerSources): Runner {
  const shared = {
    name,
    isRequired: sources.required.includes(name),
    isJudged: !variants.has(name) || sources.named.includes(name),
  };
  const { program, arguments: first } = sources.inHouse;
  const variant = variants.get(name);
  if (variant !== undefined)
    return {
      ...shared,
      format: 'onnx',
      model: variant,
      isInHouse: true,
      find: async (scratch): Promise<FoundRunner> => ({
        program,
        arguments: [...first, 'cpu'],
        encoder: await sources.makeVariant(variant, scratch),
      }),
    };
  if (isInHouse(name))
    return {
      ...shared,
      format: name === 'tfjs' ? 'tfjs' : 'onnx',
      model: 'float32',
      isInHouse: true,
      find: async () => ({ program, arguments: [...first, name] }),
    };
  const deployed = deployRuntimes.get(name);
  if (deployed === undefined) throw unknownName('--runtimes', 'the name of a runtime', name, ['all', ...allRuntimes]);
  return {
    ...shared,
    format: 'onnx',
    model: 'float32',
    isInHouse: false,
    find: () => deployRunner(name, deployed, sources),
  };
}

// The presets: all defaults of a run in one place, each with its source or its measured reason.
import { type RecordingConfiguration, recordingConfiguration } from '../data/configured-recording.ts';
import { option, UsageError, unknownName } from '../error.ts';
import { parseOptions } from '../options.ts';
import { type Configuration, parseConfiguration } from './configuration.ts';

type Preset = Omit<Configuration, 'environment' | 'recording' | 'auxiliary' | 'seed' | 'threads' | 'collapse'>;

/** The plain objective of the paper: one latent step, gradients through both sides, nothing else. */
const paperObjective: Preset['objective'] = {
  // c_dyn and c_aux: Yu et al., arXiv 2509.12249, appendix.
  dynamics: 2,
  auxiliary: 10,
  horizon: 1,
  dynamicsHorizon: null,
  auxiliaryOn: 'encoded',
  dynamicsTarget: 'both-sides',
  targetDecay: 0.99,
  variance: 0,
  covariance: 0,
  sigreg: 0,
  actionPersistence: 0.85,
};

const presets: Readonly<Record<string, Preset>> = {
  /** A minute on two cores. Rate, batch and steps: see docs/training.md for what was measured. */
  small: {
    model: {
      latentSize: 64,
      encoder: {
        kind: 'convolutional',
        // Few, strided convolutions: 1.5 GFLOP a step. Pooling before the hidden layer, or fewer channels, hurt.
        convolutions: [
          { filters: 24, kernel: 8, stride: 4 },
          { filters: 24, kernel: 4, stride: 2 },
        ],
        hidden: 128,
      },
      predictor: { width: 256, depth: 2 },
      auxiliary: { width: 256, depth: 1 },
    },
    objective: paperObjective,
    optimization: {
      steps: 1600,
      batchSize: 64,
      learningRate: 8e-3,
      encoderRateFactor: 1,
      warmupSteps: 50,
      schedule: 'cosine',
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-7,
    },
    checkpointEvery: 250,
    checkpointsKept: 3,
    logEvery: 10,
    // A measurement takes as long as four steps: about 2% of the run, and 1% once (docs/training.md).
    measureEvery: 200,
  },
  /** The paper's scale (Yu et al., arXiv 2509.12249): a night on two cores. */
  paper: {
    model: {
      latentSize: 256,
      encoder: { kind: 'resnet', blocks: 8, channels: 32, blocksPerStage: 2, hidden: 512 },
      predictor: { width: 512, depth: 2 },
      auxiliary: { width: 512, depth: 1 },
    },
    objective: paperObjective,
    optimization: {
      // 300,000 environment steps would be 1,172 batches of 256; the paper draws each several times from a buffer.
      steps: 10_000,
      batchSize: 256,
      learningRate: 3e-4,
      encoderRateFactor: 0.3,
      warmupSteps: 0,
      schedule: 'constant',
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
    },
    checkpointEvery: 250,
    checkpointsKept: 3,
    logEvery: 10,
    measureEvery: 200,
  },
};

/** The names of presets that `resolveConfiguration` takes. */
export const presetNames: readonly string[] = Object.keys(presets);

/** What a configuration is put together from, each part over the one before. */
export interface ConfigurationParts {
  readonly preset: string;
  /** Name of an environment; none where there is a recording. */
  readonly environment?: string | undefined;
  /** Keys of the recording, below what the file and the assignments say of it. */
  readonly recording?: Readonly<Record<string, unknown>> | undefined;
  /** What observations ask for: an encoder, an auxiliary. Overrides the preset. */
  readonly defaults?: Readonly<Record<string, unknown>> | undefined;
  /** What a configuration file says; overrides the preset. */
  readonly file?: Readonly<Record<string, unknown>>;
  /** `key.path=value` in order; overrides the file. */
  readonly assignments?: readonly string[];
  /** Values of flags; override all. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly threads: number;
}

/** Puts a configuration together: preset, then file, then assignments, then flags; and checks the whole. */
export function resolveConfiguration(parts: ConfigurationParts): Configuration {
  if (!Object.hasOwn(presets, parts.preset)) throw unknownName(option('preset'), 'a preset', parts.preset, presetNames);
  const merged = mergeParts(parts, presets[parts.preset] as unknown as Tree);
  return parseConfiguration('configuration', merged);
}

/** The recording that the parts name, checked; undefined where they name none. */
export function recordingOfParts(parts: ConfigurationParts): RecordingConfiguration | undefined {
  const preset = Object.hasOwn(presets, parts.preset) ? presets[parts.preset] : {};
  const { recording } = mergeParts(parts, preset as unknown as Tree);
  return recording === undefined
    ? undefined
    : parseOptions('configuration: recording', recordingConfiguration, recording);
}

function mergeParts(parts: ConfigurationParts, preset: Tree): Tree {
  const { environment, recording, threads } = parts;
  let merged: Tree = merge(
    {
      auxiliary: [{ kind: 'reward' }],
      seed: 0,
      threads,
      // A group whose keys the schema fills in: --set finds it.
      collapse: {},
      ...(environment === undefined ? {} : { environment: { name: environment } }),
      ...(recording === undefined ? {} : { recording }),
    },
    preset,
  );
  if (parts.defaults) merged = merge(merged, parts.defaults);
  if (parts.file) merged = merge(merged, parts.file);
  for (const assignment of parts.assignments ?? []) assign(merged, assignment);
  if (parts.flags) merged = merge(merged, parts.flags);
  return merged;
}

type Tree = Readonly<Record<string, unknown>>;

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Objects are merged by key, all else replaced; an object of another `kind` is replaced whole. */
function merge(base: Tree, over: Tree): Tree {
  const merged: Record<string, unknown> = structuredClone(base) as Record<string, unknown>;
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue;
    const inner = merged[key];
    const isSameKind = isTree(inner) && isTree(value) && (value.kind === undefined || value.kind === inner.kind);
    Object.defineProperty(merged, key, {
      value: isSameKind ? merge(inner, value) : structuredClone(value),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return merged;
}

/**
 * The key and the value of `optimization.steps=500`; the value is JSON where it parses as JSON, else text.
 * @throws UsageError where it has no key
 */
export function parseAssignment(assignment: string): { readonly key: string; readonly value: unknown } {
  const at = assignment.indexOf('=');
  if (at <= 0)
    throw new UsageError(`${option('assignments')}: expected key=value, got "${assignment}"`, {
      remedy: `For example: ${option('assignments', 'optimization.steps=500')}.`,
    });
  const key = assignment.slice(0, at);
  const text = assignment.slice(at + 1);
  try {
    return { key, value: JSON.parse(text) };
  } catch {
    // Not JSON: the text itself, so that --set environment.reward=dense needs no quotes.
    return { key, value: text };
  }
}

/** Sets in `tree`, in place, what an assignment says. */
function assign(tree: Tree, assignment: string): void {
  const { key, value } = parseAssignment(assignment);
  const path = key.split('.');
  let inner: Record<string, unknown> = tree as Record<string, unknown>;
  path.slice(0, -1).forEach((key, depth) => {
    const next = Object.hasOwn(inner, key) ? inner[key] : undefined;
    if (typeof next !== 'object' || next === null)
      throw new UsageError(
        `${option('assignments', assignment)}: expected "${path.slice(0, depth + 1).join('.')}" to be a group of keys`,
        {
          remedy: `Known keys there: ${Object.keys(inner).join(', ')}.`,
        },
      );
    inner = next as Record<string, unknown>;
  });
  Object.defineProperty(inner, path[path.length - 1], { value, enumerable: true, configurable: true, writable: true });
}

// What can be set in the playground: the knobs, their limits, what they mean as a configuration of a run, and as a part of an address.
import { UsageError } from '../../src/error.ts';
import type { Configuration } from '../../src/training/configuration.ts';
import { type PlayWorldName, playWorldNames, playWorlds } from './world.ts';

export const auxiliaryChoices = ['reward', 'dense', 'projection', 'none'] as const;
/** reward: 1 in one place and 0 elsewhere; dense: how near that place is; projection: a random projection of the pixels. */
export type AuxiliaryChoice = (typeof auxiliaryChoices)[number];

/** One training, as far as a reader can set it. */
export interface Setting {
  readonly world: PlayWorldName;
  /** c_dyn, the weight of the dynamics term; 0: off. */
  readonly dynamics: number;
  readonly auxiliary: AuxiliaryChoice;
  /** The count at which the reward is given; of the counting world alone. */
  readonly target: number;
  /** D */
  readonly latent: number;
  readonly rate: number;
  /** K */
  readonly horizon: number;
  readonly norm: 'batch' | 'layer';
  readonly seed: number;
}

export const defaultSetting: Setting = {
  world: 'counting',
  dynamics: 2,
  auxiliary: 'reward',
  target: 2,
  latent: 16,
  rate: 0.008,
  horizon: 1,
  norm: 'batch',
  seed: 1,
};

/** What each knob can be set to, in the order in which a reader meets them. */
export const knobChoices = {
  world: playWorldNames,
  dynamics: [0, 0.5, 1, 2, 4, 8],
  auxiliary: auxiliaryChoices,
  target: [0, 1, 2, 3, 4],
  latent: [2, 4, 8, 16, 32],
  rate: [0.001, 0.002, 0.004, 0.008, 0.016],
  horizon: [1, 2, 3, 4],
  norm: ['batch', 'layer'],
  seed: [1, 2, 3, 4, 5, 6, 7, 8, 9],
} as const satisfies { readonly [Knob in keyof Setting]: readonly Setting[Knob][] };

export type Knob = keyof Setting;
export const knobs = Object.keys(knobChoices) as readonly Knob[];

/** Whether this knob changes anything in this setting. */
export function isKnobOf(knob: Knob, { world, auxiliary }: Setting): boolean {
  return knob !== 'target' || (world === 'counting' && auxiliary !== 'projection' && auxiliary !== 'none');
}

/** Two terms of which neither is trained leave nothing to do. */
export const hasObjective = ({ dynamics, auxiliary }: Setting): boolean => dynamics > 0 || auxiliary !== 'none';

/** The setting with one knob turned to the choice that is written as `text`. @throws UsageError where it is no choice */
export function withKnob(setting: Setting, knob: Knob, text: string): Setting {
  const choices: readonly (string | number)[] = knobChoices[knob];
  const choice = choices.find((each) => String(each) === text);
  if (choice === undefined)
    throw new UsageError(`?${knob}: expected one of ${choices.join(', ')}, got "${text}"`, {
      remedy: 'Correct the address, or choose a story.',
    });
  return { ...setting, [knob]: choice };
}

/** What differs from the default, as parameters of an address; those of a second setting beside the first begin with `b.`. */
export function writeSettings(settings: readonly Setting[]): URLSearchParams {
  const parameters = new URLSearchParams();
  settings.forEach((setting, index) => {
    for (const knob of knobs)
      if (setting[knob] !== defaultSetting[knob]) parameters.set(prefixes[index] + knob, String(setting[knob]));
  });
  if (settings.length > 1) parameters.set('compare', '1');
  return parameters;
}

/** Undefined where the address names no setting. @throws UsageError for a value that is none */
export function readSettings(query: string): Setting[] | undefined {
  const parameters = new URLSearchParams(query);
  const isComparing = parameters.get('compare') === '1';
  const read = (prefix: string): Setting =>
    knobs.reduce((setting, knob) => {
      const text = parameters.get(prefix + knob);
      return text === null ? setting : withKnob(setting, knob, text);
    }, defaultSetting);
  const names = prefixes.flatMap((prefix) => knobs.map((knob) => prefix + knob));
  if (!isComparing && !names.some((name) => parameters.has(name))) return undefined;
  return isComparing ? prefixes.map(read) : [read('')];
}

const prefixes = ['', 'b.'] as const;

/** What computes a training; no part of the training itself, but for rounding. */
export const places = ['wasm', 'webgpu'] as const;
export type Place = (typeof places)[number];

/** @throws UsageError for a place that is none */
export function readPlace(query: string): Place {
  const text = new URLSearchParams(query).get('on') ?? places[0];
  const place = places.find((each) => each === text);
  if (place !== undefined) return place;
  throw new UsageError(`?on: expected ${places.join(' or ')}, got "${text}"`, { remedy: 'Correct the address.' });
}

/** The whole configuration of a run that `jepa train` would train alike. */
export function configurationOf(setting: Setting): Configuration {
  const world = playWorlds[setting.world];
  const reward = setting.auxiliary === 'dense' ? 'dense' : 'sparse';
  const target = setting.world === 'counting' ? { target: setting.target } : {};
  return {
    environment: { name: world.environment, ...world.options, ...target, reward },
    auxiliary: auxiliaryOf(setting.auxiliary),
    model: {
      latentSize: setting.latent,
      encoder: {
        kind: 'convolutional',
        ...(setting.norm === 'layer' ? { norm: 'layer' } : {}),
        convolutions: [
          { filters: 16, kernel: 8, stride: 4 },
          { filters: 16, kernel: 4, stride: 2 },
        ],
        hidden: 64,
      },
      predictor: { width: 64, depth: 1 },
      auxiliary: { width: 64, depth: 1 },
    },
    objective: {
      dynamics: setting.dynamics,
      auxiliary: 10,
      horizon: setting.horizon,
      dynamicsHorizon: null,
      auxiliaryOn: setting.horizon > 1 ? 'both' : 'encoded',
      dynamicsTarget: 'both-sides',
      targetDecay: 0.99,
      variance: 0,
      covariance: 0,
      sigreg: 0,
      actionPersistence: 0.85,
    },
    optimization: {
      steps: world.steps,
      batchSize: 32,
      learningRate: setting.rate,
      encoderRateFactor: 1,
      warmupSteps: 20,
      schedule: 'cosine',
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-7,
    },
    seed: setting.seed,
    threads: 1,
    collapse: { action: 'warn', measure: 'latentDeviation', below: 0.05, patience: 10 },
    checkpointEvery: 250,
    checkpointsKept: 3,
    logEvery: 10,
    measureEvery: 0,
  };
}

function auxiliaryOf(choice: AuxiliaryChoice): Configuration['auxiliary'] {
  if (choice === 'none') return [];
  if (choice === 'projection') return [{ kind: 'random-projection', size: 64, samples: 128, coefficient: 1 }];
  return [{ kind: 'reward', coefficient: 1, loss: undefined, labels: undefined }];
}

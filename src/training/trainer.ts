// The training loop: draws batches, steps, keeps metrics and checkpoints, stops when asked or when a number is not finite.
// It knows nothing of environments, command lines or how the networks were built.
import { setTimeout as pause } from 'node:timers/promises';
import type { Auxiliary } from '../auxiliary/index.ts';
import type { TransitionSource } from '../data/transition.ts';
import { JepaError, option } from '../error.ts';
import { type Baseline, type BaselineMeasures, measureBaseline } from '../measures/baseline.ts';
import { rankOfGram } from '../measures/spectrum/numerical-rank.ts';
import type { Checkpoint, Json } from '../storage/checkpoint.ts';
import { saveCheckpoint } from '../storage/checkpoint.ts';
import type { OpenTrainingBackend, StepResult, TrainingBackend } from './backend.ts';
import { CollapseGate, type CollapseState } from './collapse-gate.ts';
import type { Configuration } from './configuration.ts';
import type { Networks } from './objective.ts';
import { learningRateAt } from './schedule.ts';
import { TrainingStep } from './training-step.ts';

/** One row of metrics: means over the steps since the row before, and the rate of the last of them. */
export interface MetricsRow {
  /** Steps done. */
  readonly step: number;
  readonly loss: number;
  readonly terms: Readonly<Record<string, number>>;
  readonly latentDeviation: number;
  readonly learningRate: number;
}

/** What was measured of the encoder after `step` steps. */
export interface MeasuresRow {
  readonly step: number;
  readonly measures: BaselineMeasures;
  /** [N, D] of the baseline's observations. */
  readonly latents: Float32Array;
}

/** Networks, source and configuration of a training, and what is told of it. */
export interface TrainerOptions {
  readonly configuration: Configuration;
  readonly networks: Networks;
  readonly source: TransitionSource;
  readonly auxiliaries: readonly Auxiliary[];
  readonly runFolder: string;
  /** What is measured every `measureEvery` steps; without it nothing is. */
  readonly baseline?: Baseline | undefined;
  /** What runs the steps. Default: TensorFlow, which must be loaded. */
  readonly openBackend?: OpenTrainingBackend | undefined;
  /** Goes on from here. */
  readonly checkpoint?: Checkpoint;
  /** Aborted: the step that runs is finished, a checkpoint saved, and `train` returns with `isInterrupted`. */
  readonly signal?: AbortSignal;
  /** Called with every row of metrics. */
  readonly onMetrics?: (row: MetricsRow) => void;
  /** Called with everything that was measured of the baseline. */
  readonly onMeasures?: (row: MeasuresRow) => void;
  /** Called after every step, for a progress display. */
  readonly onStep?: (step: number, result: StepResult) => void;
  /** Told in one line that the latents collapsed, where that does not stop the run. */
  readonly onWarning?: (warning: string) => void;
  /** Told the step and the folder of each checkpoint that is whole on disk. */
  readonly onCheckpoint?: (step: number, folder: string) => void;
  /** Called before each checkpoint: throws where it must not be written. What it returns is kept in it, as `run` of its state. */
  readonly beforeCheckpoint?: (() => Json) | undefined;
}

/** The steps that were done, and whether the training was stopped before the last. */
export interface TrainingOutcome {
  /** Steps done in all. */
  readonly step: number;
  readonly isInterrupted: boolean;
  /** The last row of metrics, where there was one. */
  readonly last?: MetricsRow;
}

/**
 * Trains to `optimization.steps` and copies the weights into the networks' own variables. With the same configuration,
 * threads and machine the result is the same bits, however often it was interrupted.
 * @throws JepaError naming the term where a loss is not finite; the last checkpoint stays.
 */
export async function train(options: TrainerOptions): Promise<TrainingOutcome> {
  const { configuration, networks, source, auxiliaries, runFolder, checkpoint, signal } = options;
  const { optimization, objective, checkpointEvery, checkpointsKept, logEvery, measureEvery } = configuration;
  const baseline = measureEvery > 0 ? options.baseline : undefined;
  const open: OpenTrainingBackend = options.openBackend ?? ((...given) => new TrainingStep(...given));
  const trainingStep = await open(networks, source, {
    objective,
    optimization,
    auxiliaries,
    seed: configuration.seed,
    isMeasured: baseline !== undefined,
  });
  try {
    const window = new MetricsWindow();
    const gate = new CollapseGate(configuration.collapse);
    let step = 0;
    let last: MetricsRow | undefined;
    if (checkpoint) {
      trainingStep.restore(checkpoint);
      window.restore(checkpoint.state);
      restoreGate(gate, checkpoint.state);
      step = checkpoint.step;
    }
    let savedStep = step;
    const save = async () => {
      const run = options.beforeCheckpoint?.();
      const { weights, optimizer } = await trainingStep.read();
      const folder = await saveCheckpoint(
        runFolder,
        step,
        {
          weights,
          optimizer,
          state: { window: window.state(), collapse: { ...gate.state() }, ...(run === undefined ? {} : { run }) },
        },
        {
          keptCount: checkpointsKept,
        },
      );
      savedStep = step;
      options.onCheckpoint?.(step, folder);
    };
    const answerCollapse = async (collapse: string) => {
      const { action } = configuration.collapse;
      if (action === 'warn') options.onWarning?.(collapse);
      if (action !== 'stop') return;
      await save();
      throw new JepaError(collapse, {
        remedy: `Give the objective an auxiliary function; the checkpoint of step ${step} is in ${runFolder}.`,
      });
    };
    while (step < optimization.steps && !signal?.aborted) {
      const batch = await source.batch(step, optimization.batchSize, objective.horizon);
      const rate = learningRateAt(step, optimization);
      const result = await trainingStep.run(batch, step, rate);
      requireFinite(result, step, runFolder, savedStep);
      step++;
      window.add(result);
      gate.observe(result.latentDeviation);
      options.onStep?.(step, result);
      // Before any checkpoint of this step: a run that is resumed from it must not miss the row.
      let collapse: string | undefined;
      if (baseline && (step % measureEvery === 0 || step === optimization.steps)) {
        const row = { step, ...(await measure(trainingStep, baseline)) };
        options.onMeasures?.(row);
        collapse = gate.judgeMeasures(step, row.measures);
      }
      if (step % logEvery === 0 || step === optimization.steps) {
        last = window.row(step, rate);
        options.onMetrics?.(last);
        collapse ??= gate.judgeDeviation(step, last.latentDeviation);
      }
      if (collapse) await answerCollapse(collapse);
      if (step % checkpointEvery === 0 || step === optimization.steps) await save();
      // TensorFlow's step blocks the event loop: let signals in.
      await pause(0);
    }
    if (savedStep !== step) await save();
    await trainingStep.copyToModels(networks);
    return { step, isInterrupted: step < optimization.steps, last };
  } finally {
    await trainingStep.dispose();
  }
}

/** Observations of which the Jacobian is measured while training: each costs about a step; an evaluation measures more. */
const JACOBIAN_OBSERVATIONS = 2;

/** Measures the encoder as it is now; changes neither weights nor anything random. */
async function measure(step: TrainingBackend, baseline: Baseline): Promise<Omit<MeasuresRow, 'step'>> {
  const { observations, classes } = baseline;
  const { rowSize, latentSize } = step;
  const latents = await step.encode(observations);
  const centroidLatents = classes ? await step.encode(classes.centroidObservations) : new Float32Array(0);
  const count = observations.length / rowSize;
  const ranks: number[] = [];
  for (let index = 0; index < Math.min(JACOBIAN_OBSERVATIONS, count); index++) {
    // Spread over the baseline, whose first observations may be of one class.
    const n = Math.floor((index * count) / JACOBIAN_OBSERVATIONS);
    const gram = await step.jacobianGram(observations.subarray(n * rowSize, (n + 1) * rowSize));
    ranks.push(rankOfGram(gram, latentSize));
  }
  const measures = measureBaseline(baseline, latentSize, latents, centroidLatents);
  return { measures: { ...measures, jacobianRank: Math.min(...ranks) }, latents };
}

function requireFinite(result: StepResult, step: number, runFolder: string, savedStep: number): void {
  const wrong = Object.entries(result.terms).find(([, value]) => !Number.isFinite(value));
  if (Number.isFinite(result.loss) && !wrong) return;
  const [name, value] = wrong ?? ['loss', result.loss];
  const kept = savedStep > 0 ? `The checkpoint of step ${savedStep} in ${runFolder} is good.` : '';
  throw new JepaError(`training step ${step}: expected a finite ${name} term, got ${value}`, {
    remedy: `${kept} Train again with a lower rate: ${option('assignments', 'optimization.learningRate=...')}`.trim(),
  });
}

/** Sums of the steps since the last row of metrics; part of a checkpoint, so that rows do not depend on interruptions. */
class MetricsWindow {
  #steps = 0;
  #sums: Record<string, number> = {};

  add(result: StepResult): void {
    this.#steps++;
    const values = { loss: result.loss, latentDeviation: result.latentDeviation, ...prefixed(result.terms) };
    for (const [name, value] of Object.entries(values)) this.#sums[name] = (this.#sums[name] ?? 0) + value;
  }

  row(step: number, learningRate: number): MetricsRow {
    const means = Object.entries(this.#sums).map(([name, sum]) => [name, sum / this.#steps] as const);
    const terms = means.flatMap(([name, value]) => (name.startsWith('terms/') ? [[name.slice(6), value]] : []));
    const meanOf = (name: string) => means.find(([each]) => each === name)?.[1] ?? 0;
    this.#steps = 0;
    this.#sums = {};
    return {
      step,
      loss: meanOf('loss'),
      terms: Object.fromEntries(terms),
      latentDeviation: meanOf('latentDeviation'),
      learningRate,
    };
  }

  state(): Json {
    return { steps: this.#steps, sums: { ...this.#sums } };
  }

  restore(state: Json): void {
    const { window } = state as { readonly window: { readonly steps: number; readonly sums: Record<string, number> } };
    this.#steps = window.steps;
    this.#sums = { ...window.sums };
  }
}

/** The gate's part of a checkpoint's state; the first version's checkpoints have none, and the gate begins anew. */
function restoreGate(gate: CollapseGate, state: Json): void {
  const { collapse } = state as unknown as { readonly collapse?: CollapseState };
  if (collapse) gate.restore(collapse);
}

function prefixed(terms: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(terms).map(([name, value]) => [`terms/${name}`, value]));
}

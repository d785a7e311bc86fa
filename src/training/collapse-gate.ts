// Watches the latents while training, and says when an encoder has collapsed.
// By default it watches the mean standard deviation of a latent dimension over the batch, relative to that of the first step:
// RankMe and other scale-free measures stay high for latents that have shrunk to a point.
import { UsageError } from '../error.ts';
import { type Baseline, type BaselineMeasures, measuresOf } from '../measures/baseline.ts';
import type { Configuration } from './configuration.ts';

export interface CollapseState {
  /** Deviation of the first step; 0 before there was one. */
  readonly initial: number;
  /** Rows in a row that were below the threshold. */
  readonly rows: number;
  readonly isReported: boolean;
}

/** @throws UsageError where the gate would watch what this training does not measure */
export function requireCollapseMeasure(
  { collapse: { measure }, measureEvery }: Pick<Configuration, 'collapse' | 'measureEvery'>,
  baseline: Baseline | undefined,
): void {
  if (measure === 'latentDeviation') return;
  const where = 'configuration: collapse.measure';
  if (measureEvery === 0) throw new UsageError(`${where}: expected measureEvery above 0 beside ${measure}, got 0`);
  if (baseline === undefined)
    throw new UsageError(`${where}: expected held-out observations to measure ${measure} of, got none`, {
      remedy: 'Hold some out (recording.heldOutShare), or watch latentDeviation.',
    });
  const known = measuresOf(baseline);
  if (known.includes(measure)) return;
  throw new UsageError(`${where}: expected what is measured without known classes, got ${measure}`, {
    remedy: `Choose among latentDeviation, ${known.join(', ')}.`,
  });
}

export class CollapseGate {
  readonly #configuration: Configuration['collapse'];
  #initial = 0;
  #rows = 0;
  #isReported = false;

  constructor(configuration: Configuration['collapse']) {
    this.#configuration = configuration;
  }

  /** Of every step: remembers the first deviation. */
  observe(deviation: number): void {
    if (this.#initial === 0) this.#initial = deviation;
  }

  /** Of every row of metrics: a sentence once the deviation has been below the threshold for `patience` rows; else undefined. */
  judgeDeviation(step: number, deviation: number): string | undefined {
    const { measure, below } = this.#configuration;
    if (measure !== 'latentDeviation') return undefined;
    const ratio = deviation / this.#initial;
    if (!this.#isOver(ratio < below)) return undefined;
    return (
      `step ${step}: the latents have collapsed: their standard deviation is ${deviation.toPrecision(3)}, ` +
      `${ratio.toPrecision(2)} times that of the first step, for ${this.#rows} rows of metrics`
    );
  }

  /** Of every measurement: the same of the measure that is watched. */
  judgeMeasures(step: number, measures: BaselineMeasures): string | undefined {
    const { measure, below } = this.#configuration;
    if (measure === 'latentDeviation') return undefined;
    const value = measures[measure];
    if (value === undefined || !this.#isOver(value < below)) return undefined;
    return (
      `step ${step}: the latents have collapsed: ${measure} is ${value.toPrecision(3)}, below ${below}, ` +
      `for ${this.#rows} rows of measures`
    );
  }

  /** Counts a row; true once, when it is the last of the patience. */
  #isOver(isBelow: boolean): boolean {
    this.#rows = isBelow ? this.#rows + 1 : 0;
    if (this.#rows < this.#configuration.patience || this.#isReported) return false;
    this.#isReported = true;
    return true;
  }

  state(): CollapseState {
    return { initial: this.#initial, rows: this.#rows, isReported: this.#isReported };
  }

  restore({ initial, rows, isReported }: CollapseState): void {
    this.#initial = initial;
    this.#rows = rows;
    this.#isReported = isReported;
  }
}

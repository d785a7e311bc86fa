// Watches the spread of the latents while training, and says when an encoder has collapsed.
// The measure is the mean standard deviation of a latent dimension over the batch, relative to that of the first step: RankMe
// and other scale-free measures stay high for latents that have shrunk to a point.
import type { Configuration } from './configuration.ts';

export interface CollapseState {
  /** Deviation of the first step; 0 before there was one. */
  readonly initial: number;
  /** Rows of metrics in a row that were below the threshold. */
  readonly rows: number;
  readonly isReported: boolean;
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
  judge(step: number, deviation: number): string | undefined {
    const { below, patience } = this.#configuration;
    const ratio = deviation / this.#initial;
    this.#rows = ratio < below ? this.#rows + 1 : 0;
    if (this.#rows < patience || this.#isReported) return undefined;
    this.#isReported = true;
    return (
      `step ${step}: the latents have collapsed: their standard deviation is ${deviation.toPrecision(3)}, ` +
      `${ratio.toPrecision(2)} times that of the first step, for ${this.#rows} rows of metrics`
    );
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

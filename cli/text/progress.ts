// The progress of a training: one line that is drawn over on a terminal, a line now and then elsewhere.
import type { StepResult } from '../../src/training/training-step.ts';

/** Between two drawings on a terminal. */
const DRAW_EVERY_MS = 100;
/** Between two lines where there is no terminal. */
const LINE_EVERY_MS = 5000;
/** Weight of the newest loss in the average that is shown. */
const SMOOTHING = 0.05;

export interface TrainingProgress {
  readonly step: (step: number, result: StepResult) => void;
  readonly note: (note: string) => void;
  readonly finish: () => void;
}

export function createTrainingProgress(
  totalSteps: number,
  stream: { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown } = process.stderr,
): TrainingProgress {
  const isTerminal = stream.isTTY === true;
  let first: { readonly step: number; readonly at: number } | undefined;
  let drawnAt = 0;
  let isLineOpen = false;
  const smoothed: Record<string, number> = {};

  const draw = (step: number, now: number): void => {
    const stepMs = first && step > first.step ? (now - first.at) / (step - first.step) : 0;
    const left = stepMs > 0 ? `${formatDuration(stepMs * (totalSteps - step))} left` : '';
    const numbers = Object.entries(smoothed).map(([name, value]) => `${name} ${value.toPrecision(3)}`);
    const parts = [`step ${step}/${totalSteps}`, ...numbers, stepMs > 0 ? `${stepMs.toFixed(1)} ms/step` : '', left];
    const line = parts.filter((part) => part !== '').join('  ');
    if (isTerminal) stream.write(`\r\x1b[2K${line.slice(0, (stream.columns ?? 80) - 1)}`);
    else stream.write(`${line}\n`);
    isLineOpen = isTerminal;
    drawnAt = now;
  };
  const finish = (): void => {
    if (isLineOpen) stream.write('\n');
    isLineOpen = false;
  };
  return {
    step(step, result) {
      const now = performance.now();
      const values = { loss: result.loss, ...result.terms, 'latent deviation': result.latentDeviation };
      for (const [name, value] of Object.entries(values))
        smoothed[name] = name in smoothed ? smoothed[name] + SMOOTHING * (value - smoothed[name]) : value;
      if (step === totalSteps || now - drawnAt >= (isTerminal ? DRAW_EVERY_MS : LINE_EVERY_MS)) draw(step, now);
      // The first step includes TensorFlow's optimization of the graph: time is counted from its end.
      first ??= { step, at: performance.now() };
    },
    note(note) {
      finish();
      stream.write(`jepa: ${note}\n`);
    },
    finish,
  };
}

function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

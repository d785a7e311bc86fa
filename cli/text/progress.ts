// The progress of a training: one line that is drawn over on a terminal, a line now and then elsewhere. What matters most
// comes first, so that a narrow terminal cuts off what matters least.

import type { StepResult } from '../../src/training/training-step.ts';
import type { TerminalStream } from '../terminal.ts';
import { withDashes } from './option.ts';

/** Between two drawings on a terminal. */
const DRAW_EVERY_MS = 100;
/** Between two lines where there is no terminal. */
const LINE_EVERY_MS = 5000;
/** Weight of the newest loss in the average that is shown. */
const SMOOTHING = 0.05;
/** Of the bar, in characters; it is drawn where the line has room for it. */
const BAR_WIDTH = 20;

export interface TrainingProgress {
  readonly step: (step: number, result: StepResult) => void;
  readonly note: (note: string) => void;
  readonly finish: () => void;
}

/** What the stream can show: a line that is drawn over, and colour. */
export interface TerminalStyle {
  readonly isRedrawn: boolean;
  readonly hasColour: boolean;
}

/**
 * A terminal that says of itself that it is dumb, and the log of continuous integration, get plain lines; NO_COLOR
 * (https://no-color.org) takes the colour alone.
 */
export function terminalStyle(stream: TerminalStream, environment: NodeJS.ProcessEnv = process.env): TerminalStyle {
  const isTerminal = stream.isTTY === true && environment.TERM !== 'dumb' && !environment.CI;
  return { isRedrawn: isTerminal, hasColour: isTerminal && !environment.NO_COLOR };
}

export function createTrainingProgress(
  totalSteps: number,
  stream: TerminalStream,
  environment: NodeJS.ProcessEnv = process.env,
): TrainingProgress {
  const { isRedrawn, hasColour } = terminalStyle(stream, environment);
  let first: { readonly step: number; readonly at: number } | undefined;
  let drawnAt = 0;
  let isLineOpen = false;
  const smoothed: Record<string, number> = {};

  const draw = (step: number, now: number): void => {
    const stepMs = first && step > first.step ? (now - first.at) / (step - first.step) : 0;
    const parts = [
      `step ${step}/${totalSteps}`,
      ...(stepMs > 0 ? [`${formatDuration(stepMs * (totalSteps - step))} left`] : []),
      ...Object.entries(smoothed).map(([name, value]) => `${name} ${value.toPrecision(3)}`),
      ...(stepMs > 0 ? [`${stepMs.toFixed(1)} ms/step`] : []),
    ];
    if (isRedrawn)
      stream.write(
        `\r\x1b[2K${fitLine(parts, { fraction: step / totalSteps, columns: (stream.columns ?? 80) - 1, hasColour })}`,
      );
    else stream.write(`${parts.join('  ')}\n`);
    isLineOpen = isRedrawn;
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
      if (step === totalSteps || now - drawnAt >= (isRedrawn ? DRAW_EVERY_MS : LINE_EVERY_MS)) draw(step, now);
      // The first step includes TensorFlow's optimization of the graph: time is counted from its end.
      first ??= { step, at: performance.now() };
    },
    note(note) {
      finish();
      stream.write(`jepa: ${withDashes(note)}\n`);
    },
    finish,
  };
}

interface LineOptions {
  /** Done, 0..1. */
  readonly fraction: number;
  /** Characters that the line may have. */
  readonly columns: number;
  readonly hasColour: boolean;
}

/** The first parts of the line, which the bar does not displace: step, time left, loss. */
const LEADING_PARTS = 3;

/** The leading parts, a bar before them where there is room, and as many whole other parts as still fit. */
export function fitLine(parts: readonly string[], { fraction, columns, hasColour }: LineOptions): string {
  const join = (count: number) => parts.slice(0, count).join('  ');
  let shown = 1;
  while (shown < Math.min(LEADING_PARTS, parts.length) && join(shown + 1).length <= columns) shown++;
  const hasBar = join(shown).length + BAR_WIDTH + 2 <= columns;
  const room = hasBar ? columns - BAR_WIDTH - 2 : columns;
  while (shown < parts.length && join(shown + 1).length <= room) shown++;
  const line = join(shown).slice(0, room);
  if (!hasBar) return line;
  const filled = Math.round(BAR_WIDTH * Math.min(1, Math.max(0, fraction)));
  const [full, empty] = ['━'.repeat(filled), '─'.repeat(BAR_WIDTH - filled)];
  return hasColour ? `\x1b[32m${full}\x1b[0m\x1b[2m${empty}\x1b[0m  ${line}` : `${full}${empty}  ${line}`;
}

function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

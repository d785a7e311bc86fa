// Native libraries for the commands: the set-up's progress on stderr, and Ctrl-C that leaves nothing half-done.
import type { SetupEvent, SetupListener } from '../../src/machine/setup-event.ts';
import type { LoadOptions, TensorFlow } from '../../src/tensorflow/load.ts';
import { InterruptedError } from '../interruption.ts';
import type { Terminal, TerminalStream } from '../terminal.ts';

const BAR_WIDTH = 24;

/**
 * A listener that shows the set-up on `stream`: one line that is drawn over on a terminal, otherwise a line for everything
 * new that is begun. `finish` ends the drawn line.
 */
export function createSetupProgress(stream: TerminalStream): {
  readonly onSetup: SetupListener;
  readonly finish: () => void;
} {
  const started = performance.now();
  const isTerminal = stream.isTTY === true;
  let lastMessage = '';
  let isLineOpen = false;

  const finish = (): void => {
    if (isLineOpen) stream.write('\n');
    isLineOpen = false;
  };
  const onSetup = (event: SetupEvent): void => {
    const seconds = `${Math.round((performance.now() - started) / 1000)} s`;
    const isNew = event.message !== lastMessage;
    if (lastMessage === '')
      stream.write('Setting native libraries up, once for this user (jepa setup; docs/setup.md says what is done).\n');
    lastMessage = event.message;
    if (isTerminal) {
      if (isNew) finish();
      const line = `  ${[bar(event.fraction), event.message, megabytes(event.byteLength), `(${seconds})`].filter((part) => part !== '').join(' ')}`;
      stream.write(`\r\x1b[2K${line.slice(0, (stream.columns ?? 80) - 1)}`);
      isLineOpen = true;
    } else if (isNew) {
      stream.write(`  ${event.message} (${seconds})\n`);
    }
    if (event.stage === 'done') finish();
  };
  return { onSetup, finish };
}

function bar(fraction: number | undefined): string {
  if (fraction === undefined) return '';
  const filled = Math.round(Math.min(1, Math.max(0, fraction)) * BAR_WIDTH);
  return `[${'='.repeat(filled)}${' '.repeat(BAR_WIDTH - filled)}]`;
}

function megabytes(byteLength: number | undefined): string {
  return byteLength === undefined ? '' : `${Math.round(byteLength / 1e6)} MB`;
}

/** `loadTensorFlow` for a command: shows a set-up's progress, and Ctrl-C during it cleans up and ends the process with 130. */
export async function loadTensorFlowForCommand(
  terminal: Terminal,
  options: Omit<LoadOptions, 'onSetup' | 'signal'> = {},
): Promise<TensorFlow> {
  const { loadTensorFlow } = await import('../../src/tensorflow/load.ts');
  return withSetupProgress(terminal, ({ onSetup, signal }) => loadTensorFlow({ ...options, onSetup, signal }));
}

/** Fetches onnxruntime-node where npm dropped it and one of `runtimes` (cpu, cuda:tf32, webgpu) needs it. */
export async function ensureRuntimePackages(terminal: Terminal, runtimes: readonly string[]): Promise<void> {
  const { ensurePackage, onnxruntimeNodePackage } = await import('../../src/machine/optional-package.ts');
  const { onnxruntimeNodeProviders } = await import('../../src/runtimes/onnxruntime-node.ts');
  const named = runtimes.map((variant) => variant.split(':')[0]);
  if (onnxruntimeNodeProviders.some(({ name }) => named.includes(name)))
    await withSetupProgress(terminal, (progress) => ensurePackage(onnxruntimeNodePackage, progress));
}

/** Runs `work` with a progress display and with a signal that Ctrl-C and SIGTERM abort. */
export async function withSetupProgress<Result>(
  terminal: Terminal,
  work: (options: { readonly onSetup: SetupListener; readonly signal: AbortSignal }) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  let exitCode = 0;
  const release = terminal.stopWhenInterrupted((code) => {
    exitCode = code;
    controller.abort();
    return true;
  });
  const { onSetup, finish } = createSetupProgress(terminal.stderr);
  try {
    return await work({ onSetup, signal: controller.signal });
  } catch (error) {
    finish();
    if (!controller.signal.aborted) throw error;
    terminal.stderr.write('jepa: interrupted; the set-up left nothing behind\n');
    throw new InterruptedError(exitCode);
  } finally {
    finish();
    release();
  }
}

// `jepa setup`: makes TensorFlow native on this machine, as every command that trains does by itself when needed.
import { Command, Option } from 'commander';
import { UsageError } from '../../src/error.ts';
import type { Terminal } from '../terminal.ts';
import { withSetupProgress } from './tensorflow.ts';

interface SetupFlags {
  readonly force?: boolean;
  readonly from?: 'installer' | 'wheel';
  readonly wheel?: string;
  readonly json?: boolean;
  readonly cuda?: boolean;
  readonly remove?: boolean;
}

export function createSetupCommand(terminal: Terminal): Command {
  return new Command('setup')
    .description('make TensorFlow native on this machine (done by itself when a command needs it)')
    .option('--force', 'set up anew although a library works already')
    .addOption(new Option('--from <way>', 'one way only').choices(['installer', 'wheel']))
    .option('--wheel <file>', 'a TensorFlow wheel on this machine, instead of a download')
    .option(
      '--cuda',
      'give onnxruntime-node its CUDA provider instead (1.4 GB are downloaded; --force: without a driver)',
    )
    .option('--remove', 'with --cuda: take away what it brought')
    .option('--json', 'print the result as JSON')
    .action((flags: SetupFlags) => (flags.cuda ? setUpCuda(terminal, flags) : setUp(terminal, flags)));
}

async function setUpCuda(
  terminal: Terminal,
  { force = false, remove = false, from, wheel, json }: SetupFlags,
): Promise<void> {
  if (from !== undefined || wheel !== undefined)
    throw new UsageError('--cuda: expected neither --from nor --wheel, which are of TensorFlow');
  const { ensureCuda, removeCuda } = await import('../../src/runtimes/cuda/setup.ts');
  if (remove) {
    const removed = await withSetupProgress(terminal, (progress) => removeCuda(progress));
    const text = removed.byteLength === 0 ? `nothing to remove in ${removed.folder}` : `removed ${removed.folder}`;
    terminal.stdout.write(json ? `${JSON.stringify({ removed })}\n` : `${text}\n`);
    return;
  }
  const { folder, wheels } = await withSetupProgress(terminal, (progress) => ensureCuda({ ...progress, force }));
  const { inspectCuda } = await import('../../src/runtimes/cuda/piece.ts');
  const missing = (await inspectCuda()).filter((piece) => !piece.isAvailable).map(({ name }) => name);
  terminal.stdout.write(
    json
      ? `${JSON.stringify({ folder, wheels, missing })}\n`
      : `the CUDA provider is in ${folder} (${wheels.join(', ')}); missing: ${missing.join(', ') || 'nothing'}\n`,
  );
}

async function setUp(terminal: Terminal, flags: SetupFlags): Promise<void> {
  if (flags.remove) throw new UsageError('--remove: expected --cuda beside it');
  const { ensureNativeTensorFlow } = await import('../../src/tensorflow/native/setup.ts');
  const { proveBinding } = await import('../../src/tensorflow/native/prove.ts');
  const { ensurePackage, onnxruntimeNodePackage } = await import('../../src/machine/optional-package.ts');
  const { findNatives } = await import('../../src/tensorflow/native/find.ts');
  const former = findNatives().map(({ folder }) => folder);
  const started = performance.now();
  const [onnxruntime, native] = await withSetupProgress(terminal, async (progress) => [
    await ensurePackage(onnxruntimeNodePackage, progress).catch((error: unknown) => {
      // A network that has no npm registry may still have a wheel: TensorFlow is tried all the same.
      progress.signal.throwIfAborted();
      return error;
    }),
    await ensureNativeTensorFlow({
      ...progress,
      force: flags.force === true,
      way: flags.from,
      wheelFile: flags.wheel,
    }),
  ]);
  const { source, folder } = native;
  const tensorflowVersion = native.tensorflowVersion ?? (await proveBinding(native.binding));
  if (flags.wheel !== undefined && flags.force !== true && former.includes(folder))
    terminal.stderr.write('jepa: a library works already: the wheel was not used; --force uses it\n');
  const elapsedMs = Math.round(performance.now() - started);
  terminal.stdout.write(
    flags.json
      ? `${JSON.stringify({ source, tensorflowVersion, folder, elapsedMs })}\n`
      : `TensorFlow ${tensorflowVersion} is native (${source}), in ${folder}\n`,
  );
  if (typeof onnxruntime !== 'string') throw onnxruntime;
}

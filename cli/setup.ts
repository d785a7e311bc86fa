// `jepa setup`: makes TensorFlow native on this machine, as every command that trains does by itself when needed.
import { Command, Option } from 'commander';
import { withSetupProgress } from './tensorflow.ts';

interface SetupFlags {
  readonly force?: boolean;
  readonly from?: 'installer' | 'wheel';
  readonly wheel?: string;
  readonly json?: boolean;
}

export function createSetupCommand(): Command {
  return new Command('setup')
    .description('make TensorFlow native on this machine (done by itself when a command needs it)')
    .option('--force', 'set up anew although a library works already')
    .addOption(new Option('--from <way>', 'one way only').choices(['installer', 'wheel']))
    .option('--wheel <file>', 'a TensorFlow wheel on this machine, instead of a download')
    .option('--json', 'print the result as JSON')
    .action(setUp);
}

async function setUp(flags: SetupFlags): Promise<void> {
  const { ensureNativeTensorFlow } = await import('../src/training/tensorflow/native/setup.ts');
  const { proveBinding } = await import('../src/training/tensorflow/native/prove.ts');
  const { ensurePackage, onnxruntimeNodePackage } = await import('../src/machine/optional-package.ts');
  const started = performance.now();
  const [onnxruntime, native] = await withSetupProgress(async (progress) => [
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
  const elapsedMs = Math.round(performance.now() - started);
  process.stdout.write(
    flags.json
      ? `${JSON.stringify({ source, tensorflowVersion, folder, elapsedMs })}\n`
      : `TensorFlow ${tensorflowVersion} is native (${source}), in ${folder}\n`,
  );
  if (typeof onnxruntime !== 'string') throw onnxruntime;
}

// All commands by their groups, in the order of `jepa --help`. A command's file imports only what parsing needs; the work is
// imported inside its action, so that `--help` and a usage error never load a native library. The file itself is loaded where the command
// is named, or where all of them are asked for.
import { type CreateCommand, withAllowCode } from './code-permission.ts';

/** What loads the file of a command. */
type LoadCommand = () => Promise<CreateCommand>;

export interface CommandGroup {
  readonly title: string;
  /** With the line that the first page gives each. */
  readonly commands: readonly (readonly [name: string, load: LoadCommand, summary: string])[];
}

export const commandGroups: readonly CommandGroup[] = [
  {
    title: 'A world model, from training to use:',
    commands: [
      [
        'quickstart',
        async () => (await import('./command/quickstart.ts')).createQuickstartCommand,
        'train, export and evaluate the smallest world, and report',
      ],
      [
        'train',
        async () => withAllowCode((await import('./command/train.ts')).createTrainCommand),
        'train a world model, or go on with one',
      ],
      [
        'export',
        async () => withAllowCode((await import('./command/export.ts')).createExportCommand),
        'write the ONNX files of a run, checked against tfjs',
      ],
      [
        'evaluate',
        async () => withAllowCode((await import('./command/evaluate.ts')).createEvaluateCommand),
        'measure whether latents stay distinct; also of any ONNX file',
      ],
      [
        'encode',
        async () => withAllowCode((await import('./command/encode.ts')).createEncodeCommand),
        'write the latents of a recording, of any encoder',
      ],
      [
        'verify',
        async () => withAllowCode((await import('./command/verify.ts')).createVerifyCommand),
        'measure whether every runtime tells the same latents apart',
      ],
      [
        'compare',
        async () => withAllowCode((await import('./command/compare.ts')).createCompareCommand),
        'compare runs, exports and ONNX files that were evaluated',
      ],
      [
        'drift',
        async () => withAllowCode((await import('./command/drift.ts')).createDriftCommand),
        'compare new, unlabelled observations with a baseline',
      ],
      [
        'certify',
        async () => withAllowCode((await import('./command/certify.ts')).createCertifyCommand),
        'prove what no float32 rounding can change',
      ],
      [
        'plan',
        async () => withAllowCode((await import('./command/plan.ts')).createPlanCommand),
        'act by planning in the latents',
      ],
      [
        'play',
        async () => (await import('./command/play.ts')).createPlayCommand,
        'train small world models live in the browser: the playground',
      ],
      [
        'serve',
        async () => withAllowCode((await import('./command/serve.ts')).createServeCommand),
        'look at a run in the browser: measure, imagine, plan',
      ],
      [
        'sweep',
        async () => (await import('./command/sweep.ts')).createSweepCommand,
        'train many configurations, and say which is best',
      ],
      [
        'launch',
        async () => (await import('./command/launch.ts')).createLaunchCommand,
        'run a sweep on SLURM, Ray or Kubernetes',
      ],
      [
        'reproduce',
        async () => (await import('./command/reproduce.ts')).createReproduceCommand,
        "run the rows of the paper's figure over seeds",
      ],
    ],
  },
  {
    title: 'Recordings and worlds to train on:',
    commands: [
      [
        'data',
        async () => (await import('./command/data.ts')).createDataCommand,
        'inspect, convert and show recordings',
      ],
      [
        'record',
        async () => (await import('./command/record.ts')).createRecordCommand,
        'record a simulator or a Gymnasium environment',
      ],
      [
        'new',
        async () => (await import('./upkeep/new.ts')).createNewCommand,
        'write a starting point for an environment of your own',
      ],
      [
        'foresee',
        async () => withAllowCode((await import('./command/foresee.ts')).createForeseeCommand),
        'foresee what training on it will keep, and what may vanish',
      ],
      [
        'bisimulation',
        async () => withAllowCode((await import('./command/bisimulation.ts')).createBisimulationCommand),
        'list what a latent must tell apart, and why',
      ],
    ],
  },
  {
    title: 'ONNX files:',
    commands: [
      [
        'convert',
        async () => (await import('./command/convert.ts')).createConvertCommand,
        'convert a model of TensorFlow.js or Keras to ONNX',
      ],
      [
        'quantize',
        async () => withAllowCode((await import('./command/quantize.ts')).createQuantizeCommand),
        'bring an encoder to 8 bits without losing its classes',
      ],
      [
        'inspect',
        async () => (await import('./command/inspect.ts')).createInspectCommand,
        'show what is in an ONNX file or a tfjs model',
      ],
    ],
  },
  {
    title: 'This machine:',
    commands: [
      [
        'doctor',
        async () => (await import('./upkeep/doctor.ts')).createDoctorCommand,
        'say what this machine has, and how to get the rest',
      ],
      [
        'setup',
        async () => (await import('./upkeep/setup.ts')).createSetupCommand,
        'make TensorFlow native (otherwise done when needed)',
      ],
      [
        'cache',
        async () => (await import('./upkeep/cache.ts')).createCacheCommand,
        'list what set-ups have brought here, or remove it',
      ],
      [
        'completion',
        async () => (await import('./upkeep/completion.ts')).createCompletionCommand,
        'print what completes commands in bash, zsh or fish',
      ],
    ],
  },
];

/** Started by `jepa verify`, not by people: it works, and is listed nowhere. */
export const internalCommands: readonly (readonly [name: string, load: LoadCommand])[] = [
  ['runner', async () => (await import('./command/runner.ts')).createRunnerCommand],
];

// All commands by their groups, in the order of `jepa --help`. A command's file imports only what parsing needs; the work is
// imported inside its action, so that `--help` and a usage error never load a native library.
import { type CreateCommand, withAllowCode } from './code-permission.ts';
import { createBisimulationCommand } from './command/bisimulation.ts';
import { createCertifyCommand } from './command/certify.ts';
import { createCompareCommand } from './command/compare.ts';
import { createConvertCommand } from './command/convert.ts';
import { createDataCommand } from './command/data.ts';
import { createDriftCommand } from './command/drift.ts';
import { createEncodeCommand } from './command/encode.ts';
import { createEvaluateCommand } from './command/evaluate.ts';
import { createExportCommand } from './command/export.ts';
import { createForeseeCommand } from './command/foresee.ts';
import { createInspectCommand } from './command/inspect.ts';
import { createLaunchCommand } from './command/launch.ts';
import { createPlanCommand } from './command/plan.ts';
import { createPlayCommand } from './command/play.ts';
import { createQuantizeCommand } from './command/quantize.ts';
import { createQuickstartCommand } from './command/quickstart.ts';
import { createRecordCommand } from './command/record.ts';
import { createReproduceCommand } from './command/reproduce.ts';
import { createRunnerCommand } from './command/runner.ts';
import { createServeCommand } from './command/serve.ts';
import { createSweepCommand } from './command/sweep.ts';
import { createTrainCommand } from './command/train.ts';
import { createVerifyCommand } from './command/verify.ts';
import { createCacheCommand } from './upkeep/cache.ts';
import { createCompletionCommand } from './upkeep/completion.ts';
import { createDoctorCommand } from './upkeep/doctor.ts';
import { createNewCommand } from './upkeep/new.ts';
import { createSetupCommand } from './upkeep/setup.ts';

export interface CommandGroup {
  readonly title: string;
  /** With the line that the first page gives each. */
  readonly commands: readonly (readonly [create: CreateCommand, summary: string])[];
}

export const commandGroups: readonly CommandGroup[] = [
  {
    title: 'A world model, from training to use:',
    commands: [
      [createQuickstartCommand, 'train, export and evaluate the smallest world, and report'],
      [withAllowCode(createTrainCommand), 'train a world model, or go on with one'],
      [withAllowCode(createExportCommand), 'write the ONNX files of a run, checked against tfjs'],
      [withAllowCode(createEvaluateCommand), 'measure whether latents stay distinct; also of any ONNX file'],
      [withAllowCode(createEncodeCommand), 'write the latents of a recording, of any encoder'],
      [withAllowCode(createVerifyCommand), 'measure whether every runtime tells the same latents apart'],
      [withAllowCode(createCompareCommand), 'compare runs, exports and ONNX files that were evaluated'],
      [withAllowCode(createDriftCommand), 'compare new, unlabelled observations with a baseline'],
      [withAllowCode(createCertifyCommand), 'prove what no float32 rounding can change'],
      [withAllowCode(createPlanCommand), 'act by planning in the latents'],
      [createPlayCommand, 'train small world models live in the browser: the playground'],
      [withAllowCode(createServeCommand), 'look at a run in the browser: measure, imagine, plan'],
      [createSweepCommand, 'train many configurations, and say which is best'],
      [createLaunchCommand, 'run a sweep on SLURM, Ray or Kubernetes'],
      [createReproduceCommand, "run the rows of the paper's figure over seeds"],
    ],
  },
  {
    title: 'Recordings and worlds to train on:',
    commands: [
      [createDataCommand, 'inspect, convert and show recordings'],
      [createRecordCommand, 'record a simulator or a Gymnasium environment'],
      [createNewCommand, 'write a starting point for an environment of your own'],
      [withAllowCode(createForeseeCommand), 'foresee what training on it will keep, and what may vanish'],
      [withAllowCode(createBisimulationCommand), 'list what a latent must tell apart, and why'],
    ],
  },
  {
    title: 'ONNX files:',
    commands: [
      [createConvertCommand, 'convert a model of TensorFlow.js or Keras to ONNX'],
      [withAllowCode(createQuantizeCommand), 'bring an encoder to 8 bits without losing its classes'],
      [createInspectCommand, 'show what is in an ONNX file or a tfjs model'],
    ],
  },
  {
    title: 'This machine:',
    commands: [
      [createDoctorCommand, 'say what this machine has, and how to get the rest'],
      [createSetupCommand, 'make TensorFlow native (otherwise done when needed)'],
      [createCacheCommand, 'list what set-ups have brought here, or remove it'],
      [createCompletionCommand, 'print what completes commands in bash, zsh or fish'],
    ],
  },
];

/** Started by `jepa verify`, not by people: it works, and is listed nowhere. */
export const internalCommands: readonly CreateCommand[] = [createRunnerCommand];

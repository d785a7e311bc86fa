// All commands, in the order of `jepa --help`. A command's file imports only what parsing needs; the work is imported
// inside its action, so that `--help` and a usage error never load a native library.
import type { Command } from 'commander';
import { createBisimulationCommand } from './bisimulation.ts';
import { createCertifyCommand } from './certify.ts';
import { createConvertCommand } from './convert.ts';
import { createDataCommand } from './data.ts';
import { createDoctorCommand } from './doctor.ts';
import { createEvaluateCommand } from './evaluate.ts';
import { createExportCommand } from './export.ts';
import { createInspectCommand } from './inspect.ts';
import { createNewCommand } from './new.ts';
import { createPlanCommand } from './plan.ts';
import { createQuickstartCommand } from './quickstart.ts';
import { createRecordCommand } from './record.ts';
import { createReproduceCommand } from './reproduce.ts';
import { createRunnerCommand } from './runner.ts';
import { createServeCommand } from './serve.ts';
import { createSetupCommand } from './setup.ts';
import { createTrainCommand } from './train.ts';
import { createVerifyCommand } from './verify.ts';

export const commands: readonly (() => Command)[] = [
  createQuickstartCommand,
  createTrainCommand,
  createExportCommand,
  createEvaluateCommand,
  createPlanCommand,
  createServeCommand,
  createVerifyCommand,
  createCertifyCommand,
  createReproduceCommand,
  createBisimulationCommand,
  createDataCommand,
  createRecordCommand,
  createNewCommand,
  createConvertCommand,
  createInspectCommand,
  createRunnerCommand,
  createSetupCommand,
  createDoctorCommand,
];

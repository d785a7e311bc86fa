// A state that was trained outside, by training-step.onnx: read from its file, checked against the run whose step that was, and turned into
// what a checkpoint holds.
import { basename } from 'node:path';
import {
  buildTrainingState,
  type FlatTensor,
  flatTensorsOf,
  sizeOfSlots,
  stateNames,
  unflattenState,
} from '../../export/training/index.ts';
import { type ArrayFile, readArrayFile } from '../../src/data/readers/array-file.ts';
import { FormatError } from '../../src/error.ts';
import { parseJsonIfAny } from '../../src/json.ts';
import { differingKey, STEPS_KEY, sealedConfigurationOf } from '../../src/run/seal.ts';
import type { StepState } from '../../src/training/backend.ts';
import { parseConfiguration } from '../../src/training/configuration.ts';
import type { LoadedRun } from '../load.ts';
import { trainingShapeOf } from '../train/shape.ts';

/** What a checkpoint holds, after `step` steps in all, and the name of the file that it was read from. */
export interface TrainedState extends StepState {
  readonly step: number;
  readonly stateFile: string;
}

const STEPS_DONE = 'stepsDone';
/** A text beside the state: the configuration of the run, as training-step.json has it. */
const CONFIGURATION = 'configuration';
/** What batch norms take the root of, by the end of its name. */
const VARIANCE = /\/moving_variance$/;

/**
 * @param runFolder the run whose training step trained the state, for messages
 * @throws FormatError naming the array that is missing, of another length or type, or not finite, and the key of the configuration in
 *   which the state is of another run; UsageError where there is no file
 */
export async function readTrainedState(path: string, runFolder: string, run: LoadedRun): Promise<TrainedState> {
  const file = await readArrayFile(path);
  requireSameConfiguration(path, file, runFolder, run);
  const { objective, optimization } = run.configuration;
  const state = buildTrainingState(run.model, trainingShapeOf(run), {
    objective,
    optimization,
    auxiliaries: run.auxiliaries,
  });
  const tensors = flatTensorsOf(state.layout);
  const missing = [STEPS_DONE, ...tensors.map(({ name }) => name)].find((name) => !file.arrays.has(name));
  if (missing !== undefined) {
    const found = [...file.arrays.keys(), ...file.notes].join(', ') || 'no arrays';
    throw new FormatError(`${path}: expected an array "${missing}", got ${found}`, {
      remedy: `Save the whole state by these names: ${[STEPS_DONE, ...tensors.map(({ name }) => name)].join(', ')}.`,
    });
  }
  const flat = new Map(tensors.map((tensor) => [tensor.name, flatValues(path, file, tensor, runFolder)]));
  return { ...unflattenState(state, flat), step: stepsDoneOf(path, file), stateFile: basename(path) };
}

function requireSameConfiguration(
  path: string,
  { arrays, texts, notes }: ArrayFile,
  runFolder: string,
  run: LoadedRun,
): void {
  const text = texts.get(CONFIGURATION);
  const where = `${path} ${CONFIGURATION}`;
  const remedy = 'Save "configuration" of training-step.json as a text, or leave it out.';
  if (text === undefined) {
    const left = notes.find((note) => note.startsWith(`${CONFIGURATION}: `));
    const found = arrays.get(CONFIGURATION)?.type ?? left?.slice(CONFIGURATION.length + 2).replace(/, left out$/, '');
    if (found !== undefined) throw new FormatError(`${where}: expected one text, got ${found}`, { remedy });
    return;
  }
  const given = parseJsonIfAny(text);
  if (given === undefined)
    throw new FormatError(`${where}: expected JSON, got ${text.length} characters that are not`, { remedy });
  // A run may have been prolonged since.
  const [expected, found] = [run.configuration, parseConfiguration(where, given)].map(sealedConfigurationOf);
  const key = differingKey(expected, found, [STEPS_KEY]);
  if (key !== undefined)
    throw new FormatError(
      `${where}: ${key}: expected ${expected[key] ?? 'nothing'}, that of ${runFolder}, got ${found[key] ?? 'nothing'}`,
      { remedy: 'Name the run whose training-step.onnx trained it.' },
    );
}

/** The tensor as float32; one axis, beside others of length 1. */
function flatValues(path: string, { arrays }: ArrayFile, { name, slots }: FlatTensor, runFolder: string): Float32Array {
  const where = `${path} ${name}`;
  const array = arrays.get(name);
  const { values, shape = [], type } = array ?? {};
  if (!(values instanceof Float32Array || values instanceof Float64Array))
    throw new FormatError(`${where}: expected float32 or float64 numbers, got ${type}`, {
      remedy: 'Save it as float32.',
    });
  const count = sizeOfSlots(slots);
  if (values.length !== count || shape.filter((size) => size !== 1).length > 1)
    throw new FormatError(`${where}: expected [${count}] numbers, as ${runFolder} has, got [${shape.join(', ')}]`, {
      remedy: 'Name the run whose training-step.onnx trained it, and save each tensor as the step gave it.',
    });
  const flat = Float32Array.from(values);
  const slotOf = (place: number) => slots.findLast(({ offset }) => offset <= place)?.name ?? '';
  const wrong = flat.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0)
    throw new FormatError(`${where}: expected finite numbers of float32, got ${values[wrong]} in ${slotOf(wrong)}`, {
      remedy: 'Take the state of an earlier step, or train again with a lower rate.',
    });
  // A mean of squares is never negative, and the root of one that is would be NaN in every latent, or after the next step.
  const negative = flat.findIndex((value, i) => value < 0 && (name === stateNames.second || VARIANCE.test(slotOf(i))));
  if (negative >= 0)
    throw new FormatError(`${where}: expected numbers of at least 0, got ${values[negative]} in ${slotOf(negative)}`, {
      remedy: 'Save each tensor by its own name, as the step gave it.',
    });
  return flat;
}

function stepsDoneOf(path: string, { arrays }: ArrayFile): number {
  const { values } = arrays.get(STEPS_DONE) ?? {};
  const number = Number(values?.[0]);
  if (values?.length === 1 && Number.isSafeInteger(number) && number >= 0) return number;
  const found = values?.length === 1 ? String(values[0]) : `${values?.length} numbers`;
  throw new FormatError(`${path} ${STEPS_DONE}: expected the number of steps in all, got ${found}`, {
    remedy: 'Save the number that was fed as "step" last.',
  });
}

// A user's simulator out of a module of theirs, JavaScript or TypeScript, checked part by part as it is loaded and as it runs.
import { guessRoles, resolveStructure } from '../data/role-name.ts';
import { JepaError, option, UsageError } from '../error.ts';
import { importUserModule } from '../machine/user-module.ts';
import type { Branch, Branching, SimulatorPool, Situation, Transition } from './pool.ts';
import type { Action, Simulator, SimulatorCreator } from './simulator.ts';
import {
  checkActionSpace,
  checkObservationSpace,
  copyObservation,
  isWhole,
  LARGEST_SEED,
  partsOf,
  show,
} from './space.ts';

const STARTING_POINT = 'jepa new environment my-env writes a module to start from.';

/** Loads the module at `path` and creates its simulator. @throws UsageError for the first part that is missing or wrong */
export async function openModule(
  path: string,
  options: Readonly<Record<string, unknown>> = {},
): Promise<SimulatorPool> {
  const where = `simulator ${path}`;
  const create = await loadCreator(path, where);
  const created = await attempt(`${where}: createSimulator`, () => create(options));
  return poolOf(checkSimulator(where, created), path);
}

async function loadCreator(path: string, where: string): Promise<SimulatorCreator> {
  const loaded = await importUserModule(path, { where, remedy: STARTING_POINT, permission: 'given' });
  const found = loaded.createSimulator;
  if (typeof found === 'function') return found as SimulatorCreator;
  const names = Object.keys(loaded);
  throw new UsageError(
    `${where}: expected an exported function createSimulator, got ${found === undefined ? names.join(', ') || 'no exports' : show(found)}`,
    { remedy: STARTING_POINT },
  );
}

/** @throws UsageError for the first part that is missing or wrong */
export function checkSimulator(where: string, value: unknown): Simulator {
  if (typeof value !== 'object' || value === null)
    throw new UsageError(`${where}: createSimulator: expected a simulator, got ${show(value)}`);
  const parts = partsOf(value);
  for (const name of ['observation', 'action', 'reset', 'step'])
    if (parts[name] === undefined)
      throw new UsageError(`${where}: expected a simulator with "${name}", got none`, { remedy: STARTING_POINT });
  for (const name of ['reset', 'step', 'stateId', 'save', 'restore', 'dispose'])
    if (parts[name] !== undefined && typeof parts[name] !== 'function')
      throw new UsageError(`${where}: ${name}: expected a function, got ${show(parts[name])}`);
  if ((parts.save === undefined) !== (parts.restore === undefined))
    throw new UsageError(
      `${where}: expected both "save" and "restore" or neither, got only ${parts.save ? 'save' : 'restore'}`,
    );
  checkObservationSpace(where, parts.observation);
  checkActionSpace(where, parts.action);
  return value as Simulator;
}

/** One lane. Every call is checked; an error that the simulator throws is told with its episode's step. */
export function poolOf(simulator: Simulator, name: string): SimulatorPool {
  const where = `simulator ${name}`;
  const observation = checkObservationSpace(where, simulator.observation);
  const action = checkActionSpace(where, simulator.action);
  const hasState = simulator.stateId !== undefined;
  let stepCount = 0;
  let auxiliaryNames: string | undefined;
  const situationOf = (at: string, value: unknown): Situation => {
    const copy = copyObservation(at, observation, value);
    const state: unknown = simulator.stateId?.();
    if (hasState && (!isWhole(state, 0) || state > LARGEST_SEED))
      throw new UsageError(`${at}: stateId: expected a whole number in 0..${LARGEST_SEED}, got ${show(state)}`);
    return { observation: copy, state: isWhole(state, 0) ? state : undefined };
  };
  const checkAuxiliary = (at: string, value: unknown): Readonly<Record<string, number>> => {
    const given = partsOf(value);
    const names = Object.keys(given);
    for (const each of names) {
      if (!Number.isFinite(given[each]))
        throw new UsageError(`${at}: auxiliary.${each}: expected a finite number, got ${show(given[each])}`);
      if (isReserved(each))
        throw new UsageError(`${at}: auxiliary: expected a name that recordings do not use, got "${each}"`);
    }
    auxiliaryNames ??= names.sort().join(', ');
    if (names.sort().join(', ') !== auxiliaryNames)
      throw new UsageError(
        `${at}: auxiliary: expected the names of the first step (${auxiliaryNames || 'none'}), got ${names.join(', ') || 'none'}`,
      );
    return given as Record<string, number>;
  };
  const take = async (at: string, action: Action): Promise<Transition> => {
    const outcome = partsOf(await attempt(at, () => simulator.step(copyAction(action))));
    for (const part of ['observation', 'reward', 'isTerminal'])
      if (outcome[part] === undefined)
        throw new UsageError(`${at}: expected { observation, reward, isTerminal }, got no "${part}"`);
    const { reward, isTerminal, isTruncated = false } = outcome;
    if (typeof reward !== 'number' || !Number.isFinite(reward))
      throw new UsageError(`${at}: reward: expected a finite number, got ${show(reward)}`);
    for (const [part, value] of Object.entries({ isTerminal, isTruncated }))
      if (typeof value !== 'boolean')
        throw new UsageError(`${at}: ${part}: expected true or false, got ${show(value)}`);
    return {
      ...situationOf(at, outcome.observation),
      reward,
      isTerminal: isTerminal === true,
      isTruncated: isTruncated === true,
      auxiliary: checkAuxiliary(at, outcome.auxiliary),
    };
  };
  return {
    name,
    observation,
    action,
    hasState,
    laneCount: 1,
    provenance: {},
    async reset(_lanes, [seed]) {
      stepCount = 0;
      return [situationOf(`${where}: reset`, await attempt(`${where}: reset`, () => simulator.reset(seed)))];
    },
    step: async (_lanes, [action]) => [await take(`${where}: step ${stepCount++}`, action)],
    branching: branchingOf(simulator, where, take),
    async dispose() {
      await simulator.dispose?.();
    },
  };
}

/** Undefined where the simulator has no `save` and `restore`. */
function branchingOf(
  simulator: Simulator,
  where: string,
  take: (at: string, action: Action) => Promise<Transition>,
): Branching | undefined {
  if (simulator.save === undefined || simulator.restore === undefined) return undefined;
  const kept: unknown[] = [];
  const save = () => attempt(`${where}: save`, () => simulator.save?.());
  const restore = (saved: unknown) => attempt(`${where}: restore`, () => simulator.restore?.(saved));
  const keep = async () => kept.push(await save()) - 1;
  return {
    save: keep,
    async branch(_lane, handles, actions) {
      const here = await save();
      const branches: Branch[] = [];
      for (const [i, handle] of handles.entries()) {
        await restore(kept[handle]);
        const transition = await take(`${where}: step after restore`, actions[i]);
        branches.push({ ...transition, handle: await keep() });
      }
      await restore(here);
      return branches;
    },
    async release() {
      kept.length = 0;
    },
  };
}

/** The simulator's to keep and to change. */
function copyAction(action: Action): Action {
  return typeof action === 'number' ? action : [...action];
}

/** Names that would be taken for another part of the recording, and those that npz and HDF5 would read as paths. */
function isReserved(name: string): boolean {
  const parts = [guessRoles([name]), resolveStructure('', [name])].flatMap((roles) => Object.values(roles));
  return name === 'state' || !/^[A-Za-z][\w-]*$/.test(name) || parts.some((part) => part !== undefined);
}

/** Calls what a user wrote. An error of theirs keeps its stack as the cause. */
async function attempt<T>(where: string, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw new JepaError(`${where}: expected a result, got: ${oneLine(cause)}`, {
      remedy: `Run the command with ${option('debug')} for the place in the module.`,
      cause,
    });
  }
}

function oneLine(error: unknown): string {
  return String(error).split('\n')[0];
}

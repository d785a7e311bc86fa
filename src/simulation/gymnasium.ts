// Environments of Python's Gymnasium, stepped together in a child process (gymnasium_server.py).
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { FormatError, JepaError, option, UnavailableError, UsageError } from '../error.ts';
import { ChildFault, type Conversation, startConversation } from './child-conversation.ts';
import { actionSchema, actionSpaceOf, observationCodec, observationPartSchema } from './gymnasium-space.ts';
import type { SimulatorOptions } from './option.ts';
import type { SimulatorPool, Situation, Transition } from './pool.ts';
import type { Action } from './simulator.ts';
import { copyObservation } from './space.ts';

/** Raised when the meaning of a message changes. */
const PROTOCOL = 2;
/** Enough that a round trip (some 0.1 ms) costs little beside the steps. */
const DEFAULT_LANES = 8;
/** Importing a simulator may compile for a minute. */
const DEFAULT_LIMIT_MS = 120_000;

const openedSchema = z.looseObject({
  protocol: z.literal(PROTOCOL),
  versions: z.record(z.string(), z.string()),
  observation: z.array(observationPartSchema).min(1),
  action: actionSchema,
  notes: z.array(z.string()),
  hasState: z.boolean(),
});

/**
 * Starts Python and makes the environments there. Parts of the observation that are images (bytes, channels last or first,
 * stacks of frames) become one image, all others one vector, as `gymnasium.spaces.flatten` orders them.
 */
export async function openGymnasium(environment: string, options: SimulatorOptions = {}): Promise<SimulatorPool> {
  const name = `gym:${environment}`;
  const laneCount = options.lanes ?? DEFAULT_LANES;
  const python = options.python ?? (process.env.JEPA_PYTHON || (process.platform === 'win32' ? 'python' : 'python3'));
  const conversation = startConversation({
    where: name,
    program: python,
    programArguments: ['-u', serverPath()],
    limitMs: options.limitMs ?? DEFAULT_LIMIT_MS,
    missingRemedy: `Install Python 3, or name the one you have: ${option('python', 'PATH')}, or JEPA_PYTHON.`,
  });
  try {
    const { header } = await conversation.ask({
      type: 'open',
      environment,
      lanes: laneCount,
      render: options.render ?? false,
      options: options.simulatorOptions ?? {},
    });
    return gymnasiumPool(conversation, name, { laneCount, python, opened: header });
  } catch (error) {
    await conversation.dispose();
    throw explained(error, name, python);
  }
}

interface Opened {
  readonly laneCount: number;
  readonly python: string;
  readonly opened: unknown;
}

function gymnasiumPool(conversation: Conversation, name: string, { laneCount, python, opened }: Opened): SimulatorPool {
  const parsed = openedSchema.safeParse(opened);
  if (!parsed.success)
    throw new FormatError(`${name}: expected a description of the environment by protocol ${PROTOCOL}, got another`);
  const { versions, hasState } = parsed.data;
  const codec = observationCodec(name, parsed.data.observation);
  const { space: observation, byteLength: observationBytes } = codec;
  const action = actionSpaceOf(name, parsed.data.action);
  const situationsOf = (at: string, body: Uint8Array<ArrayBuffer>, count: number): Situation[] => {
    const view = new DataView(body.buffer, body.byteOffset);
    return Array.from({ length: count }, (_, i) => {
      const values = codec.decode(body.subarray(i * observationBytes, (i + 1) * observationBytes));
      return {
        observation: copyObservation(at, observation, values),
        state: hasState ? view.getInt32(count * observationBytes + 4 * i, true) : undefined,
      };
    });
  };
  const ask = async (...question: Parameters<Conversation['ask']>) => {
    try {
      return await conversation.ask(...question);
    } catch (error) {
      throw explained(error, name, python);
    }
  };
  const transitionsOf = (body: Uint8Array<ArrayBuffer>, count: number): Transition[] => {
    const view = new DataView(body.buffer, body.byteOffset);
    const rewards = count * (observationBytes + 4);
    const flags = rewards + 8 * count;
    return situationsOf(`${name}: step`, body, count).map((situation, i) => {
      const reward = view.getFloat64(rewards + 8 * i, true);
      if (!Number.isFinite(reward)) throw new UsageError(`${name}: reward: expected a finite number, got ${reward}`);
      const flag = view.getUint8(flags + i);
      return { ...situation, reward, isTerminal: (flag & 1) > 0, isTruncated: (flag & 2) > 0, auxiliary: {} };
    });
  };
  const transitionBytes = observationBytes + 4 + 8 + 1;
  return {
    name,
    observation,
    action,
    hasState,
    laneCount,
    provenance: versions,
    layout: { observation: codec.layout, action: parsed.data.action.names },
    notes: [...parsed.data.notes, ...codec.notes],
    async reset(lanes, seeds) {
      const byteLength = lanes.length * (observationBytes + 4);
      const { body } = await ask({ type: 'reset', lanes, seeds }, { byteLength });
      return situationsOf(`${name}: reset`, body, lanes.length);
    },
    async step(lanes, actions) {
      const byteLength = lanes.length * transitionBytes;
      const { body } = await ask({ type: 'step', lanes }, { body: encodeActions(actions), byteLength });
      return transitionsOf(body, lanes.length);
    },
    branching: {
      async save(lane) {
        const { header } = await ask({ type: 'save', lane }, { byteLength: 0 });
        return handleOf(header);
      },
      async branch(lane, handles, actions) {
        const count = handles.length;
        const asked = Buffer.concat([encodeActions(handles), encodeActions(actions)]);
        const { header, body } = await ask(
          { type: 'branch', lane, count },
          { body: asked, byteLength: count * transitionBytes },
        );
        const first = handleOf(header);
        return transitionsOf(body, count).map((transition, i) => ({ ...transition, handle: first + i }));
      },
      async release() {
        await ask({ type: 'release' }, { byteLength: 0 });
      },
    },
    dispose: () => conversation.dispose(),
  };
}

const keptSchema = z.looseObject({ handle: z.int().min(0) });

/** Of the first situation that an answer keeps; the others follow. */
function handleOf(header: unknown): number {
  const parsed = keptSchema.safeParse(header);
  if (!parsed.success) throw new FormatError('gym: expected the handle of what was kept, got none');
  return parsed.data.handle;
}

/** [n] int32, or [n, A] float32; little-endian. */
function encodeActions(actions: readonly Action[]): Uint8Array {
  const isIndex = typeof actions[0] === 'number';
  const numbers = actions.flat();
  const bytes = new Uint8Array(4 * numbers.length);
  const view = new DataView(bytes.buffer);
  for (const [i, number] of numbers.entries())
    if (isIndex) view.setInt32(4 * i, number, true);
    else view.setFloat32(4 * i, number, true);
  return bytes;
}

/** What the user can do about a fault that Python reported. */
function explained(error: unknown, name: string, python: string): unknown {
  if (!(error instanceof ChildFault)) return error;
  const { kind, remedy } = error;
  const message = error.message.replace(/\.$/, '');
  const options = { cause: error };
  const pip = `${python} -m pip install`;
  switch (kind) {
    case 'missing-gymnasium':
      return new UnavailableError(`${name}: expected Gymnasium in ${python}, got: ${message}`, {
        ...options,
        remedy: `Install it: ${pip} gymnasium. Or name another Python: ${option('python', 'PATH')}, or JEPA_PYTHON.`,
      });
    case 'missing-dependency':
      return new UnavailableError(`${name}: expected what this environment needs in ${python}, got: ${message}`, {
        ...options,
        remedy: /pip install/.test(message)
          ? `Into this Python: ${pip} ...`
          : `Install it: ${pip} NAME. A module of yours is found by its folder in PYTHONPATH.`,
      });
    case 'unknown-environment':
      return new UsageError(`${name}: expected an environment that Gymnasium knows, got: ${message}`, {
        ...options,
        remedy: `One of another package is named with its module, gym:MODULE:ID, and comes with ${pip} PACKAGE.`,
      });
    case 'unsupported':
      return new UsageError(`${name}: ${message}`, {
        ...options,
        remedy: remedy ?? 'Register a wrapped environment (gymnasium.wrappers).',
      });
    case 'environment':
      return new JepaError(`${name}: ${message}`, { ...options, ...(remedy === undefined ? {} : { remedy }) });
    default:
      return new JepaError(`${name}: expected a result, got: ${message}`, options);
  }
}

/** Beside this file in the sources; the built files leave it there. */
function serverPath(): string {
  const places = ['./gymnasium_server.py', '../../../src/simulation/gymnasium_server.py'];
  const paths = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const path = paths.find((candidate) => existsSync(candidate));
  if (path === undefined) throw new UnavailableError(`expected the file ${paths[0]}, got nothing there`);
  return path;
}

// The child of process-runtime.ts: opens one runtime and answers calls until its parent lets go of it.
import { JepaError } from '../error.ts';
import { openRuntime } from './index.ts';
import { openCudaHere } from './onnxruntime-node.ts';
import type { ProcessCall, ProcessReply } from './process-call.ts';
import type { Runtime, RuntimeSession } from './runtime.ts';

let runtime: Runtime | undefined;
const sessions = new Map<number, RuntimeSession>();
const elapsed = new Map<number, number>();
let nextSession = 0;

async function answer(call: ProcessCall): Promise<unknown> {
  if (call.kind === 'open') {
    runtime = await (call.name === 'cuda' ? openCudaHere(call.options) : openRuntime(call.name, call.options));
    return runtime.describe();
  }
  if (runtime === undefined) throw new JepaError('runtime process: expected an open runtime, got none');
  if (call.kind === 'load') {
    const session = await runtime.load(call.model);
    sessions.set(nextSession, session);
    return { session: nextSession++, inputs: session.inputs, outputs: session.outputs };
  }
  if (call.kind === 'placement') return runtime.placementOf?.(call.model, call.feeds);
  const session = sessions.get(call.session);
  if (session === undefined) throw new JepaError(`runtime process: expected an open session, got ${call.session}`);
  if (call.kind === 'release') {
    sessions.delete(call.session);
    return session.dispose();
  }
  const begin = performance.now();
  const outputs = await session.run(call.feeds);
  const runMs = (elapsed.get(call.session) ?? 0) + performance.now() - begin;
  elapsed.set(call.session, runMs);
  return { outputs, runMs };
}

process.on('message', (message) => {
  // Only process-runtime.ts writes here.
  const call = message as ProcessCall;
  answer(call).then(
    (result) => reply({ id: call.id, result }),
    (error: unknown) => {
      const { name, message: text } = error instanceof Error ? error : { name: 'Error', message: String(error) };
      const remedy = error instanceof JepaError ? error.remedy : undefined;
      reply({ id: call.id, error: { name, message: text, ...(remedy === undefined ? {} : { remedy }) } });
    },
  );
});

// The parent is gone, or has disposed the runtime.
process.on('disconnect', () => process.exit(0));

function reply(message: ProcessReply): void {
  process.send?.(message);
}

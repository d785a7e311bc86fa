// The worker of the page: holds the models and measures, so that the page answers while it does.
import * as z from 'zod';
import { UsageError } from '../../src/error.ts';
import { parseEncoderPage } from '../encoder-format.ts';
import { fetchKept } from '../play/kept-export.ts';
import { loadWorldModel, type WorldModel } from '../world-model.ts';
import { judgeLatents, measureWorld } from './measurement.ts';
import { sendableError, type WorkerAnswer, type WorkerCalls, type WorkerRequest } from './worker-protocol.ts';
import { worldOf } from './world-of.ts';

// zod would try whether it may make code from text, which the page's policy reports.
z.config({ jitless: true });

let loaded: WorldModel | undefined;

function model(): WorldModel {
  if (loaded === undefined) throw new UsageError('worker: expected to load a model first, got another call');
  return loaded;
}

async function answer(
  request: WorkerRequest,
  progress: (done: string | number) => void,
): Promise<WorkerCalls[WorkerRequest['call']]['found']> {
  switch (request.call) {
    case 'load': {
      const { folder, isKept, ...options } = request.given;
      loaded = await loadWorldModel(folder, {
        ...options,
        ...(isKept ? { fetch: fetchKept } : {}),
        onProgress: progress,
      });
      const { encode: _e, predict: _p, auxiliary: _a, dispose: _d, ...facts } = loaded;
      return facts;
    }
    case 'measure': {
      const { observations, heldOut } = request.given;
      const world = worldOf(model().description, heldOut);
      return measureWorld(model(), world, { observations, onProgress: progress });
    }
    case 'judge':
      return judgeLatents(parseEncoderPage(request.given.json, request.given.bytes));
    case 'predict':
      return model().predict(request.given.latents, request.given.actions);
    case 'auxiliary':
      return model().auxiliary(request.given.latents);
  }
}

const send = (message: WorkerAnswer) => globalThis.postMessage(message);

globalThis.addEventListener('message', ({ data }: MessageEvent<WorkerRequest>) => {
  const { id } = data;
  answer(data, (progress) => send({ id, progress })).then(
    (found) => send({ id, found }),
    (error: unknown) => send({ id, error: sendableError(error) }),
  );
});

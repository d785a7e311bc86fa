// Trains a world model in a page: onnxruntime-web, the three files of `jepa export RUN --training-step`, and a world of the page's own.
// With WebGPU the state stays on the device from step to step; only the losses come back.
import * as onnxruntime from './onnxruntime-web/ort.webgpu.bundle.min.mjs';
import { encodeSafetensors } from './safetensors.js';
import { openWorld } from './world.js';

/** `provider`: wasm or webgpu. `batchSize`: any number of sequences; by default that of the run. Calls `onStep` with the number of the step and its losses by name. Gives the trained state as a Blob, for `jepa export RUN --state`. */
export async function train({ folder = '.', steps = 200, batchSize, provider = 'wasm', onStep = () => {} }) {
  const about = await (await fetch(`${folder}/training-step.json`)).json();
  const onDevice = Object.fromEntries(Object.values(about.state).map((name) => [name, 'gpu-buffer']));
  const session = await onnxruntime.InferenceSession.create(`${folder}/training-step.onnx`, {
    executionProviders: [provider],
    // WebGPU leaves the sizes that follow the batch to the CPU, and would say so; `--fixed-batch` leaves none.
    logSeverityLevel: 3,
    ...(provider === 'webgpu' ? { preferredOutputLocation: onDevice } : {}),
  });
  const start = await onnxruntime.InferenceSession.create(`${folder}/training-start.onnx`);
  let state = await start.run({});
  const drawBatch = openWorld(batchSize ?? about.batchSize);
  const scalar = (value) => new onnxruntime.Tensor('float32', [value], []);
  // Adam's corrections follow the number of the step: the moments of the start are those of `stepsDone` steps.
  const first = about.stepsDone + 1;
  const last = about.stepsDone + steps;
  for (let number = first; number <= last; number++) {
    const batch = Object.entries(drawBatch()).map(([name, value]) => [name, new onnxruntime.Tensor(...value)]);
    const fed = { ...Object.fromEntries(batch), ...state, rate: scalar(1e-3), step: scalar(number) };
    const results = await session.run(fed);
    for (const tensor of Object.values(state)) tensor.dispose();
    state = Object.fromEntries(Object.entries(about.state).map(([name, after]) => [name, results[after]]));
    onStep(number, Object.fromEntries(about.losses.map((name) => [name, results[name].data[0]])));
  }
  const values = Object.entries({ stepsDone: scalar(last), ...state });
  const tensors = values.map(async ([name, tensor]) => [name, { data: await tensor.getData(), dims: tensor.dims }]);
  // The configuration says of which run it is.
  return encodeSafetensors(Object.fromEntries(await Promise.all(tensors)), {
    configuration: JSON.stringify(about.configuration),
  });
}

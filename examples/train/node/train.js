// Trains a world model in onnxruntime alone: node train.js EXPORT_FOLDER [STEPS] [BATCH]. Needs the package onnxruntime-node.
// The folder is that of `jepa export RUN --training-step`, RUN of `jepa train counting`. The world is another: world.js.
// BATCH: sequences of a step, any number; by default that of the run.
// `jepa export RUN --state trained.safetensors` makes encoder.onnx and predictor.onnx of what was trained.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as onnxruntime from 'onnxruntime-node';
import { encodeSafetensors } from './safetensors.js';
import { openWorld } from './world.js';

const [folder, steps = '200', batch] = process.argv.slice(2);
const about = JSON.parse(readFileSync(join(folder, 'training-step.json'), 'utf8'));
const open = (name) => onnxruntime.InferenceSession.create(join(folder, name));
const session = await open('training-step.onnx');
let state = await (await open('training-start.onnx')).run({});
const drawBatch = openWorld(Number(batch ?? about.batchSize));
const scalar = (value) => new onnxruntime.Tensor('float32', [value], []);

// Adam's corrections follow the number of the step: the moments of the start are those of `stepsDone` steps.
const first = about.stepsDone + 1;
const last = about.stepsDone + Number(steps);
for (let number = first; number <= last; number++) {
  const drawn = Object.entries(drawBatch()).map(([name, value]) => [name, new onnxruntime.Tensor(...value)]);
  const results = await session.run({
    ...Object.fromEntries(drawn),
    ...state,
    rate: scalar(1e-3),
    step: scalar(number),
  });
  state = Object.fromEntries(Object.entries(about.state).map(([name, after]) => [name, results[after]]));
  if (number === first || number % 20 === 0)
    console.log(number, ...about.losses.map((name) => `${name} ${results[name].data[0].toFixed(4)}`));
}
// The configuration says of which run it is.
const trained = encodeSafetensors(
  { stepsDone: scalar(last), ...state },
  { configuration: JSON.stringify(about.configuration) },
);
writeFileSync('trained.safetensors', Buffer.from(await trained.arrayBuffer()));

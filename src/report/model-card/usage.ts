// How to run an export, as a model card tells it: whole programs in Node, a page and Python for this encoder's own input.
import type { ExportDescription } from '../../storage/export-description.ts';

export function usageSection(description: ExportDescription): string {
  const { encoder, predictor } = description;
  const { shape, words } = observationOf(description);
  const type = encoder.input.type === 'uint8' ? 'uint8' : 'float32';
  const array = type === 'uint8' ? 'Uint8Array' : 'Float32Array';
  const size = shape.join(' * ');
  const { vector } = encoder;
  const feeds = [renamed(encoder.input.name, 'observation'), ...(vector ? [renamed(vector.name, 'vector')] : [])].join(
    ', ',
  );
  const javascript = (module: string) => [
    '```js',
    `import * as ort from '${module}';`,
    '',
    `const encoder = await ort.InferenceSession.create('${encoder.file}');`,
    `const predictor = await ort.InferenceSession.create('${predictor.file}');`,
    `const observation = new ort.Tensor('${type}', new ${array}(${size}), [1, ${shape.join(', ')}]);`,
    ...(vector
      ? [`const vector = new ort.Tensor('float32', new Float32Array(${vector.size}), [1, ${vector.size}]);`]
      : []),
    `const { ${renamed(encoder.output.name, 'latent')} } = await encoder.run({ ${feeds} });`,
    `const action = new ort.Tensor('float32', new Float32Array(${predictor.actionSize}), [1, ${predictor.actionSize}]);`,
    `const next = await predictor.run({ ${renamed(predictor.inputs.latent, 'latent')}, ${renamed(predictor.inputs.action, 'action')} });`,
    `console.log(latent.data, next.${predictor.output.name}.data);`,
    '```',
  ];
  const python = [
    '```python',
    'import numpy as np',
    'import onnxruntime as ort',
    '',
    `encoder = ort.InferenceSession("${encoder.file}", providers=["CPUExecutionProvider"])`,
    `predictor = ort.InferenceSession("${predictor.file}", providers=["CPUExecutionProvider"])`,
    `observation = np.zeros((1, ${shape.join(', ')}), np.${type})`,
    ...(vector ? [`vector = np.zeros((1, ${vector.size}), np.float32)`] : []),
    `latent, = encoder.run(None, {"${encoder.input.name}": observation${vector ? `, "${vector.name}": vector` : ''}})`,
    `action = np.zeros((1, ${predictor.actionSize}), np.float32)`,
    `next_latent, = predictor.run(None, {"${predictor.inputs.latent}": latent, "${predictor.inputs.action}": action})`,
    'print(latent, next_latent)',
    '```',
  ];
  const besides = vector
    ? [
        `The encoder also takes \`${vector.name}\`, float32 [N, ${vector.size}], numbers as they were recorded (the graph itself brings them to one scale): feed both.`,
        '',
      ]
    : [];
  return [
    `Observations are ${words}; N is any number of them. Actions are ${predictor.actionSize} numbers each (\`export.json\` says which).`,
    '',
    ...besides,
    'Node (`npm install onnxruntime-node`):',
    '',
    ...javascript('onnxruntime-node'),
    '',
    'A page (onnxruntime-web, served beside the models):',
    '',
    ...javascript('./onnxruntime-web/ort.bundle.min.mjs'),
    '',
    'Python (`pip install onnxruntime numpy`):',
    '',
    ...python,
  ].join('\n');
}

/** A property and the variable that holds it, in JavaScript's short form where they are named alike. */
function renamed(property: string, variable: string): string {
  return property === variable ? variable : `${property}: ${variable}`;
}

/** The shape of one observation, and all of it in words. */
export function observationOf({ encoder }: ExportDescription): {
  readonly shape: readonly number[];
  readonly words: string;
} {
  const { input } = encoder;
  if (input.layout === 'flat')
    return { shape: [input.size], words: `float32 [N, ${input.size}], numbers as they were recorded` };
  const { height, width, channels } = input;
  const shape = input.layout === 'nchw' ? [channels, height, width] : [height, width, channels];
  const range = input.type === 'uint8' ? 'uint8 pixels in 0..255' : 'float32 pixels in 0..1';
  return { shape, words: `images, ${input.layout.toUpperCase()} [N, ${shape.join(', ')}], ${range}` };
}

// The coverage table of the documentation, out of the converters' own descriptions.
import { activations } from './layers/activation.ts';
import type { LayerConverter } from './layers/converter.ts';
import { converters } from './layers/index.ts';
import { kerasConverters } from './layers/keras/index.ts';

/** Classes of TensorFlow.js's registry that are models: converted in place, layer by layer. */
export const modelClasses = ['Functional', 'Model', 'Sequential'] as const;

/** One line for every layer class, in alphabetical order, as Markdown. */
export function coverageTable(table: Readonly<Record<string, LayerConverter>> = converters): string {
  const rows = Object.keys(table)
    .sort()
    .map((name) => {
      const { operators, options, refused, notes } = table[name].documentation;
      return [`\`${name}\``, operators, options ?? '', refused ?? '', notes ?? ''].map(cell).join(' | ');
    });
  return [
    '| layer | ONNX operators | options | refused, and why | notes |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

export function coverageDocument(): string {
  const names = [...activations.keys()].sort().map((name) => `\`${name}\``);
  return `# What is exported

Written by \`npm run docs:coverage\` from the converters; a test fails where it is not up to date, and another where
TensorFlow.js 4.22 can save a layer that is not in it. What the exporter does in general, and with which guarantees, is in
[export.md](export.md); how to add a layer in [export-adding-a-layer.md](export-adding-a-layer.md).

Where TensorFlow.js and Keras 2 disagree the file computes what TensorFlow.js computes, and the export warns. What
TensorFlow.js refuses to run (it can be in a file that Keras' converter wrote) is exported as Keras defines it where the
table says so, and refused by name otherwise. Initialisers, regularisers, constraints, \`trainable\` and dropout rates never
change inference and are left out.

${coverageTable()}

## Files of Keras 3

Keras' own meaning, where it differs or TensorFlow.js has no such layer; every other class is as above. \`ops.Name\` is a function of
keras.ops, or an operator of Python such as \`x * 2\`.

${coverageTable(kerasConverters)}

## Models and activations

Models (${modelClasses.map((name) => `\`${name}\``).join(', ')}) are converted in place, nested, shared and with several inputs and outputs.

Activations, as layers, as an option of a layer, and in recurrent cells: ${names.join(', ')}. Mish is one operator from opset 18 on and
Gelu from 20 on; below, both are exact decompositions.
`;
}

// The encoder of an export as a model of MLflow (https://mlflow.org/docs/latest/ml/model/): MLmodel with its signature, an input
// example and the Python packages. `mlflow.onnx.load_model` and `mlflow.pyfunc.load_model` take the folder.
import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import { elementCount } from '../shape.ts';
import type { ExportDescription } from './export-description.ts';

export const MLFLOW_MODEL_NAME = 'MLmodel';
export const MLFLOW_EXAMPLE_NAME = 'input_example.json';
export const MLFLOW_REQUIREMENTS_NAME = 'requirements.txt';

/** Those with which MLflow was seen to load and run an export. */
const requirements = ['mlflow-skinny==3.17.2', 'numpy==2.4.6', 'onnx==1.23.2', 'onnxruntime==1.32.0', 'pandas==3.1.1'];

export interface MlflowPort {
  readonly name: string;
  readonly type: 'float32' | 'uint8';
  /** Without N. */
  readonly shape: readonly number[];
}

export function mlflowInputs({ encoder }: ExportDescription): MlflowPort[] {
  const { input, vector } = encoder;
  const shape =
    input.layout === 'flat'
      ? [input.size]
      : input.layout === 'nchw'
        ? [input.channels, input.height, input.width]
        : [input.height, input.width, input.channels];
  return [
    { name: input.name, type: input.type, shape },
    ...(vector ? [{ name: vector.name, type: 'float32' as const, shape: [vector.size] }] : []),
  ];
}

/** @param encoderBytes the file that the identity of the model is made from: equal files, equal identity */
export function mlflowModel(description: ExportDescription, encoderBytes: Uint8Array): string {
  const { encoder } = description;
  const output: MlflowPort = { name: encoder.output.name, type: 'float32', shape: [encoder.output.size] };
  return stringify(
    {
      artifact_path: 'model',
      flavors: {
        onnx: { code: null, data: encoder.file, providers: ['CPUExecutionProvider'] },
        python_function: { data: encoder.file, loader_module: 'mlflow.onnx' },
      },
      metadata: { run: description.run, step: description.step, content: 'the encoder; the predictor is beside it' },
      model_uuid: createHash('sha256').update(encoderBytes).digest('hex').slice(0, 32),
      saved_input_example_info: { artifact_path: MLFLOW_EXAMPLE_NAME, format: 'tf-serving', type: 'ndarray' },
      signature: {
        inputs: JSON.stringify(mlflowInputs(description).map(tensorSpec)),
        outputs: JSON.stringify([tensorSpec(output)]),
      },
    },
    { lineWidth: 0 },
  );
}

function tensorSpec({ name, type, shape }: MlflowPort): unknown {
  return { name, type: 'tensor', 'tensor-spec': { dtype: type, shape: [-1, ...shape] } };
}

export function mlflowRequirements(): string {
  return `${requirements.join('\n')}\n`;
}

/** One observation, [1, ...], by the names of the signature. `values`: one array an input, in their order. */
export function mlflowExample(description: ExportDescription, values: readonly ArrayLike<number>[]): string {
  const inputs = mlflowInputs(description).map(({ name, shape }, i) => [name, nested(values[i], [1, ...shape])]);
  return `${JSON.stringify(Object.fromEntries(inputs))}\n`;
}

/** Numbers of a float32 in no more digits than it has. */
function nested(values: ArrayLike<number>, shape: readonly number[], offset = 0): unknown {
  const [length, ...rest] = shape;
  const size = elementCount(rest);
  return Array.from({ length }, (_, i) =>
    rest.length === 0 ? Number(values[offset + i].toPrecision(7)) : nested(values, rest, offset + i * size),
  );
}

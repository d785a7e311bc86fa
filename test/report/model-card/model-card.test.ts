import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { cardEvaluationSchema } from '../../../src/report/model-card/evaluation.ts';
import { type ModelCardInput, modelCard, UNSTATED_LICENSE } from '../../../src/report/model-card/model-card.ts';
import { exportDescriptionSchema } from '../../../src/storage/export-format.ts';

const evaluation = cardEvaluationSchema.parse({
  format: 2,
  step: 40,
  environment: { name: 'rooms', size: 5 },
  observations: 512,
  transitions: 128,
  classes: { of: 'state', names: ['0', '1', '2'], counts: [1, 2, 3] },
  runtimes: [
    {
      runtime: 'cpu',
      version: 'onnxruntime-node 1.30.0',
      verdict: 'coarse',
      nearestCentroidAccuracy: 0.9934082031,
      smallestRecall: 0.75,
      nearestNeighbourAccuracy: 0.99,
      gapRatio: 0.0652766253,
      centroidGapRatio: null,
      smallestGap: 0.17862776,
      silhouette: -0.25,
      effectiveRank: 4.5,
      dynamicsResidual: 0.004,
      relativeDynamicsResidual: 0.25,
      maxLatentError: 1e-6,
      aFieldOfALaterVersion: true,
    },
  ],
});

function input(over: Partial<ModelCardInput> = {}, encoderInput: Record<string, unknown> = {}): ModelCardInput {
  const size = { height: 32, width: 48, channels: 3 };
  const description = exportDescriptionSchema.parse({
    format: 1,
    run: 'rooms: "a" #1',
    step: 40,
    configuration: {
      environment: { name: 'rooms', size: 5 },
      optimization: { steps: 40 },
      seed: 7,
      list: [{ a: '|' }],
    },
    encoder: {
      file: 'encoder.onnx',
      input: { name: 'observation', layout: 'nchw', type: 'float32', ...size, ...encoderInput },
      output: { name: 'latent', size: 16 },
    },
    predictor: {
      file: 'predictor.onnx',
      inputs: { latent: 'latent', action: 'action' },
      actionSize: 4,
      output: { name: 'next_latent' },
    },
  });
  const network = { name: 'encoder', file: 'encoder.onnx', maxAbsError: 7.6e-6, runtime: 'ort 1', reference: 'tfjs' };
  return { description, networks: [network], evaluation, license: 'mit', generator: 'jepa-onnx 1.2.3', ...over };
}

function frontMatter(card: string): Record<string, unknown> {
  const match = /^---\n([\s\S]*?)\n---\n/.exec(card);
  return parse(match?.[1] ?? '') as Record<string, unknown>;
}

describe('front matter', () => {
  test('has the keys that Hugging Face reads, as YAML', () => {
    const { 'model-index': _, ...rest } = frontMatter(modelCard(input()));
    expect(rest).toEqual({
      license: 'mit',
      library_name: 'onnx',
      pipeline_tag: 'reinforcement-learning',
      tags: ['onnx', 'jepa', 'world-model', 'representation-learning', 'jepa-onnx'],
      metrics: ['accuracy'],
    });
  });

  test('gives the results in full numbers, and leaves out what could not be measured', () => {
    expect(frontMatter(modelCard(input()))['model-index']).toEqual([
      {
        name: 'rooms: "a" #1',
        results: [
          {
            task: { type: 'reinforcement-learning', name: 'Keeping classes of observations apart' },
            dataset: { type: 'rooms', name: 'rooms, classes by state' },
            metrics: [
              ['accuracy', 0.9934082031],
              ['recall', 0.75],
              ['nearest_neighbour_accuracy', 0.99],
              ['gap_ratio', 0.0652766253],
              ['smallest_gap', 0.17862776],
              ['silhouette', -0.25],
              ['effective_rank', 4.5],
              ['mse', 0.004],
              ['relative_mse', 0.25],
            ].map(([type, value]) => ({ type, name: expect.any(String), value })),
          },
        ],
      },
    ]);
  });

  test('claims no results where the run was not evaluated', () => {
    const card = modelCard(input({ evaluation: undefined }));
    expect(Object.keys(frontMatter(card))).not.toContain('model-index');
    expect(card).toContain('Not evaluated yet at this step');
  });

  test('states no licence by itself', () => {
    expect(frontMatter(modelCard(input({ license: UNSTATED_LICENSE }))).license).toBe('unknown');
  });
});

describe('text', () => {
  test('has the sections of a model card, in order', () => {
    const headings = modelCard(input())
      .split('\n')
      .filter((line) => line.startsWith('#') && !line.startsWith('###'));
    expect(headings).toEqual([
      '# rooms: "a" #1',
      '## Intended use and limits',
      '## Training data and procedure',
      '## Evaluation',
      '## How to run',
      '## Files',
      '## Citation',
    ]);
  });

  test('names every value of the configuration by its path, with bars that do not end the cell', () => {
    const card = modelCard(input());
    expect(card).toContain('| `optimization.steps` | 40 |');
    expect(card).toContain('| `list` | `[{"a":"\\|"}]` |');
  });

  test('shows the layout and type that the encoder takes in every program', () => {
    const card = modelCard(input({}, { layout: 'nhwc', type: 'uint8' }));
    expect(card).toContain('NHWC [N, 32, 48, 3], uint8 pixels in 0..255');
    expect(card.match(/new ort\.Tensor\('uint8', new Uint8Array\(32 \* 48 \* 3\), \[1, 32, 48, 3\]\)/g)).toHaveLength(
      2,
    );
    expect(card).toContain('np.zeros((1, 32, 48, 3), np.uint8)');
  });
});

// Every encoder, auxiliary and objective exports as a training step, whose losses and state follow TensorFlow's; and so do the presets.
import { beforeAll, describe, expect, test } from 'vitest';
import { checkModel } from '../../../export/index.ts';
import { buildTrainingProgram } from '../../../export/training/index.ts';
import { buildEnvironmentParts, disposeRunParts } from '../../../pipeline/parts.ts';
import { trainingShapeOf } from '../../../pipeline/train/shape.ts';
import { auxiliaryNames } from '../../../src/auxiliary/index.ts';
import { loadTensorFlow } from '../../../src/tensorflow/load.ts';
import type { EncoderConfiguration, ObjectiveConfiguration } from '../../../src/training/configuration.ts';
import { presetNames, resolveConfiguration } from '../../../src/training/presets.ts';
import { expectTensorFlowSteps } from './variant-steps.ts';
import { type Variant, variants } from './variants.ts';

beforeAll(async () => {
  // With oneDNN TensorFlow takes convolution algorithms of another rounding.
  process.env.TF_ENABLE_ONEDNN_OPTS = '0';
  await loadTensorFlow({ threads: 1 });
});

describe('every variant', () => {
  test.each(variants)('$name: losses and state follow those of TensorFlow', expectTensorFlowSteps);

  test.each(presetNames)('the preset %s, as it is, becomes a step that fits together', async (preset) => {
    const configuration = resolveConfiguration({ preset, environment: 'counting', threads: 1 });
    const parts = await buildEnvironmentParts(configuration);
    const { objective, optimization } = configuration;
    const options = { objective, optimization, auxiliaries: parts.auxiliaries };
    const program = buildTrainingProgram(parts.model, trainingShapeOf(parts), options);
    checkModel(program.step, preset);
    checkModel(program.encoder(), preset);
    const counts: Record<string, number> = { small: 428, paper: 1486 };
    expect(program.step.graph.nodes.length).toBe(counts[preset]);
    disposeRunParts(parts);
  });

  test('every encoder, target and place of the auxiliary of a configuration is among them', () => {
    // The compiler asks for a new one here. Modules are users' own (test/models/encoder/module.test.ts trains one).
    const encoders: Record<EncoderConfiguration['kind'], boolean> = {
      convolutional: true,
      resnet: true,
      'patch-transformer': true,
      mlp: true,
      module: false,
    };
    const targets: Record<ObjectiveConfiguration['dynamicsTarget'], boolean> = {
      'both-sides': true,
      'stop-gradient': true,
      'moving-average': true,
    };
    const places: Record<ObjectiveConfiguration['auxiliaryOn'], boolean> = {
      encoded: true,
      predicted: true,
      both: true,
    };
    const wanted = (of: Record<string, boolean>): string[] => Object.keys(of).filter((name) => of[name]);
    const tried = <Value extends string>(of: (variant: Variant) => Value | undefined, usual: Value): Set<Value> =>
      new Set(variants.map((variant) => of(variant) ?? usual));
    expect(tried(({ model }) => model?.encoder?.kind, 'convolutional')).toEqual(new Set(wanted(encoders)));
    expect(tried(({ objective }) => objective?.dynamicsTarget, 'both-sides')).toEqual(new Set(wanted(targets)));
    expect(tried(({ objective }) => objective?.auxiliaryOn, 'encoded')).toEqual(new Set(wanted(places)));
    for (const term of ['variance', 'covariance', 'sigreg', 'dynamicsHorizon'] as const)
      expect(
        variants.some(({ objective }) => (objective?.[term] ?? 0) > 0),
        term,
      ).toBe(true);
  });

  test('every auxiliary that needs no file of its own is among them', () => {
    const tried = variants.flatMap(({ auxiliaries }) => auxiliaries ?? ['reward']);
    expect(auxiliaryNames.filter((name) => !tried.includes(name)).sort()).toEqual(['column', 'module']);
  });
});

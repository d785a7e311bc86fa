import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encoderEvaluationJsonSchema, evaluationJsonSchema } from '../../../src/evaluation/schema/evaluation.ts';
import { formatJson } from '../../../src/json.ts';

describe('evaluation record', () => {
  test('docs/schema/evaluation.schema.json is the schema of the code (vitest -u writes it)', async () => {
    const path = join(import.meta.dirname, '../../../docs/schema/evaluation.schema.json');
    await expect(formatJson(evaluationJsonSchema())).toMatchFileSnapshot(path);
  });

  test('docs/schema/encoder-evaluation.schema.json is the schema of the code (vitest -u writes it)', async () => {
    const path = join(import.meta.dirname, '../../../docs/schema/encoder-evaluation.schema.json');
    await expect(formatJson(encoderEvaluationJsonSchema())).toMatchFileSnapshot(path);
  });

  test('every field of the documented minimum is required', () => {
    const text = JSON.stringify(evaluationJsonSchema());
    const documented = ['format', 'run', 'observations', 'runtimes', 'runtime', 'provider', 'version', 'threads'];
    const measures = [
      'nearestCentroidAccuracy',
      'gapRatio',
      'centroidGapRatio',
      'meanDistance',
      'effectiveRank',
      'rankMe',
    ];
    for (const field of [...documented, ...measures, 'maxLatentError', 'verdict', 'verdictHolds'])
      expect(text).toMatch(new RegExp(`"required":\\[[^\\]]*"${field}"`));
  });
});

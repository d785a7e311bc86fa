import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatJson } from '../../src/json.ts';
import { planJsonSchema } from '../../src/planning/schema.ts';

describe('plan record', () => {
  test('docs/schema/plan.schema.json is the schema of the code (vitest -u writes it)', async () => {
    const path = join(import.meta.dirname, '../../docs/schema/plan.schema.json');
    await expect(formatJson(planJsonSchema())).toMatchFileSnapshot(path);
  });

  test('every field of the documented minimum is required', () => {
    const { required } = planJsonSchema();
    for (const field of ['successRate', 'meanReturn', 'episodes', 'decisionMs', 'baselines', 'planner', 'gap'])
      expect(required).toContain(field);
  });
});

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatJson } from '../../../src/json.ts';
import { comparisonJsonSchema } from '../../../src/verification/file/schema.ts';

test('docs/schema/comparison.schema.json is the schema', async () => {
  const path = join(import.meta.dirname, '..', '..', '..', 'docs', 'schema', 'comparison.schema.json');
  await expect(formatJson(comparisonJsonSchema())).toMatchFileSnapshot(path);
});

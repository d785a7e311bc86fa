// The JSON Schema of verify.json is made from the code, and every field says what it is.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatJson } from '../../src/json.ts';
import { verificationJsonSchema } from '../../src/verification/schema.ts';

test('docs/schema/verify.schema.json is the schema of the code', async () => {
  const path = join(import.meta.dirname, '..', '..', 'docs', 'schema', 'verify.schema.json');
  await expect(formatJson(verificationJsonSchema())).toMatchFileSnapshot(path);
});

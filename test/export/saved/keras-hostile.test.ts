// Weights that bring the HDF5 library down or keep it busy for ever: refused in one line that says where.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { readKerasFile } from '../../../export/keras-file.ts';
import { FormatError } from '../../../src/error.ts';
import { createGenerator, mutateBytes } from '../../fuzz/mutate.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

const fixtures = join(import.meta.dirname, '../../fixtures');

afterEach(() => {
  vi.unstubAllEnvs();
});

test('a file that keeps the library busy for ever is given up, and the next one is read', async () => {
  vi.stubEnv('JEPA_ONNX_DECODE_SECONDS', '1');
  const endless = readKerasFile(join(fixtures, 'hostile-recordings/endless.h5'), 'endless.h5');
  await expect(endless).rejects.toThrow(FormatError);
  await expect(endless).rejects.toThrow(/^endless\.h5: expected to decode it, got no end in 1 s/);
  vi.unstubAllEnvs();
  const { files } = await readKerasFile(join(fixtures, 'keras/mixed.h5'), 'mixed.h5');
  expect(files.size).toBeGreaterThan(2);
}, 120_000);

test('an attribute that cannot be read is named', async () => {
  const path = join(temporaryFolder(), 'model.h5');
  const bytes = mutateBytes(
    readFileSync(join(fixtures, 'keras/mixed.h5')),
    createGenerator(20_261_128 * 1_000_003 + 212),
  );
  writeFileSync(path, bytes);
  const reading = readKerasFile(path, 'model.h5');
  await expect(reading).rejects.toThrow(FormatError);
  await expect(reading).rejects.toThrow(/^model\.h5 attribute \w+: expected its value, got a fault: [^\n]+$/);
}, 120_000);

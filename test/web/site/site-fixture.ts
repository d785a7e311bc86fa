// A folder that looks like an export: a description, and files whose content does not matter to a server.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeExportDescription } from '../../../src/storage/export-description.ts';

export const encoderBytes = Uint8Array.of(8, 7, 18, 3, 1, 2, 3);

export function writeExportFolder(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeExportDescription(folder, {
    run: 'a',
    step: 1,
    configuration: { environment: { name: 'counting' } },
    encoder: {
      file: 'encoder.onnx',
      input: { name: 'observation', layout: 'nchw', type: 'float32', height: 64, width: 64, channels: 3 },
      output: { name: 'latent', size: 4 },
    },
    predictor: {
      file: 'predictor.onnx',
      inputs: { latent: 'latent', action: 'action' },
      actionSize: 2,
      output: { name: 'next_latent' },
    },
  });
  writeFileSync(join(folder, 'encoder.onnx'), encoderBytes);
  writeFileSync(join(folder, 'predictor.onnx'), Uint8Array.of(8, 7));
  writeFileSync(join(folder, 'secret.txt'), 'not named by the description');
}

// The conversion beside the page, which stays awake meanwhile: one request, notes, one answer.
import type { ExportOptions } from '../../export/index.ts';
import { describeError } from '../../src/error.ts';
import { type Converted, convert, type RuntimeFiles } from './conversion.ts';
import { type GivenFile, sourceFromAddress, sourceFromFiles } from './model-source.ts';

export interface Request {
  /** Files, or an address. */
  readonly given: readonly GivenFile[] | string;
  readonly exportOptions: ExportOptions;
  readonly runtimeFiles: RuntimeFiles;
}

export type Answer =
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'converted'; readonly name: string; readonly converted: Converted };

const answer = (message: Answer): void => self.postMessage(message);

self.addEventListener('message', async ({ data }: MessageEvent<Request>) => {
  try {
    answer({ kind: 'note', text: 'Reading' });
    const source = await (typeof data.given === 'string' ? sourceFromAddress(data.given) : sourceFromFiles(data.given));
    const { exportOptions, runtimeFiles } = data;
    const note = (text: string): void => answer({ kind: 'note', text });
    const converted = await convert(source, { exportOptions, runtimeFiles, note });
    answer({ kind: 'converted', name: source.name, converted });
  } catch (error) {
    answer({ kind: 'error', text: describeError(error).replaceAll('\n', ' ') });
  }
});

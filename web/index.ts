// What `import ... from 'jepa-onnx/web'` gives: an exported world model in a page (or in Node), without tfjs.
export { JepaError } from '../src/error.ts';
export type { ExportDescription } from '../src/storage/export-format.ts';
export { pixelsOf } from './pixel.ts';
export type { RuntimeRequest } from './runtime-choice.ts';
export { type LoadOptions, loadWorldModel, type WorldModel, type WorldModelRuntime } from './world-model.ts';

// How one model is converted: the options of a conversion, with defaults filled in.
import type { ExportOptions } from '../../export/index.ts';

export interface ConversionPlan {
  readonly target: string;
  readonly exportOptions: ExportOptions;
  readonly dynamicAxes: readonly string[] | undefined;
  readonly precision: 'fp32' | 'fp16' | 'int8';
  readonly calibration: string | undefined;
  readonly weightBits: 7 | 8;
  readonly keepFloat32Ports: boolean;
  readonly isChecked: boolean;
  readonly writesTestData: boolean;
  readonly runtime: 'cpu' | 'wasm';
  readonly seed: number;
  readonly replaces: boolean;
  readonly signal: AbortSignal | undefined;
}

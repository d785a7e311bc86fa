// Runtimes that people export for, and what each needs: which opset it reads, which operators it lacks.
// Where each was seen: docs/compatibility.md.
import { option, unknownName } from '../src/error.ts';
import type { DecomposableOperator } from './passes/decompose.ts';

/** What a runtime asks of a file: an opset, and operators that it lacks. */
export interface ExportTarget {
  readonly opset: number;
  /** Written as simpler operators. */
  readonly avoid: readonly DecomposableOperator[];
  readonly note: string;
}

const plain = (note: string): ExportTarget => ({ opset: 17, avoid: [], note });

/** Runtimes that a file can be written for, by the names that `for` takes. */
export const exportTargets: Readonly<Record<string, ExportTarget>> = {
  onnxruntime: plain('as exported'),
  openvino: plain('as exported; ask it for float32 (INFERENCE_PRECISION_HINT)'),
  opencv: plain('as exported; engine AUTO or NEW'),
  tract: plain('as exported'),
  rten: plain('as exported: it has no Mish, which opset 17 writes as Softplus and Tanh'),
  webgpu: plain('as exported'),
  webnn: plain(
    'as exported; fix N when the session is made (freeDimensionOverrides), or everything runs on WebAssembly',
  ),
  candle: { opset: 17, avoid: ['LayerNormalization', 'Softplus'], note: 'without LayerNormalization and Softplus' },
  jax: { opset: 17, avoid: ['LayerNormalization'], note: 'without LayerNormalization (jaxonnxruntime)' },
};

/** @throws UsageError naming the known ones */
export function exportTarget(name: string): ExportTarget {
  const target = Object.hasOwn(exportTargets, name) ? exportTargets[name] : undefined;
  if (target === undefined) throw unknownName(option('for'), 'a runtime', name, Object.keys(exportTargets));
  return target;
}

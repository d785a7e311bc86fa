import { describe, expect, test } from 'vitest';
import { optionsOfVariant, parseRuntimeVariant, subjectOfVariant } from '../../src/run/runtime-variant.ts';
import type { EvaluationSubject } from '../../src/run/subject.ts';

const parse = (name: string) => parseRuntimeVariant('--runtime', name);

describe('variants of runtimes', () => {
  test('TF32 is on for cuda:tf32 and for nothing else', () => {
    const names = ['cuda', 'cuda:tf32', 'cuda:fp16', 'cpu', 'wasm:fp16'];
    expect(names.filter((name) => optionsOfVariant(parse(name), 2).reducedPrecision)).toEqual(['cuda:tf32']);
    expect(names.map((name) => parse(name).precision)).toEqual(['float32', 'tf32', 'float16', 'float32', 'float16']);
  });

  test('fp16 runs the half encoder with the same predictor; the others run the files of the export', () => {
    const files = {
      encoder: { path: 'encoder.onnx', input: { name: 'image', layout: 'nchw', type: 'float32' } },
      predictor: { path: 'predictor.onnx', latent: 'latent', action: 'action' },
    } as const;
    // Only the files matter here.
    const subject = { folder: 'runs/a', onnx: files } as unknown as EvaluationSubject;
    expect(subjectOfVariant(parse('cuda:tf32'), subject, 'half.onnx')).toBe(subject);
    expect(subjectOfVariant(parse('cuda:fp16'), subject, 'half.onnx').onnx).toEqual({
      ...files,
      encoder: { ...files.encoder, path: 'half.onnx' },
    });
    expect(() => subjectOfVariant(parse('cuda:fp16'), subject, undefined)).toThrow('expected an encoder in half');
  });

  test.each(['cpu:tf32', 'tfjs:fp16', 'cuda:fp8', 'cuda:fp16:2'])('refuses %s', (name) => {
    expect(() => parse(name)).toThrow('expected cuda:tf32, or :fp16');
  });
});

// A module of converters of the user's own: code that is run because the user names it, and never because a model does.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ExportOptions } from '../../export/index.ts';
import { option, UsageError } from '../../src/error.ts';

/** What such a module exports, checked: options of a conversion. */
export type CustomConverters = Pick<ExportOptions, 'converters' | 'activations'>;

/**
 * Runs a module, and takes the converters of custom layers that it exports.
 * @throws UsageError where there is no such module, it fails, or it exports no converters
 */
export async function loadConverters(path: string): Promise<CustomConverters> {
  const fail = (got: string, cause?: unknown): UsageError =>
    new UsageError(
      `${option('converters')} ${path}: expected a module that exports "converters" or "activations", got ${got}`,
      {
        remedy: 'docs/export-adding-a-layer.md shows one.',
        cause,
      },
    );
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) throw fail('no such file');
  let found: unknown;
  try {
    found = await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    throw fail(error instanceof Error ? error.message.split('\n')[0] : String(error), error);
  }
  const exported = new Map(Object.entries(found ?? {}));
  // A CommonJS module puts its exports under `default`.
  const inner = new Map(Object.entries(Object(exported.get('default'))));
  const part = (name: string): unknown => exported.get(name) ?? inner.get(name);
  const [converters, activations] = [part('converters'), part('activations')];
  if (converters === undefined && activations === undefined) throw fail([...exported.keys()].join(', ') || 'nothing');
  return {
    ...(converters === undefined ? {} : { converters: checkedConverters(converters, fail) }),
    ...(activations === undefined ? {} : { activations: checkedActivations(activations, fail) }),
  };
}

function checkedConverters(
  value: unknown,
  fail: (got: string) => UsageError,
): NonNullable<CustomConverters['converters']> {
  if (!isRecord(value)) throw fail('converters that are no object');
  for (const [name, converter] of Object.entries(value))
    if (!isRecord(converter) || typeof converter.convert !== 'function')
      throw fail(`${name} without a function convert(layer)`);
  const filled = Object.entries(value).map(([name, converter]) => [
    name,
    { masking: 'drop', documentation: { operators: 'custom' }, ...Object(converter) },
  ]);
  return Object.fromEntries(filled);
}

function checkedActivations(
  value: unknown,
  fail: (got: string) => UsageError,
): NonNullable<CustomConverters['activations']> {
  if (!isRecord(value)) throw fail('activations that are no object');
  for (const [name, make] of Object.entries(value))
    if (typeof make !== 'function') throw fail(`${name} that is no function`);
  return Object.fromEntries(Object.entries(value)) as NonNullable<CustomConverters['activations']>;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

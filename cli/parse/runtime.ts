// What a person writes after --runtime, --runtimes, --require and --bisect: names of runtimes with commas between them.
import { UsageError } from '../../src/error.ts';

/** Each once, and variants that are known: `cpu,cuda:tf32`. */
export async function parseRuntimes(text: string): Promise<readonly string[]> {
  const { parseRuntimeVariant } = await import('../../src/run/runtime-variant.ts');
  const names = parseNames('--runtime', text);
  for (const name of names) parseRuntimeVariant('--runtime', name);
  return names;
}

/** Each once; `all` is all of `all` and what is named beside it. */
export function parseNames(option: string, text: string, all: readonly string[] = []): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (all.length > 0 && names.includes('all')) return [...new Set([...all, ...names.filter((name) => name !== 'all')])];
  if (new Set(names).size !== names.length)
    throw new UsageError(`${option}: expected each runtime once, got "${text}"`);
  return names;
}

/** `cpu,cpu:fp16`: the two that are compared node by node. */
export function parsePair(text: string): [string, string] {
  const names = text.split(',').map((name) => name.trim());
  if (names.length !== 2 || names[0] === names[1])
    throw new UsageError(`--bisect: expected two runtimes as A,B, got "${text}"`);
  return [names[0], names[1]];
}

// What Minari's metadata.json says of the columns: how many actions a Discrete space has, the bounds of a Box.
import * as z from 'zod';
import { parseJsonIfAny } from '../../json.ts';
import type { Column } from '../recording.ts';

/** Bounds are nested like the values; only those of vectors are of use, and images repeat 0 and 255 for each pixel. */
const bound = z.union([z.number(), z.array(z.unknown())]);
const spaceSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('Discrete'), n: z.int().positive(), start: z.int().default(0) }),
  z.object({ type: z.literal('Box'), low: bound, high: bound }),
]);
const dictionarySchema = z.object({
  type: z.enum(['Dict', 'Tuple']),
  subspaces: z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())]),
});
const metadataSchema = z.object({ observation_space: z.string(), action_space: z.string() });

/** The columns with what the spaces say of them; unchanged where the metadata are missing or say nothing. */
export function applyMinariSpaces(
  columns: ReadonlyMap<string, Column>,
  metadata: unknown,
): ReadonlyMap<string, Column> {
  const parsed = metadataSchema.safeParse(metadata);
  if (!parsed.success) return columns;
  const known = new Map<string, Partial<Column>>();
  collect('observations', parseJsonIfAny(parsed.data.observation_space), known);
  collect('actions', parseJsonIfAny(parsed.data.action_space), known);
  return new Map([...columns].map(([name, column]) => [name, { ...column, ...known.get(name) }]));
}

function collect(name: string, space: unknown, known: Map<string, Partial<Column>>): void {
  const nested = dictionarySchema.safeParse(space);
  if (nested.success) {
    const { subspaces } = nested.data;
    const entries = Array.isArray(subspaces)
      ? subspaces.map((inner, i) => [`_index_${i}`, inner] as const)
      : Object.entries(subspaces);
    for (const [key, inner] of entries) collect(`${name}/${key}`, inner, known);
    return;
  }
  const parsed = spaceSchema.safeParse(space);
  if (!parsed.success) return;
  if (parsed.data.type === 'Discrete') {
    if (parsed.data.start === 0) known.set(name, { actionCount: parsed.data.n });
    return;
  }
  const [low, high] = [parsed.data.low, parsed.data.high].map(toNumbers);
  if (low !== undefined && high !== undefined) known.set(name, { bounds: { low, high } });
}

function toNumbers(value: number | readonly unknown[]): readonly number[] | undefined {
  if (typeof value === 'number') return [value];
  return value.every((item) => typeof item === 'number') ? value : undefined;
}

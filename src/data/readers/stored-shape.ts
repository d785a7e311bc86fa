// Shapes of columns in a table that knows only flat lists: kept as JSON beside the table's own metadata.
import * as z from 'zod';

/** The key of the metadata. */
export const SHAPES_KEY = 'jepa_onnx.shapes';

const shapesSchema = z.record(z.string(), z.array(z.int().nonnegative()));

/** The shape of a row by column. Empty for tables of others, and for what does not parse. */
export function readStoredShapes(metadata: ReadonlyMap<string, string>): ReadonlyMap<string, readonly number[]> {
  try {
    return new Map(Object.entries(shapesSchema.parse(JSON.parse(metadata.get(SHAPES_KEY) ?? '{}'))));
  } catch {
    return new Map();
  }
}

export function writeStoredShapes(shapes: ReadonlyMap<string, readonly number[]>): string {
  return JSON.stringify(Object.fromEntries(shapes));
}

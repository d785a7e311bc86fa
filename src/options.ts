// Turns what a person wrote (a YAML file, --set, an options object) into a typed value, or into one line that says what is wrong.
import type * as z from 'zod';
import { nearestName, option, UsageError } from './error.ts';

/** Parses `value` by a zod schema; throws a UsageError of one line: the key, what was expected, what was found, the nearest key. */
export function parseOptions<Schema extends z.ZodType>(
  where: string,
  schema: Schema,
  value: unknown,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const parent = issue.path.reduce<z.core.$ZodType | undefined>(
      (inner, key) => shapeOf(inner)?.[String(key)],
      schema,
    );
    const known = Object.keys(shapeOf(parent) ?? {});
    const key = issue.keys[0];
    const near = nearestName(key, known);
    throw new UsageError(`${where}: expected a known key${path ? ` in ${path}` : ''}, got "${key}"`, {
      remedy: near ? `Did you mean "${near}"?` : `Known keys: ${known.join(', ')}.`,
    });
  }
  const found = issue.path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
  throw new UsageError(
    `${where}: ${path || 'value'}: ${lowerFirst(plain(issue.message))}, got ${JSON.stringify(found) ?? 'nothing'}`,
  );
}

/**
 * Checks counts and seeds of an options object, which a program may have computed: NaN would go through every comparison.
 * @throws UsageError where one that is given is no whole number of at least `least`
 */
export function expectWhole(least: number, values: Readonly<Record<string, number | undefined>>): void {
  for (const [name, value] of Object.entries(values)) {
    // JSON has no NaN.
    const got = typeof value === 'number' ? String(value) : JSON.stringify(value);
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= least))
      throw new UsageError(`${option(name)}: expected a whole number of at least ${least}, got ${got}`);
  }
}

/** Zod's message without what this line says anyway. */
function plain(message: string): string {
  return message
    .replace(/^Invalid (?:input|discriminator value|option)[:.] /, '')
    .replace(/, received \w+$/, '')
    .replaceAll("' | '", "', '");
}

/** The fields of an object schema, looked for below defaults, optionals and transforms. */
function shapeOf(schema: z.core.$ZodType | undefined): Readonly<Record<string, z.core.$ZodType>> | undefined {
  if (schema === undefined) return undefined;
  const definition: unknown = schema._zod.def;
  if (typeof definition !== 'object' || definition === null) return undefined;
  if ('shape' in definition) return definition.shape as Readonly<Record<string, z.core.$ZodType>>;
  if ('innerType' in definition) return shapeOf(definition.innerType as z.core.$ZodType);
  if ('in' in definition) return shapeOf(definition.in as z.core.$ZodType);
  return undefined;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

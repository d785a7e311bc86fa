// Reading a layer's configuration: typed, with errors that name the layer. Keys are camelCase here whether the file was
// written by TensorFlow.js (live: camelCase; saved: snake_case) or by Keras (snake_case).
import { FormatError, JepaError } from '../../src/error.ts';

export type ConfigObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is ConfigObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Models nest layers in layers a few deep; a file that goes deeper than this was made to exhaust the stack. */
const maximumDepth = 200;

/**
 * Keys to camelCase, at every depth; values, names among them, stay as they are. So do the dictionaries of a model's ends, whose
 * keys are names.
 * @throws FormatError where the value is nested deeper than any model
 */
export function withCamelKeys(value: unknown, depth = 0): unknown {
  if (depth > maximumDepth) throw new FormatError(`configuration: expected at most ${maximumDepth} levels, got more`);
  if (Array.isArray(value)) return value.map((item) => withCamelKeys(item, depth + 1));
  if (!isObject(value)) return value;
  // fromEntries defines own properties, so a key such as `__proto__` in a foreign file stays a plain key.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      camelCase(key),
      key === 'input_layers' || key === 'output_layers' ? item : withCamelKeys(item, depth + 1),
    ]),
  );
}

export function camelCase(key: string): string {
  return key.replace(/_+(\w|$)/g, (_, letter: string) => letter.toUpperCase());
}

/** Who says what a layer's options mean where the two disagree. Keras 2's files mean what TensorFlow.js computes. */
export type Semantics = 'tensorflowjs' | 'keras3';

/** One layer's configuration. */
export class Config {
  readonly #values: ConfigObject;
  /** `Conv2D "conv1"`. */
  readonly where: string;
  readonly semantics: Semantics;

  constructor(values: ConfigObject, where: string, semantics: Semantics = 'tensorflowjs') {
    this.#values = values;
    this.where = where;
    this.semantics = semantics;
  }

  /** Whether Keras 3 wrote the file: then its meaning of an option is the right one. */
  get isKeras3(): boolean {
    return this.semantics === 'keras3';
  }

  /** The names of all options. */
  keys(): string[] {
    return Object.keys(this.#values);
  }

  /** The value as it stands; undefined where it is missing or null. */
  value(key: string): unknown {
    if (!Object.hasOwn(this.#values, key)) return undefined;
    const value = this.#values[key];
    // Some Keras versions write numbers as {type: 'ndarray', value: 1}.
    if (isObject(value) && value.type === 'ndarray') return value.value;
    return value ?? undefined;
  }

  has(key: string): boolean {
    return this.value(key) !== undefined;
  }

  /** Whether the key is there with the value null, which for some layers means something. */
  isNull(key: string): boolean {
    return Object.hasOwn(this.#values, key) && this.#values[key] === null;
  }

  fail(key: string, expected: string): JepaError {
    return new JepaError(`${this.where}: expected ${key} to be ${expected}, got ${JSON.stringify(this.value(key))}`);
  }

  number(key: string, fallback?: number): number {
    const value = this.value(key) ?? fallback;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.fail(key, 'a number');
    return value;
  }

  integer(key: string, fallback?: number): number {
    const value = this.number(key, fallback);
    if (!Number.isInteger(value)) throw this.fail(key, 'an integer');
    return value;
  }

  boolean(key: string, fallback: boolean): boolean {
    const value = this.value(key) ?? fallback;
    if (typeof value !== 'boolean') throw this.fail(key, 'true or false');
    return value;
  }

  text(key: string, fallback?: string): string {
    const value = this.value(key) ?? fallback;
    if (typeof value !== 'string') throw this.fail(key, 'a text');
    return value;
  }

  /** One of a few words; `channels_last`, `channelsLast` and `CHANNELS_LAST` are the same word. */
  choice<T extends string>(key: string, choices: readonly T[], fallback?: T): T {
    const value = this.text(key, fallback);
    const plain = (word: string): string => word.replaceAll('_', '').toLowerCase();
    const found = choices.find((choice) => plain(choice) === plain(value));
    if (found === undefined) throw this.fail(key, `one of ${choices.join(', ')}`);
    return found;
  }

  /** A list of integers. */
  integers(key: string, fallback?: readonly number[]): number[] {
    const value = this.value(key) ?? fallback;
    if (!Array.isArray(value) || !value.every((item) => Number.isInteger(item)))
      throw this.fail(key, 'a list of integers');
    return value;
  }

  /** `length` integers, or one that stands for all. */
  tuple(key: string, length: number, fallback?: number | readonly number[]): number[] {
    const value = this.value(key) ?? fallback;
    const list = Array.isArray(value) ? value : new Array<unknown>(length).fill(value);
    const repeated = list.length === 1 ? new Array<unknown>(length).fill(list[0]) : list;
    if (repeated.length !== length || !repeated.every((item) => Number.isInteger(item)))
      throw this.fail(key, `${length} integers`);
    return repeated;
  }

  object(key: string): ConfigObject {
    const value = this.value(key);
    if (!isObject(value)) throw this.fail(key, 'an object');
    return value;
  }

  list(key: string): readonly unknown[] {
    const value = this.value(key);
    if (!Array.isArray(value)) throw this.fail(key, 'a list');
    return value;
  }
}

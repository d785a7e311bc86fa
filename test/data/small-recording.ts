// The recording of test/python/small_recording.py: the same formulas of episode e and step t.

export const LENGTHS = [5, 1, 8] as const;
export const IMAGE_SIDES = [6, 8, 3] as const;

type Formula = (e: number, t: number) => readonly number[];

export function imageAt(e: number, t: number, [height, width, channels] = IMAGE_SIDES as readonly number[]): number[] {
  const pixels: number[] = [];
  for (let h = 0; h < height; h++)
    for (let w = 0; w < width; w++)
      for (let c = 0; c < channels; c++) pixels.push((e * 71 + t * 31 + h * 7 + w * 13 + c * 59) % 256);
  return pixels;
}

export const formulas = {
  image: imageAt,
  state: (e, t) => [Math.fround(e + t / 16), (t * t) / 8 - e],
  action: (e, t) => [(e + 2 * t) % 3],
  control: (e, t) => [t / 4 - 1, e / 2],
  reward: (e, t) => [(((e + 1) * (t + 1)) % 5) / 4],
  label: (e, t) => [(e + t) % 4],
} satisfies Record<string, Formula>;

export type Part = keyof typeof formulas;

/** All rows of a part, `more` of them an episode beyond its actions. */
export function rowsOf(part: Part, more: number): number[] {
  return LENGTHS.flatMap((length, e) => Array.from({ length: length + more }, (_, t) => formulas[part](e, t)).flat());
}

/** First row of each episode, and their number. */
export function startsOf(more: number): number[] {
  const starts = [0];
  for (const length of LENGTHS) starts.push(starts[starts.length - 1] + length + more);
  return starts;
}

export function fixture(name: string): string {
  return new URL(`../fixtures/recordings/${name}`, import.meta.url).pathname;
}

// What the story of a reproduction is told by: the same held-out observations in the latents of each training, at many of its
// steps, and what can be drawn of the last. Projected here, so that a page carries pictures, not latents.
import * as z from 'zod';
import type { Latents } from '../../measures/latents.ts';
import { measureSpectrum, projectOnAxes } from '../../measures/spectrum/spectrum.ts';

export const STORY_FORMAT = 'jepa-story-1';

const png = z.string().describe('base64');

const frameSchema = z.strictObject({
  step: z.int().min(0),
  points: z.array(z.int()).describe('[2 N]: x, y of each observation, -1000..1000 on the scale of the arm'),
  accuracy: z.number().describe('nearest-centroid accuracy of held-out observations'),
  spread: z.number().describe('mean distance of the latents over that before training'),
});
export type StoryFrame = z.output<typeof frameSchema>;

export const storyArmSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  frames: z.array(frameSchema),
  drawn: z.array(png).describe('what a decoder draws from the last latent of each example'),
});
export type StoryArm = z.output<typeof storyArmSchema>;

export const storySchema = z.strictObject({
  format: z.literal(STORY_FORMAT),
  environment: z.string(),
  seed: z.int(),
  states: z.array(z.string()).describe('names of the S states'),
  rewards: z.array(z.number()).describe('[S]'),
  actions: z.array(z.string()),
  next: z.array(z.array(z.int())).describe('[S, A]: the state that an action leads to'),
  words: z
    .array(z.array(z.array(z.int()).nullable()))
    .describe('[S, S]: a shortest word after which the reward differs'),
  labels: z.array(z.int()).describe('[N]: the state of each observation'),
  examples: z.array(png).describe('[S]: an observation of each state'),
  arms: z.array(storyArmSchema),
});
export type Story = z.output<typeof storySchema>;

/** Half the width of a picture. */
const LARGEST_COORDINATE = 1000;
/** Of the radii of all frames: the few beyond it may leave the picture, so that the rest can be seen. */
const RADIUS_QUANTILE = 0.99;

/**
 * Each frame on its own first two principal components, turned or mirrored to lie as near as it can to the frame before (orthogonal
 * Procrustes), so that what moves in the film has moved in the latents; one scale for all frames.
 * @param frames latents of the same observations
 * @returns [frames][2 N] whole numbers
 */
export function projectFrames(frames: readonly Latents[]): number[][] {
  let before: Float64Array | undefined;
  const projected = frames.map((latents) => {
    const plane = projectOnAxes(latents, measureSpectrum(latents), 2);
    before = before === undefined ? plane : turnedOnto(before, plane);
    return before;
  });
  const radii = projected
    .flatMap((points) =>
      Array.from({ length: points.length / 2 }, (_, n) => Math.hypot(points[2 * n], points[2 * n + 1])),
    )
    .sort((a, b) => a - b);
  const scale = radii[Math.floor(RADIUS_QUANTILE * (radii.length - 1))] || 1;
  const clip = (value: number) => Math.max(-LARGEST_COORDINATE, Math.min(LARGEST_COORDINATE, value));
  // A minus zero would not come back from JSON.
  return projected.map((points) =>
    Array.from(points, (value) => Math.round(clip((LARGEST_COORDINATE * value) / scale)) || 0),
  );
}

/** The rotation, or the rotation of the mirrored points, whose sum of squared distances to `target` is the least. [2 N] each. */
function turnedOnto(target: Float64Array, points: Float64Array): Float64Array {
  const nearest = (sign: number) => {
    let along = 0;
    let across = 0;
    for (let n = 0; n < points.length; n += 2) {
      const [x, y] = [points[n], sign * points[n + 1]];
      along += x * target[n] + y * target[n + 1];
      across += x * target[n + 1] - y * target[n];
    }
    return { sign, angle: Math.atan2(across, along), agreement: Math.hypot(along, across) };
  };
  const [plain, mirrored] = [nearest(1), nearest(-1)];
  const { sign, angle } = mirrored.agreement > plain.agreement ? mirrored : plain;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const turned = new Float64Array(points.length);
  for (let n = 0; n < points.length; n += 2) {
    const [x, y] = [points[n], sign * points[n + 1]];
    turned[n] = cos * x - sin * y;
    turned[n + 1] = sin * x + cos * y;
  }
  return turned;
}

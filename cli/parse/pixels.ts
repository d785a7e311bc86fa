// What a person writes after --pixels.
import { UsageError } from '../../src/error.ts';
import type { PixelNormalization } from '../../src/run/encode.ts';

/** Of ImageNet's training images: torchvision's documentation of its pretrained models. */
const IMAGENET: PixelNormalization = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };

/** `unit`: 0..1. `bytes`: 0..255. `signed`: -1..1. `imagenet`. Or `mean/deviation`, numbers with commas, of each channel. */
export function parsePixels(where: string, text: string): PixelNormalization | undefined {
  if (text === 'unit') return undefined;
  if (text === 'bytes') return { mean: [0], deviation: [1 / 255] };
  if (text === 'signed') return { mean: [0.5], deviation: [0.5] };
  if (text === 'imagenet') return IMAGENET;
  const parts = text.split('/').map((part) => part.split(',').map((number) => (number.trim() ? Number(number) : NaN)));
  const [mean = [], deviation = []] = parts;
  const isValid =
    parts.length === 2 &&
    mean.length === deviation.length &&
    mean.every(Number.isFinite) &&
    deviation.every((value) => Number.isFinite(value) && value > 0);
  if (isValid) return { mean, deviation };
  throw new UsageError(`${where}: expected unit, bytes, signed, imagenet, or means/deviations, got "${text}"`, {
    remedy: 'For example: --pixels 0.5,0.5,0.5/0.25,0.25,0.25',
  });
}

// What a person writes after --tolerance, --fail-on and --shape of a comparison of files.
import { UsageError, unknownName } from '../../src/error.ts';
import { type FailRule, failRules } from '../../src/verification/file/fail-rule.ts';
import type { ShapeChoices } from '../../src/verification/file/random-inputs.ts';
import type { Tolerance } from '../../src/verification/file/schema.ts';

const names = ['relative', 'absolute', 'cosine', 'sqnr', 'psnr'] as const;

/** `0.001`, which is relative; or `relative=0.001,absolute=1e-4,cosine=0.99,sqnr=30,psnr=35`. */
export function parseTolerance(text: string): Tolerance {
  const tolerance: Partial<Record<(typeof names)[number], number>> = {};
  for (const part of text.split(',')) {
    const [left, right] = part.includes('=') ? part.split('=').map((each) => each.trim()) : ['relative', part.trim()];
    const name = names.find((each) => each === left);
    if (name === undefined) throw unknownName('--tolerance', 'the name of a tolerance', left, names);
    const value = Number(right);
    const isFine =
      right !== '' &&
      Number.isFinite(value) &&
      (name === 'cosine' ? Math.abs(value) <= 1 : name === 'sqnr' || name === 'psnr' || value >= 0);
    if (!isFine) {
      const range = name === 'cosine' ? 'from -1 to 1' : name === 'sqnr' || name === 'psnr' ? 'of dB' : 'of at least 0';
      throw new UsageError(`--tolerance: expected ${name} as a number ${range}, got "${right}"`);
    }
    if (tolerance[name] !== undefined) throw new UsageError(`--tolerance: expected ${name} once, got "${text}"`);
    tolerance[name] = value;
  }
  return tolerance;
}

/** `tolerance,verdict,certificate,elsewhere` */
export function parseFailRules(text: string): FailRule[] {
  return text.split(',').map((each) => {
    const rule = failRules.find((name) => name === each.trim());
    if (rule === undefined) throw unknownName('--fail-on', 'what is a failure', each.trim(), failRules);
    return rule;
  });
}

/** `N=4,tokens=16`, or whole inputs: `image=1x3x224x224`. */
export function parseShapes(text: string): ShapeChoices {
  return new Map(
    text.split(',').map((part): [string, number[]] => {
      // Names may hold anything, an equals sign too.
      const at = part.lastIndexOf('=');
      const sides = part
        .slice(at + 1)
        .split('x')
        .map(Number);
      if (at <= 0 || sides.some((side) => !Number.isSafeInteger(side) || side < 1))
        throw new UsageError(
          `--shape: expected NAME=SIZE or INPUT=AxBxC with whole numbers of at least 1, got "${part}"`,
        );
      return [part.slice(0, at).trim(), sides];
    }),
  );
}

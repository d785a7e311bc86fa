// What `jepa quantize` prints.
import type { QuantizedEncoder } from '../../pipeline/quantize/run.ts';
import { levelNames } from '../../pipeline/quantize/search.ts';
import { percentage } from './number.ts';
import { alignedTable } from './table.ts';

/** Kept nodes that are named. */
const NAMED = 5;

export function renderQuantization({ record, path, reportPath }: QuantizedEncoder): string {
  const { encoder, result, judged, time, units, method, weightBits, calibrations, observations } = record;
  const all = [...calibrations].filter((each) => each.method === method && each.weightBits === weightBits)[0];
  const count = (level: string) => units.filter((unit) => unit.level === level).length;
  const kept = units.filter(({ level }) => level !== 'int8');
  const rows: [string, string, string][] = [
    ['', 'float32', '8 bits'],
    ['bytes', String(encoder.bytes), `${result.bytes} (${percentage(result.bytes / encoder.bytes)})`],
    ['time', '1', time.ratio.toPrecision(3)],
    ['verdict', judged.reference.verdict, judged.result.verdict],
    ['verdict holds', '', judged.result.holds ? 'yes' : 'no'],
    ['largest latent error', '0', judged.result.largestError.toPrecision(3)],
    ['error that is borne', '', judged.result.tolerance.toPrecision(3)],
    ['nearest-centroid accuracy', judged.reference.accuracy.toFixed(4), judged.result.accuracy.toFixed(4)],
    ['certified accuracy', '', judged.result.certifiedAccuracy.toFixed(4)],
  ];
  const lines = alignedTable(rows);
  lines.push(
    '',
    `${path}: ${count('int8')} of ${units.length} nodes in 8 bits, ${count('weights')} with weights in 8 bits, ${count('half')} with weights in 16 bits, ${count('float')} in float32`,
  );
  const named = kept
    .slice(0, NAMED)
    .map(({ name, level }) => (level === 'float' ? name : `${name} (${levelNames[level]})`));
  if (kept.length > 0)
    lines.push(`kept from 8 bits: ${named.join(', ')}${kept.length > NAMED ? ` and ${kept.length - NAMED} more` : ''}`);
  lines.push(
    `ranges: ${method}, weights of ${weightBits} bits; everything in 8 bits has a largest error of ${all.largestError.toPrecision(3)}`,
    `judged on ${observations.judging} observations that neither calibration nor search has seen`,
  );
  if (reportPath !== undefined) lines.push(`Report: ${reportPath}`);
  return `${lines.join('\n')}\n`;
}

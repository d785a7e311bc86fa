// What an evaluation was compared with, and what is worse.
import type { GateRecord } from '../../evaluation/schema/gate.ts';
import { left } from '../column.ts';
import { formatPercent } from '../number.ts';
import type { ReportSection, Tone } from '../report.ts';

const tones: Readonly<Record<GateRecord['checks'][number]['status'], Tone>> = {
  worse: 'bad',
  better: 'good',
  kept: 'plain',
  'not compared': 'plain',
};

/** No section where there was no baseline. */
export function gateSection(gate: GateRecord | undefined): ReportSection[] {
  if (gate === undefined) return [];
  const { baseline, holds, method, unit, level, checks } = gate;
  const worse = checks.filter(({ status }) => status === 'worse').length;
  return [
    {
      id: 'gate',
      title: `Against ${baseline}`,
      finding: holds
        ? 'Nothing is worse than in the baseline, beyond what chance allows.'
        : `${worse} of ${checks.length} are worse than in the baseline, beyond what chance allows.`,
      blocks: [
        {
          kind: 'table',
          caption: `${method === 'paired' ? 'The same observations' : 'Two samples'}, by ${unit}; at most ${formatPercent(level)} of gates fail where nothing has changed`,
          columns: [left('compared'), left('runtime'), left(''), left('before'), left('now'), left('by')],
          rows: checks.map(({ name, runtime, status, before, now, detail }) => [
            name,
            runtime,
            { text: status, tone: tones[status] },
            before,
            now,
            detail,
          ]),
        },
      ],
    },
  ];
}

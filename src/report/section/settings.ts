// How an evaluation was made: what it takes to make it again.
import type { AnyEvaluationRecord } from '../../evaluation/schema/evaluation.ts';
import type { Configuration } from '../../training/configuration.ts';
import { formatCount } from '../number.ts';
import type { ReportSection } from '../report.ts';
import { simulationOrigin } from '../simulation-origin.ts';

export interface TrainedSettings {
  /** Held-out transitions of the residuals. */
  readonly transitions: number;
  readonly configuration: Configuration;
}

/** @param trained what is known of a run's training; undefined for an encoder from anywhere */
export function settingsSection(record: AnyEvaluationRecord, trained: TrainedSettings | undefined): ReportSection {
  const { observations, centroidObservations, seed, classes, reference } = record;
  return {
    id: 'settings',
    title: 'How this was made',
    blocks: [
      {
        kind: 'facts',
        items: [
          {
            term: 'Held-out observations',
            value: formatCount(observations),
            note: trained ? 'none of them was trained on' : 'whether the encoder was trained on them is not known here',
          },
          { term: 'Observations of the centroids', value: formatCount(centroidObservations), note: 'others again' },
          ...(trained
            ? [
                {
                  term: 'Held-out transitions',
                  value: formatCount(trained.transitions),
                  note: 'for the residuals',
                },
              ]
            : []),
          { term: 'Seed of the observations', value: String(seed) },
          {
            term: 'Classes',
            value: `${classes.names.length}, by ${classes.of}`,
            note: classes.claim ?? classNote(classes.of),
          },
          ...originFact(record),
          { term: 'Reference', value: reference.runtime, note: `${reference.provider}, ${reference.version}` },
        ],
      },
      'encoder' in record
        ? { kind: 'code', summary: 'The encoder', text: JSON.stringify(record.encoder, undefined, 2) }
        : {
            kind: 'code',
            summary: 'Configuration of the run',
            text: JSON.stringify(trained?.configuration, undefined, 2),
          },
    ],
  };
}

function classNote(source: AnyEvaluationRecord['classes']['of']): string {
  switch (source) {
    case 'reward':
      return 'the largest bisimulation of dynamics and reward: what control needs';
    case 'auxiliary':
      return 'the largest bisimulation of dynamics and the auxiliaries of the run';
    case 'state':
      return 'every abstract state by itself';
    case 'column':
      return 'the values of a recorded column';
    case 'quantiles':
      return 'ranges of the auxiliary';
    case 'observed':
      return 'what the training transitions tell apart';
  }
}

function originFact({ environment: { simulation } }: AnyEvaluationRecord) {
  return simulation ? [{ term: 'Recorded in', value: simulation.simulator, note: simulationOrigin(simulation) }] : [];
}

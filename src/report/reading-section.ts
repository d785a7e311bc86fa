// What the words of a report mean, for a reader who has never heard of a latent.
import type { ReportSection } from './report.ts';

const classWords: Readonly<Record<string, string>> = {
  reward: 'what the reward tells apart, now or after some actions',
  auxiliary: 'what the auxiliaries of the run tell apart, now or after some actions',
  state: 'every state of the environment by itself',
  column: 'the values of a recorded column',
  quantiles: 'ranges of a recorded number',
  observed: 'what the recorded transitions tell apart',
};

/** @param source of the classes, as the record names it: `reward`, `column` */
export function readingSection(source: string): ReportSection {
  return {
    id: 'reading',
    title: 'How to read this',
    blocks: [
      {
        kind: 'facts',
        items: [
          {
            term: 'Latent',
            value: 'what the encoder makes of an observation',
            note: 'A list of numbers, so a point in a space; what a plan or a policy sees instead of the image. Latents are compared by their distance there.',
          },
          {
            term: 'Class',
            value: 'observations that mean the same',
            note: `Here they are given by ${Object.hasOwn(classWords, source) ? classWords[source] : source}. Two observations of different classes ask for different behaviour, now or later; within a class, differences do not matter.`,
          },
          {
            term: 'Told apart',
            value: 'a rule can say which class a latent is of',
            note: 'Rules are learned from one half of the observations and judged on the other. Of every two classes, at least 9 of 10 observations are taken for their own; the worst pair decides.',
          },
          {
            term: 'One cluster',
            value: 'each class lies by itself',
            note: 'The centres of every two classes are at least twice as far apart as both classes spread between them. It decides no verdict, but plans by distance go by it, and so does an eye on a picture.',
          },
          {
            term: 'Verdict',
            value: 'distinct, coarse or collapsed',
            note: 'Distinct: all classes are told apart. Coarse: some are not, and the sections say which. Collapsed: nor is there room, for all latents lie close together.',
          },
          {
            term: 'Undecided',
            value: 'the 95% interval holds the threshold',
            note: 'Another draw of observations could give the other answer. The word is that of the numbers as measured; more observations would decide it.',
          },
          {
            term: 'Pictures of latents',
            value: 'shadows of a larger space',
            note: 'Two of many directions. The share of the variance says how much of all differences a direction shows; classes that overlap in a picture can be apart in the others.',
          },
          {
            term: 'Numbers that decide',
            value: 'all measures, near the end',
            note: 'Each with its meaning and its threshold. Sections open with their finding in one line.',
          },
        ],
      },
    ],
  };
}

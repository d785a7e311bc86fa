// What the words of a report mean, for a reader who has never heard of a latent.
import type { ReportSection } from './report.ts';

/** @param claim what the classes are, as the record names them: `reward`, `column:label` */
export function readingSection(claim: string): ReportSection {
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
            note: `Here they are given by: ${claim}. Two observations of different classes ask for different behaviour, now or later; within a class, differences do not matter.`,
          },
          {
            term: 'Told apart',
            value: 'the latents of a class lie by themselves',
            note: 'Held-out observations, which were never trained on, lie nearer to the middle of their own class than to that of any other, and no two classes touch.',
          },
          {
            term: 'Verdict',
            value: 'distinct, coarse or collapsed',
            note: 'Distinct: every class is told apart. Coarse: some are not, and the sections say which. Collapsed: all latents lie so close together that little can be told from them.',
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

// What can be said of a claim, and the headline that counts those of the paper apart from ours.

/** That it reproduces, that it does not, or that so many seeds cannot tell. */
export type ClaimAnswer = 'reproduces' | 'does not' | 'undecided';

export interface AnsweredClaim {
  readonly of: 'paper' | 'ours';
  readonly answer: ClaimAnswer;
}

/** `2 of 5 claims of the paper reproduce, 1 does not, 2 undecided; of ours 1 of 1 holds`. */
export function claimsHeadline(claims: readonly AnsweredClaim[]): string {
  const count = (of: AnsweredClaim['of'], answer: ClaimAnswer) =>
    claims.filter((claim) => claim.of === of && claim.answer === answer).length;
  const rest = (of: AnsweredClaim['of']) => {
    const [not, undecided] = [count(of, 'does not'), count(of, 'undecided')];
    return [
      ...(not > 0 ? [`${not} ${not === 1 ? 'does' : 'do'} not`] : []),
      ...(undecided > 0 ? [`${undecided} undecided`] : []),
    ]
      .map((text) => `, ${text}`)
      .join('');
  };
  const all = (of: AnsweredClaim['of']) => claims.filter((claim) => claim.of === of).length;
  const parts = [
    ...(all('paper') > 0
      ? [`${count('paper', 'reproduces')} of the paper's ${all('paper')} claims reproduce${rest('paper')}`]
      : []),
    ...(all('ours') > 0 ? [`of our own ${count('ours', 'reproduces')} of ${all('ours')} hold${rest('ours')}`] : []),
  ];
  return parts.join('; ');
}

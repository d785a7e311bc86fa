// What makes a comparison of files fail. Apart from the schema, so that the command line can name the rules without loading it.

export const failRules = ['tolerance', 'verdict', 'certificate', 'elsewhere'] as const;
/** What makes a comparison fail: a number that is off, or what classes say. */
export type FailRule = (typeof failRules)[number];

// How many of something, in words.

/** `1 seed`, `3 seeds`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

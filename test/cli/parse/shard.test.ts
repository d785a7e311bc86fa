// Which step of an evaluation in shards flags say together, and what of them makes none.
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { parseObservations, parseShard, parseStep, type ShardFlags, withShards } from '../../../cli/parse/shard.ts';

/** @returns the step of a command line, or the message of its refusal */
function stepOf(...words: string[]) {
  const command = withShards(new Command('evaluate').argument('[subject]').option('--seed <number>'));
  command.exitOverride().parse(words, { from: 'user' });
  try {
    return parseStep(command, command.args[0], command.opts<ShardFlags>());
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
}

test('a plan, a shard of a pass, a merge; and an evaluation as a whole', () => {
  expect(stepOf('encoder.onnx')).toBeUndefined();
  expect(stepOf('encoder.onnx', '--seed', '1', '--partial', 'parts')).toEqual({ do: 'plan', folder: 'parts' });
  expect(stepOf('--partial', 'parts', '--pass', '2', '--shard', '3/4')).toEqual({
    ...{ do: 'run', folder: 'parts', pass: 2 },
    shard: { index: 3, of: 4 },
  });
  expect(stepOf('--merge', 'parts', '--pass', '3')).toEqual({ do: 'merge', folder: 'parts', pass: 3 });
});

test.each([
  [['--pass', '1'], '--pass: expected it with --partial FOLDER, got no folder'],
  [['--shard', '0/2'], '--shard: expected it with --partial FOLDER, got no folder'],
  [['--partial', 'p', '--merge', 'p'], '--merge: expected one step at once, got --partial too'],
  [['--partial', 'p', '--shard', '0/2'], '--shard: expected --pass 1, 2 or 3, got none'],
  [['--partial', 'p', '--pass', '1'], '--pass: expected --shard I/N too, or --merge FOLDER, got neither'],
  [['--merge', 'p'], '--merge: expected --pass 1, 2 or 3, got none'],
  [['--merge', 'p', '--pass', '1', '--shard', '0/2'], '--merge: expected all shards of a pass, got --shard'],
  [
    ['--partial', 'p', '--pass', '1', '--shard', '0/2', '--seed', '1'],
    '--shard: expected the plan to say everything else, got --seed',
  ],
  [
    ['encoder.onnx', '--merge', 'p', '--pass', '1'],
    '--merge: expected the plan to say everything else, got encoder.onnx',
  ],
])('%j is refused', (words, message) => {
  expect(stepOf(...words)).toBe(message);
});

test('shards count from 0, and all observations are a number of their own', () => {
  expect(parseObservations('all')).toBe(Number.POSITIVE_INFINITY);
  expect(parseObservations('12')).toBe(12);
  for (const text of ['4/4', '1', '-1/4', '0/0', '1/2/3', '1.5/4'])
    expect(() => parseShard(text)).toThrow(`--shard: expected I/N with 0 <= I < N, got "${text}"`);
});

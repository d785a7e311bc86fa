import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shuffledOrder } from '../../src/data/shuffled-order.ts';

const anyOrder = fc.record({
  blockSizes: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 12 }),
  blocksPerWindow: fc.integer({ min: 1, max: 14 }),
  seed: fc.integer({ min: 0, max: 1000 }),
  stream: fc.constantFrom('train', 'held-out'),
});

test('an epoch has every sequence once, whatever the blocks and windows', () => {
  fc.assert(
    fc.property(anyOrder, fc.integer({ min: 0, max: 3 }), (options, epoch) => {
      const order = shuffledOrder(options);
      const drawn = Array.from({ length: order.sequenceCount }, (_, i) => order.at(epoch * order.sequenceCount + i));
      const expected = options.blockSizes.flatMap((size, block) =>
        Array.from({ length: size }, (_, i) => `${block}/${i}`),
      );
      expect(drawn.map(({ block, index }) => `${block}/${index}`).sort()).toEqual(expected.sort());
    }),
  );
});

test('windows follow each other, and each sequence lies in a block of its window: no block is needed twice an epoch', () => {
  fc.assert(
    fc.property(anyOrder, (options) => {
      const order = shuffledOrder(options);
      let last = 0;
      for (let n = 0; n < 2 * order.sequenceCount; n++) {
        const { block, window } = order.at(n);
        expect(window === last || window === last + 1).toBe(true);
        expect(order.blocksOf(window)).toContain(block);
        expect(order.blocksOf(window).length).toBeLessThanOrEqual(options.blocksPerWindow);
        last = window;
      }
      expect(last).toBe(2 * order.windowsPerEpoch - 1);
    }),
  );
});

test('a sequence is a function of its number: jumping there and counting up to it agree', () => {
  fc.assert(
    fc.property(anyOrder, fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 20 }), (options, jumps) => {
      const counted = shuffledOrder(options);
      const all = Array.from({ length: 201 }, (_, n) => counted.at(n));
      const jumping = shuffledOrder(options);
      for (const n of jumps) expect(jumping.at(n)).toEqual(all[n]);
    }),
  );
});

test('seeds, streams and epochs give other orders', () => {
  const blockSizes = Array.from({ length: 20 }, () => 10);
  const draw = (seed: number, stream: string, first = 0) => {
    const order = shuffledOrder({ blockSizes, blocksPerWindow: 5, seed, stream });
    return Array.from({ length: 200 }, (_, n) => order.at(first + n))
      .map(({ block, index }) => block * 10 + index)
      .join();
  };
  const orders = new Set([draw(0, 'train'), draw(1, 'train'), draw(0, 'held-out'), draw(0, 'train', 200)]);
  expect(orders.size).toBe(4);
});

test('a batch of 32 out of windows of 256 blocks comes from many places of the recording', () => {
  const order = shuffledOrder({
    blockSizes: Array.from({ length: 2000 }, () => 64),
    blocksPerWindow: 256,
    seed: 0,
    stream: 's',
  });
  for (const step of [0, 100, 1000]) {
    const blocks = new Set(Array.from({ length: 32 }, (_, b) => order.at(step * 32 + b).block));
    // 32 draws out of 256 blocks hit 30 different ones on average; below 24 would be chance of 1 in millions.
    expect(blocks.size).toBeGreaterThanOrEqual(24);
  }
});

// A world of another kind than the one that the step was written for, of the same shapes: a dot on a ring of 16 places.
// It moves by the action; the reward is 1 at place 0. For Node and for a page.

/** A generator of numbers in 0..1 from a seed (mulberry32). */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Gives a function that draws a batch: [data, shape] of each input. First all the first images, then all the second ones. */
export function openWorld(size, seed = 0) {
  const random = randomFrom(seed);
  return () => {
    const images = new Uint8Array(2 * size * 64 * 64 * 3);
    const actions = new Float32Array(size * 2);
    const targets = new Float32Array(2 * size);
    const show = (row, place) => {
      for (let y = 28; y < 36; y++)
        images.fill(255, ((row * 64 + y) * 64 + 4 * place) * 3, ((row * 64 + y) * 64 + 4 * place + 4) * 3);
      targets[row] = place === 0 ? 1 : 0;
    };
    for (let row = 0; row < size; row++) {
      const place = Math.floor(random() * 16);
      const action = Math.floor(random() * 2);
      actions[2 * row + action] = 1;
      show(row, place);
      show(size + row, (place + (action === 1 ? 1 : 15)) % 16);
    }
    return {
      observations: ['uint8', images, [2 * size, 64, 64, 3]],
      actions: ['float32', actions, [size, 2]],
      targets: ['float32', targets, [2 * size, 1]],
    };
  };
}

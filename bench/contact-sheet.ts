// Writes a picture of an environment's observations, one row an appearance, states spread over all of them, to look at.
// node --import tsx bench/contact-sheet.ts rooms /somewhere/rooms.png '{"roomSize":3}'
import { writeFileSync } from 'node:fs';
import { encode } from 'fast-png';
import { createEnvironment } from '../src/environments/index.ts';
import { randomFor } from '../src/random.ts';

const ROWS = 4;
const COLUMNS = 10;
const GAP_PX = 2;
const MAGNIFICATION = 2;

const [name = 'counting', file = `${name}.png`, options = '{}'] = process.argv.slice(2);
const environment = createEnvironment(name, JSON.parse(options));
const [height, width, channels] = environment.observationShape;
const sheetWidth = COLUMNS * (width + GAP_PX) * MAGNIFICATION;
const sheetHeight = ROWS * (height + GAP_PX) * MAGNIFICATION;
const sheet = new Uint8Array(sheetWidth * sheetHeight * 3).fill(255);
const image = new Uint8Array(height * width * channels);
const random = randomFor(0, 'contact sheet');
for (let row = 0; row < ROWS; row++) {
  const appearance = environment.drawAppearance(random);
  for (let column = 0; column < COLUMNS; column++) {
    const place = row * COLUMNS + column + random.uniform();
    const state = Math.floor((place * environment.stateCount) / (ROWS * COLUMNS));
    environment.render(state, appearance, random, image);
    for (let y = 0; y < height * MAGNIFICATION; y++)
      for (let x = 0; x < width * MAGNIFICATION; x++) {
        const from = (Math.floor(y / MAGNIFICATION) * width + Math.floor(x / MAGNIFICATION)) * channels;
        const top = row * (height + GAP_PX) * MAGNIFICATION;
        const left = column * (width + GAP_PX) * MAGNIFICATION;
        sheet.set(image.subarray(from, from + 3), ((top + y) * sheetWidth + left + x) * 3);
      }
  }
}
writeFileSync(file, encode({ width: sheetWidth, height: sheetHeight, data: sheet, channels: 3, depth: 8 }));
process.stdout.write(`${file}: ${environment.stateCount} states, rows are appearances\n`);

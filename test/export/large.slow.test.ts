// Time and memory of converting a large model; in a process of its own, since the largest memory of a process only grows.
import { expect, test } from 'vitest';
import { exportOnnx } from '../../export/index.ts';
import { useCpu } from './harness.ts';
import { dcgan, resNet50 } from './networks.ts';

test('25 million parameters take less than 5 s of processor time, and at most three times their size in memory', async () => {
  await useCpu();
  // What is measured is not the compiler.
  exportOnnx(dcgan());
  const model = resNet50(64);
  const parameters = model.countParams();
  expect(parameters).toBeGreaterThan(25e6);
  const usedBefore = process.cpuUsage();
  const largestBefore = process.resourceUsage().maxRSS * 1024;
  const residentBefore = process.memoryUsage.rss();
  const bytes = exportOnnx(model);
  const { user, system } = process.cpuUsage(usedBefore);
  const seconds = (user + system) / 1e6;
  const largest = process.resourceUsage().maxRSS * 1024;
  // Making the model may have taken more than the export: then the export took less than what was free again.
  const taken = Math.max(0, largest - residentBefore);
  console.log(
    `ResNet50: ${(parameters / 1e6).toFixed(1)} million parameters, ${seconds.toFixed(2)} s, at most ${(taken / bytes.length).toFixed(2)} times the ${(bytes.length / 1e6).toFixed(0)} MB of the file (${largest > largestBefore ? 'a new' : 'no new'} largest memory)`,
  );
  expect(seconds).toBeLessThan(5);
  expect(taken / bytes.length).toBeLessThan(3);
});

// A real Chromium for the tests of pages, headless: the one that `jepa verify` would take.
import { type Browser, chromium } from 'playwright-core';
import { chromiumSwitches, findChromium, softwareWebGpuSwitches } from '../src/verification/chromium.ts';

const executablePath = findChromium();
export const hasChromium = executablePath !== undefined;

if (!hasChromium)
  process.stderr.write(
    'Pages are not tested: expected Chromium, found none. ' +
      'Install it (apt-get install chromium), or name one in JEPA_CHROMIUM.\n',
  );

/** WebGPU in software, where there is no graphics card. */
export const softwareWebGpu = softwareWebGpuSwitches;

export function launchChromium(flags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--headless', ...chromiumSwitches, ...flags] });
}
